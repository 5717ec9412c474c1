"""A good assignment of many qubits to cores: runs of good orders, improved by moves and exchanges of qubits."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import numpy as np

from .affinity import Rooms, crowding, price, within
from .angles import FloatArray
from .orders import orders

_TRIES = 10
"""Orders, and as many kicks of the best assignment; more where there is no start."""
_WITHOUT_START = 6


def searched(matrix: FloatArray, rooms: Sequence[int], start: Rooms | None = None) -> Rooms:
    """An assignment that no move or exchange makes better; the same for the same arguments.

    Args:
        matrix: From `affinity`.
        rooms: Widths of the cores, each used once, with room for all qubits.
        start: An assignment that is known; what is found costs no more.
    """
    rng = np.random.default_rng(0)
    tried = [] if start is None else [start]
    times = _TRIES if tried else _TRIES * _WITHOUT_START
    tried += [runs(matrix, order, rooms) for order in islice(orders(matrix, rng), times)]
    best = min((improved(matrix, labels, rooms) for labels in tried), key=lambda labels: price(matrix, labels))
    for _ in range(times):
        found = improved(matrix, _kicked(matrix, best, rooms, rng), rooms)
        if price(matrix, found) < price(matrix, best):
            best = found
    return best


def runs(matrix: FloatArray, order: Rooms, rooms: Sequence[int]) -> Rooms:
    """The best assignment that gives each core a run of the order, or nothing; cores in their order.

    Args:
        matrix: From `affinity`.
        order: Permutation of the qubits.
        rooms: See `searched`.
    """
    qubits = len(order)
    saved = within(matrix[np.ix_(order, order)])
    best, begins = np.full(qubits + 1, -np.inf), []
    best[0] = 0.0
    for room in rooms:
        found, begin = best.copy(), np.arange(qubits + 1)
        for size in range(1, min(room, qubits) + 1):
            value = best[:-size] + saved.diagonal(size) - crowding(np.array(size))
            better = value > found[size:]
            found[size:][better] = value[better]
            begin[size:][better] = np.flatnonzero(better)
        best = found
        begins.append(begin)
    labels, end = np.empty(qubits, dtype=np.intp), qubits
    for room in reversed(range(len(rooms))):
        start = int(begins[room][end])
        labels[order[start:end]] = room
        end = start
    return labels


def improved(matrix: FloatArray, labels: Rooms, rooms: Sequence[int]) -> Rooms:
    """Move a qubit, or exchange two, whichever gains most, as long as there is a gain."""
    labels, here = labels.copy(), np.arange(len(labels))
    sizes = np.bincount(labels, minlength=len(rooms))
    joined = matrix @ np.eye(len(rooms))[labels]  # of every qubit with what is on each core
    while True:
        gain = joined - joined[here, labels][:, None]
        grown = crowding(sizes + 1) - crowding(sizes)
        shrunk = crowding(sizes) - crowding(sizes - 1)
        moves = np.where(sizes < rooms, gain + shrunk[labels][:, None] - grown, -np.inf)
        moves[here, labels] = -np.inf
        across = gain[:, labels]
        swaps = across + across.T - 2 * matrix
        one, two = int(moves.argmax()), int(swaps.argmax())
        if max(moves.flat[one], swaps.flat[two]) <= 0.0:
            return labels
        if moves.flat[one] >= swaps.flat[two]:
            steps = [divmod(one, len(rooms))]
        else:
            a, b = divmod(two, len(labels))
            steps = [(a, int(labels[b])), (b, int(labels[a]))]
        for qubit, room in steps:
            old = int(labels[qubit])
            joined[:, old] -= matrix[:, qubit]
            joined[:, room] += matrix[:, qubit]
            sizes[old] -= 1
            sizes[room] += 1
            labels[qubit] = room


def _kicked(matrix: FloatArray, labels: Rooms, rooms: Sequence[int], rng: np.random.Generator) -> Rooms:
    """The cores in another order, their qubits too, cut into runs again; then a few exchanges by chance."""
    shuffled = rng.permutation(len(labels))
    rank = rng.permutation(len(rooms))
    found = runs(matrix, shuffled[np.argsort(rank[labels[shuffled]], kind="stable")], rooms)
    for _ in range(1 + len(labels) // 8):
        a, b = rng.integers(len(labels), size=2)
        found[[a, b]] = found[[b, a]]
    return found
