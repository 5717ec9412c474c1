"""Orders of the qubits in which those that should stay together are next to each other."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .affinity import Rooms
from .angles import FloatArray

_NOISE = 0.4
"""Standard deviation of the logarithm of the factors by which weights are changed to get other orders."""
_ENDS = 3
"""Qubits at the ends of two clusters that are looked at."""


def orders(matrix: FloatArray, rng: np.random.Generator) -> Iterator[Rooms]:
    """As the circuit has them, by the spectrum of the graph, by merging clusters, and the last again with noise.

    Args:
        matrix: From `affinity`.
        rng: Draws the noise.

    Returns:
        Permutations, without an end.
    """
    yield np.arange(len(matrix))
    yield _spectral(matrix)
    yield _merged(matrix)
    while True:
        noisy = np.triu(matrix * np.exp(rng.normal(0.0, _NOISE, matrix.shape)), 1)
        yield _merged(noisy + noisy.T)


def _spectral(matrix: FloatArray) -> Rooms:
    """By the second eigenvector of the Laplacian: strong weights join neighbours."""
    laplacian = np.diag(matrix.sum(axis=0)) - matrix
    return np.argsort(np.linalg.eigh(laplacian)[1][:, min(1, len(matrix) - 1)].round(9), kind="stable")


def _merged(matrix: FloatArray) -> Rooms:
    """The leaves of a tree: the two clusters that the largest weight per pair of qubits joins are merged again and again."""
    joined, groups = matrix.copy(), [[q] for q in range(len(matrix))]
    sizes = np.ones(len(matrix))
    while len(groups) > 1:
        mean = joined / np.outer(sizes, sizes)
        np.fill_diagonal(mean, -1.0)
        a, b = sorted(divmod(int(mean.argmax()), len(groups)))
        first, second = groups[a], groups.pop(b)
        groups[a] = _end_to_end(matrix, first, second)
        sizes[a] += sizes[b]
        joined[a] += joined[b]
        joined[:, a] += joined[:, b]
        joined, sizes = np.delete(np.delete(joined, b, 0), b, 1), np.delete(sizes, b)
    return np.array(groups[0])


def _end_to_end(matrix: FloatArray, first: list[int], second: list[int]) -> list[int]:
    """Two orders one after the other, turned so that the ends that meet are joined most."""

    def near(pair: tuple[list[int], list[int]]) -> float:
        a, b = pair[0][::-1][:_ENDS], pair[1][:_ENDS]
        return sum(float(matrix[p, q]) / (1 + i + j) for i, p in enumerate(a) for j, q in enumerate(b))

    a, b = max(((a, b) for a in (first, first[::-1]) for b in (second, second[::-1])), key=near)
    return a + b
