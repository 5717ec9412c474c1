"""The cheapest of all ways to cut a circuit."""

from __future__ import annotations

from collections.abc import Sequence

from qiskit import QuantumCircuit

from .finder import Found, find, fits, log_overhead, pieces
from .moves import moved
from .wires import LEAST_WIRE, marked


def cheapest(normal: QuantumCircuit, widths: Sequence[int]) -> Found:
    """Gates alone, or gates and wires, whichever has the smaller overhead.

    The search for wires misses some; narrower pieces are tried too, so that a wider core is never the dearer one.

    Args:
        normal: A circuit in normal form, without marks of cut wires.
        widths: See `find`.

    Raises:
        InputError: If there is no room.
    """
    best = find(normal, widths)
    cost = log_overhead(best)
    if cost <= LEAST_WIRE:
        return best
    for width in range(max(widths), 1, -1):
        tried = marked(normal, width)
        if tried is None:
            continue
        found = moved(tried.circuit, tried.gates)
        fitting = fits(pieces(found), widths)
        if log_overhead(found) < cost and fitting:
            best, cost = found, log_overhead(found)
        if cost <= LEAST_WIRE or (tried.is_best and fitting):
            break
    return best
