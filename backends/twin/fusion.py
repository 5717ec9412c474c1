"""Factors fused into few, larger maps, in stages: fixed blocks and rotations take turns.

Everything that commutes past is gathered: a stage of fixed maps takes all gates whose qubits wait for no rotation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .lowering import Factor, Qubits
from .pauli import FloatArray
from .series import Series, in_series
from .tensors import apply_fixed
from .turns import Turns

_OVERHEAD = 24
"""Passes over memory that a map costs on top of 4^k multiplications an entry, in multiplications."""
_DENSE = 5
"""Widest circuit whose fixed stages may become one matrix, 4^5 x 4^5 at most (8 MiB)."""
_BLOCK = 3


@dataclass(frozen=True)
class Map:
    """Consecutive factors on the same qubits, in the order of time; one fixed factor, or some rotations among them."""

    qubits: Qubits
    factors: tuple[Factor, ...]

    @property
    def fixed(self) -> FloatArray | None:
        """The matrix of a map without rotations."""
        return self.factors[0].fixed if len(self.factors) == 1 else None

    @property
    def slots(self) -> tuple[int, ...]:
        """Angles of the rotations in it."""
        return tuple(f.slot for f in self.factors if f.rotation is not None)

    def matrix(self, turns: Turns) -> FloatArray:
        """Shape (4^k, 4^k, 1 or rows)."""
        if self.fixed is not None:
            return self.fixed[..., None]
        first, *others = self._runs
        found = first.matrix(turns)
        for run in others:
            found = run.times(turns, found)
        return found

    def times(self, turns: Turns, right: FloatArray) -> FloatArray:
        """The map after another one, or of vectors, of shape (4^k, columns, 1 or rows)."""
        for run in self._runs:
            right = run.times(turns, right)
        return right

    @cached_property
    def _runs(self) -> tuple[Factor | Series, ...]:
        """The factors, a few neighbours at a time multiplied out as a Fourier series; slopes need them one by one."""
        return in_series(self.factors)

    def cost(self) -> int:
        """Multiplications per entry of what it is applied to, with what its passes over memory are worth."""
        return (1 << 2 * len(self.qubits)) + _OVERHEAD


Stage = tuple[Map, ...]


def stages(factors: Sequence[Factor], qubits: int) -> tuple[Stage, ...]:
    """Alternating stages of maps with rotations (even) and without (odd); the empty ones are left out."""
    level, found = [0] * qubits, list[list[Map]]()
    for one in _runs(factors, qubits):
        wanted = 0 if one.slots else 1
        start = max(level[q] for q in one.qubits)
        number = start if start % 2 == wanted else start + 1
        for q in one.qubits:
            level[q] = number
        while len(found) <= number:
            found.append([])
        found[number].append(one)
    return tuple(tuple(stage) if i % 2 == 0 else _blocks(stage, qubits) for i, stage in enumerate(found) if stage)


def split(stage: Stage) -> tuple[Stage, ...]:
    """A stage of rotations on different qubits as steps of at most one each, in the order of time; others are one step."""
    where = [q for one in stage for q in one.qubits]
    if len(set(where)) < len(where):
        return (stage,)
    pieces = [_pieces(one) for one in stage]
    return tuple(tuple(p[j] for p in pieces if j < len(p)) for j in range(max(map(len, pieces))))


def rejoined(steps: Sequence[Stage]) -> Stage:
    """Consecutive steps of one stage together."""
    if len(steps) == 1:
        return steps[0]
    found: dict[Qubits, Map] = {}
    for one in (one for step in steps for one in step):
        known = found.get(one.qubits)
        found[one.qubits] = one if known is None else Map(one.qubits, (*known.factors, *one.factors))
    return tuple(found.values())


def _pieces(one: Map) -> list[Map]:
    """A map cut after each rotation but the last."""
    if len(one.slots) < 2:
        return [one]
    runs: list[list[Factor]] = [[]]
    for factor in one.factors:
        if factor.rotation is not None and any(f.rotation is not None for f in runs[-1]):
            runs.append([])
        runs[-1].append(factor)
    return [Map(one.qubits, tuple(run)) for run in runs]


def _runs(factors: Sequence[Factor], qubits: int) -> Iterable[Map]:
    """Factors on one qubit joined until another kind of factor comes; wider ones as they are."""
    open_runs: list[list[Factor]] = [[] for _ in range(qubits)]
    for factor in factors:
        if len(factor.qubits) == 1:
            open_runs[factor.qubits[0]].append(factor)
            continue
        for q in factor.qubits:
            yield from _closed(open_runs[q])
            open_runs[q] = []
        yield Map(factor.qubits, (factor,))
    for run in open_runs:
        yield from _closed(run)


def _closed(run: list[Factor]) -> Iterable[Map]:
    """A run as one map, neighbouring fixed factors multiplied."""
    merged = list[Factor]()
    for factor in run:
        if merged and factor.fixed is not None and merged[-1].fixed is not None:
            merged[-1] = Factor(factor.qubits, factor.fixed @ merged[-1].fixed)
        else:
            merged.append(factor)
    if merged:
        yield Map(merged[0].qubits, tuple(merged))


def _blocks(stage: Sequence[Map], qubits: int) -> Stage:
    """The cheapest of several ways to fuse fixed maps."""
    widths = {min(2, qubits), min(_BLOCK, qubits)} | ({qubits} if qubits <= _DENSE else set())
    tried = [_fused(stage, width) for width in sorted(widths)]
    return min(tried, key=lambda maps: sum(one.cost() for one in maps))


def _fused(stage: Sequence[Map], width: int) -> Stage:
    """Each map joins the last block that shares a qubit with it, if that stays within ``width``."""
    blocks: list[tuple[Qubits, list[Map]]] = []
    for one in stage:
        last = next((i for i in reversed(range(len(blocks))) if set(blocks[i][0]) & set(one.qubits)), None)
        if last is not None and len(joined := set(blocks[last][0]) | set(one.qubits)) <= width:
            blocks[last] = (tuple(sorted(joined)), [*blocks[last][1], one])
        else:
            blocks.append((tuple(sorted(one.qubits)), [one]))
    return tuple(_product(where, maps) for where, maps in blocks)


def _product(where: Qubits, maps: Sequence[Map]) -> Map:
    number, side = {q: i for i, q in enumerate(where)}, 4 ** len(where)
    product = np.eye(side).reshape((4,) * len(where) + (side,))
    for one in maps:
        assert one.fixed is not None
        product = apply_fixed(one.fixed, product, tuple(number[q] for q in one.qubits))
    return Map(where, (Factor(where, np.ascontiguousarray(product.reshape(side, side))),))
