"""What it costs to separate the qubits of a circuit, as one matrix in which ties are decided too."""

from __future__ import annotations

from math import isfinite

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from .angles import FloatArray

Rooms = NDArray[np.intp]
"""Number of the core of every qubit."""
_UNIT = 2.0**-36
"""Costs are multiples of it, so that sums of them are exact and equal costs are equal on every machine."""
_PER_GATE = 2.0**-22
"""Added for every gate that is cut: of equal overheads the one with fewer cuts."""


def affinity(graph: nx.Graph) -> FloatArray:
    """Cost of separating every two qubits, shape (qubits, qubits).

    Args:
        graph: Between qubits, ``weight`` the logarithm of the overhead of all their gates, infinite where one of them
            cannot be cut, and ``gates`` their number.

    Returns:
        The weights, and a trifle for every gate. What cannot be cut costs more than all that can.
    """
    found = np.zeros((len(graph), len(graph)))
    edges = list(graph.edges(data=True))
    never = 1.0 + sum(data["weight"] for _, _, data in edges if isfinite(data["weight"]))
    for a, b, data in edges:
        weight = data["weight"] if isfinite(data["weight"]) else never
        found[a, b] = found[b, a] = round(weight / _UNIT) * _UNIT + data["gates"] * _PER_GATE
    return found


def crowding(qubits: NDArray[np.int64]) -> FloatArray:
    """A trifle for so many qubits on one core: of equal cuts the one whose pieces are most alike.

    Noise grows with the width, and so does the effort of simulation.
    """
    return np.asarray(_UNIT * qubits**2)


def price(matrix: FloatArray, labels: Rooms) -> float:
    """Cost of an assignment of qubits to cores."""
    apart = labels[:, None] != labels[None, :]
    return float(matrix[apart].sum() / 2 + crowding(np.bincount(labels)).sum())


def within(matrix: FloatArray) -> FloatArray:
    """What is saved by keeping the qubits a..b-1 together, for a <= b, shape (qubits + 1, qubits + 1)."""
    sums = np.zeros((len(matrix) + 1, len(matrix) + 1))
    sums[1:, 1:] = matrix.cumsum(axis=0).cumsum(axis=1)
    ends = np.diag(sums)
    return np.asarray((ends[None, :] - sums - sums.T + ends[:, None]) / 2)
