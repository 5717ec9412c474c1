"""Questions about circuits that are cut: parameter sets for their pieces, answers put together again."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backends.qpu import Expectations, FloatArray
from qpartition.asking import PlainAsker, PlainQuestion, Results, after, divided, first
from qpartition.checks import Rows
from qpartition.executor import Estimate, Jacobian
from qpartition.shifts import BoolArray, Shifts
from qpartition.workload import Workload

from .placed import CutCircuit, Indices
from .results import Difference, Measured

_REMEMBERED = 1 << 26
"""Numbers that are kept of measured rows (512 MiB)."""
_Row = tuple[list[FloatArray], list[FloatArray] | None]
"""Expectations of the fragments of one row, and their variances."""


class Memory:
    """What was measured of rows, so that their derivatives need it not again; every measurement serves once.

    Rows that are alike are measured each for itself, and so are their derivatives. The oldest are given up where there is no
    more room; their rows are measured again.
    """

    def __init__(self) -> None:
        """Nothing yet."""
        self._kept: dict[tuple[str, bytes], list[int]] = {}
        self._rows: OrderedDict[int, tuple[tuple[str, bytes], _Row]] = OrderedDict()
        self._next = self._size = 0

    def keep(self, key: str, base: FloatArray, measured: Measured) -> None:
        """Remember every row of a circuit."""
        tensors, variances, _ = measured
        for row, values in enumerate(base):
            kept = [tensor[row] for tensor in tensors], variances and [variance[row] for variance in variances]
            name = (key, values.tobytes())
            self._kept.setdefault(name, []).append(self._next)
            self._rows[self._next] = (name, kept)
            self._next += 1
            self._size += _size(kept)
        while self._size > _REMEMBERED:
            self._forget(next(iter(self._rows)))

    def take(self, key: str, base: FloatArray) -> Measured | None:
        """What was measured of all rows of a circuit, which is forgotten then; None if one is not known."""
        wanted = Counter(values.tobytes() for values in base)
        if any(len(self._kept.get((key, row), ())) < times for row, times in wanted.items()):
            return None
        found = [self._forget(self._kept[key, values.tobytes()][-1]) for values in base]
        tensors = [np.stack(column) for column in zip(*(tensors for tensors, _ in found), strict=True)]
        spreads = [variances for _, variances in found if variances is not None]
        if len(spreads) < len(found):
            return Measured(tensors, None, joint=True)
        return Measured(tensors, [np.stack(column) for column in zip(*spreads, strict=True)], joint=True)

    def _forget(self, number: int) -> _Row:
        name, kept = self._rows.pop(number)
        self._kept[name].remove(number)
        if not self._kept[name]:
            del self._kept[name]
        self._size -= _size(kept)
        return kept


def _size(kept: _Row) -> int:
    return sum(array.size for arrays in kept if arrays is not None for array in arrays)


class CutAsker:
    """For a model some of whose circuits run in pieces."""

    def __init__(self, whole: Workload, circuits: Mapping[str, CutCircuit]) -> None:
        """For the model's own workload and its circuits that are cut."""
        self._whole, self._circuits = whole, circuits
        self._plain, self._memory = PlainAsker(whole), Memory()

    def ask(self, rows: Mapping[str, Rows], *, values: bool, slopes: bool) -> CutQuestion:
        """See `Asker`. Derivatives of rows whose values were asked for before go by what was measured then, once."""
        uncut = {key: r for key, r in rows.items() if key not in self._circuits}
        cut = {
            key: CutRows.of(key, self._circuits[key], self._whole, r, values, slopes, self._memory)
            for key, r in rows.items()
            if key in self._circuits
        }
        return CutQuestion(self._plain.ask(uncut, values=values, slopes=slopes), cut, tuple(rows))


class CutQuestion:
    """The plain question about circuits that are not cut, and the pieces of the others."""

    def __init__(self, plain: PlainQuestion, cut: Mapping[str, CutRows], order: tuple[str, ...]) -> None:
        """Both parts, and the keys in the order they were asked in."""
        self._plain, self._cut, self._order = plain, cut, order
        self.sets = {**plain.sets, **{name: sets for one in cut.values() for name, sets in one.sets.items()}}

    def estimates(self, results: Results) -> dict[str, Estimate]:
        """See `Question`."""
        found = self._plain.estimates(results) | {key: one.estimate(results) for key, one in self._cut.items()}
        return {key: found[key] for key in self._order}

    def jacobians(self, results: Results) -> dict[str, Jacobian]:
        """See `Question`."""
        found = self._plain.jacobians(results) | {key: one.jacobian(results) for key, one in self._cut.items()}
        return {key: found[key] for key in self._order}


@dataclass(frozen=True, eq=False)
class CutRows:
    """Rows of one circuit that runs in pieces.

    Attributes:
        key: Of the circuit.
        cut: How it was cut.
        inputs: Number of its encoding angles.
        base: Parameter sets of the circuit, shape (rows, parameters).
        wanted: Derivatives that are asked for, same shape.
        angles: Free angles of its gates, shape (rows, angles).
        shares: See `CutCircuit.shares`.
        plain: Whether the rows themselves are measured.
        shifts: By unit, of its own angles.
        known: What was measured of the rows before; None where it is not needed, or not known.
        memory: Where to keep what is measured of them now; None where nobody will ask again.
    """

    key: str
    cut: CutCircuit
    inputs: int
    base: FloatArray
    wanted: BoolArray
    angles: FloatArray
    shares: list[Indices]
    plain: bool
    shifts: list[Shifts]
    known: Measured | None
    memory: Memory | None

    @classmethod
    def of(
        cls, key: str, cut: CutCircuit, whole: Workload, rows: Rows, values: bool, slopes: bool, memory: Memory
    ) -> CutRows:
        """What has to be measured of these rows."""
        wanted = rows.mask & whole.active[key] & slopes
        by_angle, angles = cut.wanted(wanted), cut.knitted.angles.at(rows.base)
        shifts = [Shifts.of(by_angle[:, list(unit.own)] & unit.active) for unit in cut.units]
        known = memory.take(key, rows.base) if wanted.any() and not values else None
        plain = values or (known is None and bool(wanted.any()))
        return cls(
            key, cut, whole.by_key[key].inputs, rows.base, wanted, angles, cut.shares(angles), plain, shifts, known,
            memory if values and not slopes else None,
        )  # fmt: skip

    @property
    def sets(self) -> dict[str, FloatArray]:
        """Parameter sets by key of the piece: those of the rows, then those of the shifts."""
        found = {}
        for u, share in enumerate(self.shares):
            own = self.cut.own(u, self.angles)
            parts = [own] if self.plain else []
            turned = np.concatenate([*parts, self.shifts[u].values(own)])
            found[self.cut.name(self.key, u)] = self.cut.values(u, turned, share)
        return found

    def estimate(self, results: Results) -> Estimate:
        """Expectations of the circuit."""
        found = self.cut.knitted.estimates(self.angles, self._measured(results))
        return Estimate(found.values, found.stderr)

    def jacobian(self, results: Results) -> Jacobian:
        """Derivatives of the circuit by its parameters; zero where they are not wanted."""
        outputs = len(self.cut.knitted.observables)
        if not self.wanted.any():
            nothing = np.zeros((len(self.base), outputs, self.base.shape[1]))
            return divided(nothing, nothing, self.inputs)
        measured = self._measured(results) if self.known is None else self.known
        differences = [self._difference(f, results) for f in range(len(self.cut.knitted.fragments))]
        found = self.cut.knitted.slopes(self.angles, measured, differences)
        mask = self.wanted[:, None, :]
        return divided(found.values * mask, found.stderr * mask, self.inputs)

    def _results(self, results: Results, unit: int) -> Expectations:
        return results[self.cut.name(self.key, unit)]

    def _measured(self, results: Results) -> Measured:
        mine = {u: first(self._results(results, u), len(self.base) * len(share)) for u, share in enumerate(self.shares)}
        measured = self.cut.measured(len(self.base), mine, self.shares)
        if self.memory is not None:
            self.memory.keep(self.key, self.base, measured)
        return measured

    def _difference(self, f: int, results: Results) -> Difference:
        """Of one fragment: whatever any of its units was shifted by."""
        numbers = [u for u, unit in enumerate(self.cut.units) if unit.fragment == f]
        own = self.cut.knitted.fragments[f].angles
        union = np.zeros((len(self.base), len(own)), dtype=bool)
        for u in numbers:
            union[self.shifts[u].rows, self.shifts[u].columns] = True
        rows, columns = np.nonzero(union)
        place = np.zeros(union.shape, dtype=np.intp)
        place[rows, columns] = np.arange(len(rows))
        mine = {u: self._spread(results, u, place, len(rows)) for u in numbers}
        tensor, variance = self.cut.read(f, 2 * len(rows), mine, self.shares)
        which, half = self.cut.knitted.local[f][1], len(rows)
        values = (tensor[:half] - tensor[half:])[..., which] / 2
        spread = (variance[:half] + variance[half:])[..., which] / 4
        by = np.array(own, dtype=np.intp)[columns]
        return Difference(f, rows, by, values, spread if spread.any() else None)

    def _spread(self, results: Results, u: int, place: NDArray[np.intp], derivatives: int) -> Expectations:
        """Results of a unit's shifts where the fragment's derivatives are; the others are 0."""
        shifts, share = self.shifts[u], len(self.shares[u])
        shifted = after(self._results(results, u), len(self.base) * share if self.plain else 0)
        at = place[shifts.rows, shifts.columns]
        both = np.concatenate([at, derivatives + at])
        found = []
        for array in (shifted.values, shifted.stderr):
            whole = np.zeros((2 * derivatives, share, array.shape[1]))
            whole[both] = array.reshape(len(both), share, array.shape[1])
            found.append(whole.reshape(-1, array.shape[1]))
        return Expectations(*found)
