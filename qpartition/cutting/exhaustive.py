"""The best of all assignments of qubits to cores, core by core from the best of fewer qubits (dynamic programming)."""

from __future__ import annotations

from collections.abc import Sequence
from math import comb

import numpy as np
from numpy.typing import NDArray

from .affinity import Rooms, crowding
from .angles import FloatArray

_MOST_QUBITS = 12
_MOST_STEPS = 1 << 14
_Sets = NDArray[np.int64]
"""Sets of qubits as integers: bit q is qubit q."""


def affordable(qubits: int, rooms: Sequence[int]) -> bool:
    """Whether `exhaustive` takes well below a second."""
    steps = sum(comb(qubits, size) for room in rooms[1:-1] for size in range(room + 1))
    return qubits <= _MOST_QUBITS and steps <= _MOST_STEPS


def exhaustive(matrix: FloatArray, rooms: Sequence[int]) -> Rooms:
    """The assignment of least cost.

    Args:
        matrix: From `affinity`.
        rooms: Widths of the cores, each used once, with room for all qubits.
    """
    every = (1 << len(matrix)) - 1
    saved, sizes = _saved(matrix), _sizes(len(matrix))
    worth = saved - crowding(sizes)
    best, chosen = np.where(sizes <= rooms[0], worth, -np.inf), [np.arange(every + 1)]
    for room in rooms[1:-1]:
        best, block = _with_another(best, worth, np.flatnonzero(sizes <= room))
        chosen.append(block)
    if len(rooms) > 1:  # the last one takes all that is left
        rest = np.where(sizes <= rooms[-1], worth, -np.inf) + best[every - np.arange(every + 1)]
        chosen.append(np.full(every + 1, int(rest.argmax())))
    labels, left = np.zeros(len(matrix), dtype=np.intp), every
    for room in reversed(range(len(rooms))):
        mine = int(chosen[room][left])
        labels[[q for q in range(len(matrix)) if mine >> q & 1]] = room
        left -= mine
    return labels


def _with_another(best: FloatArray, worth: FloatArray, blocks: _Sets) -> tuple[FloatArray, _Sets]:
    """The worth of every set with one more core, and which of its qubits are on that; nothing is a block too."""
    found, chosen = best.copy(), np.zeros(len(best), dtype=np.int64)
    for block in blocks[1:]:
        rest = np.zeros(1, dtype=np.int64)
        for q in range(len(best).bit_length() - 1):
            if not block >> q & 1:
                rest = np.concatenate([rest, rest | 1 << q])
        together, value = rest | block, best[rest] + worth[block]
        better = value > found[together]
        found[together[better]], chosen[together[better]] = value[better], block
    return found, chosen


def _saved(matrix: FloatArray) -> FloatArray:
    """What every set of qubits saves if it stays together, shape (2^qubits,)."""
    found = np.zeros(1)
    for q, row in enumerate(matrix):
        joined = np.zeros(1)
        for weight in row[:q]:
            joined = np.concatenate([joined, joined + weight])
        found = np.concatenate([found, found + joined])
    return found


def _sizes(qubits: int) -> _Sets:
    found = np.zeros(1, dtype=np.int64)
    for _ in range(qubits):
        found = np.concatenate([found, found + 1])
    return found
