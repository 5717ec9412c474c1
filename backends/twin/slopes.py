"""Exact derivatives of everything a program reads: states from the left, observables from the right, slopes between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .fusion import Map
from .observable import ALL, Observable
from .pauli import FloatArray
from .program import Program
from .reading import Reading
from .rows import Distinct, Indices, Rows
from .state import State
from .turns import Turns

_ENTRIES = 2**24
"""Entries of all states kept for the way back (128 MiB)."""


def slopes(program: Program, values: FloatArray, reading: Reading, wanted: NDArray[np.bool_] | None) -> FloatArray:
    """Derivatives of what is read by the circuit's parameters, shape (sets, numbers, parameters).

    Args:
        program: The circuit.
        values: Parameter sets, shape (sets, parameters), radians.
        reading: What is read.
        wanted: Which derivatives, shape (sets, parameters); the others are 0. None: all.
    """
    maps = [one for stage in program.stages for one in stage]
    needed = np.ones(values.shape[1], dtype=np.bool_) if wanted is None else np.logical_or.reduce(wanted, axis=0)
    kept = max(1, sum(bool(one.slots) for one in maps)) << (2 * program.qubits)
    size = max(1, _ENTRIES // kept)
    result = np.zeros((len(values), len(reading.matrix), values.shape[1]))
    for start in range(0, len(values), size):
        piece = slice(start, start + size)
        by_angle = _Sweep(program, maps, values[piece], needed).back(reading)
        result[piece] = program.chain.back(by_angle, values[piece])
    if wanted is not None:
        result *= wanted[:, None, :]
    return program.trace * result


@dataclass
class _Sweep:
    """One piece of the sets: forward through all maps, then back."""

    program: Program
    maps: Sequence[Map]
    values: FloatArray
    needed: NDArray[np.bool_]

    def __post_init__(self) -> None:
        chain = self.program.chain
        by_slot = {slot: chain.columns(slot) for one in self.maps for slot in one.slots}
        self.live = {slot for slot, columns in by_slot.items() if any(self.needed[c] for c in columns)}
        self.columns = [frozenset(c for slot in one.slots for c in by_slot[slot]) for one in self.maps]
        self.rows = Rows(self.values)

    def back(self, reading: Reading) -> FloatArray:
        """Derivatives by the angles, shape (sets, numbers, angles)."""
        states = self._states()
        result = np.zeros((len(self.values), len(reading.matrix), len(self.program.chain.inner.constant)))
        observable, later = reading.observable(self.program.qubits), frozenset[int]()
        for i in reversed(range(len(self.maps))):
            one, after = self.maps[i], self.rows.distinct(later)
            if not observable.touches(one):
                continue
            if i in states:
                state, rows = states.pop(i)
                self._slopes(result, one, i, state, rows, observable, after.kind)
            later |= self.columns[i]
            here = self.rows.distinct(later)
            observable = observable.at_rows(after.kind[here.first])
            observable = observable.before(one, one.matrix(self._turns(one, here)))
        return result

    def _states(self) -> dict[int, tuple[State, Indices]]:
        """The state before every map whose slope is needed, and its row for every set."""
        state, earlier, kept = State.ground(self.program.qubits), frozenset[int](), dict[int, tuple[State, Indices]]()
        last = max((i for i, one in enumerate(self.maps) if self.live.intersection(one.slots)), default=-1)
        for i, one in enumerate(self.maps[: last + 1]):
            before = self.rows.distinct(earlier)
            if self.live.intersection(one.slots):
                kept[i] = (state, before.kind)
            earlier |= self.columns[i]
            here = self.rows.distinct(earlier)
            state = state.at_rows(before.kind[here.first]).after(one, self._turns(one, here))
        return kept

    def _slopes(
        self, result: FloatArray, one: Map, i: int, state: State, rows: Indices, observable: Observable, kinds: Indices
    ) -> None:
        """Put d(read)/d(angle) of every rotation of a map into ``result``."""
        own = self.rows.distinct(self.columns[i])
        around = _environment(one, state, rows, observable, kinds)
        for slot, slope in _slope_matrices(one, self._turns(one, own), self.live):
            chosen = slope[observable.positions(one)]
            if chosen.shape[2] == 1:
                found = np.tensordot(chosen[..., 0], around, axes=((0, 1), (1, 2)))
            else:
                found = np.einsum("oabs,abs->os", around, chosen[..., own.kind])
            result[:, :, slot] = found.T

    def _turns(self, one: Map, rows: Distinct) -> Turns:
        return self.program.chain.at(self.values[rows.first], one.slots)


def _slope_matrices(one: Map, turns: Turns, live: set[int]) -> Iterator[tuple[int, FloatArray]]:
    """Derivative of a map's matrix by each of its angles, shape (4^k, 4^k, 1 or rows)."""
    before = np.eye(4 ** len(one.qubits))[..., None]
    for j, factor in enumerate(one.factors):
        if factor.slot in live:
            product = factor.times(turns, before, slope=True)
            for later in one.factors[j + 1 :]:
                product = later.times(turns, product)
            yield factor.slot, product
        before = factor.times(turns, before)


def _environment(one: Map, state: State, rows: Indices, observable: Observable, kinds: Indices) -> FloatArray:
    """All of <observable| ... |state> but the map: shape (numbers, observable letters, 4^k, sets)."""
    letters = [ALL if q in one.qubits else known for q, known in enumerate(observable.letters)]
    width, axes = len(one.qubits), range(len(one.qubits))
    right = np.moveaxis(state.components(letters), one.qubits, axes)
    right = right.reshape(4**width, -1, right.shape[-1])
    left = np.moveaxis(observable.tensor, one.qubits, axes)
    numbers, many = left.shape[-2:]
    left = left.reshape(-1, right.shape[1], numbers, many)
    if many == 1:
        found: FloatArray = np.einsum("axo,bxs->oabs", left[..., 0], right, optimize=True)
        return found[..., rows] if found.shape[-1] > 1 else np.repeat(found, len(rows), axis=-1)
    if right.shape[-1] == 1:
        found = np.einsum("axos,bx->oabs", left, right[..., 0], optimize=True)
        return found[..., kinds]
    found = np.einsum("axos,bxs->oabs", left[..., kinds], right[..., rows])
    return found
