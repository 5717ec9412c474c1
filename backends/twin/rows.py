"""Which rows of an array are equal, looking at some of its columns only."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from .pauli import FloatArray

Indices = NDArray[np.intp]


@dataclass(frozen=True)
class Distinct:
    """The distinct rows of an array.

    Attributes:
        first: A row of each kind, shape (kinds,).
        kind: The kind of each row, shape (rows,).
    """

    first: Indices
    kind: Indices

    def __len__(self) -> int:
        return len(self.first)


class Rows:
    """Parameter sets, asked again and again which of them are equal in some columns."""

    def __init__(self, values: FloatArray) -> None:
        """Of shape (sets, parameters)."""
        self.values = values
        self._found: dict[frozenset[int], Distinct] = {}
        # a hash of every number, summed over columns later; a column without two values tells nothing apart
        bits = np.ascontiguousarray(values).view(np.uint64)
        mixed = (bits ^ (bits >> np.uint64(29))) * _multipliers(values.shape[1])
        self._hashes = (mixed ^ (mixed >> np.uint64(32))).T.copy()
        self._varied = frozenset(np.flatnonzero((values != values[:1]).any(axis=0)).tolist())

    def distinct(self, columns: frozenset[int]) -> Distinct:
        """The distinct rows in some columns; found by a hash of the bits, then checked."""
        chosen = columns & self._varied
        if chosen not in self._found:
            self._found[chosen] = self._distinct(sorted(chosen))
        return self._found[chosen]

    def _distinct(self, columns: list[int]) -> Distinct:
        if not columns:
            return Distinct(np.zeros(1, dtype=np.intp), np.zeros(len(self.values), dtype=np.intp))
        hashes = self._hashes[columns].sum(axis=0, dtype=np.uint64)
        first, kind = _grouped(hashes)
        part = self.values[:, columns]
        if not np.array_equal(part, part[first[kind]]):  # two kinds of row share a hash
            _, first, kind = np.unique(part, axis=0, return_index=True, return_inverse=True)
        return Distinct(first, kind.reshape(-1))


def _grouped(hashes: NDArray[np.uint64]) -> tuple[Indices, Indices]:
    """Any one place of each number, and which number stands at each; `numpy.unique` sorts stably, which takes longer."""
    order = np.argsort(hashes)
    ordered = hashes[order]
    begins = np.empty(len(order), dtype=bool)
    begins[:1] = True
    np.not_equal(ordered[1:], ordered[:-1], out=begins[1:])
    kind = np.empty(len(order), dtype=np.intp)
    kind[order] = np.cumsum(begins) - 1
    return order[begins], kind


@cache
def _multipliers(count: int) -> NDArray[np.uint64]:
    """Odd numbers, so that no bit is lost."""
    rng = np.random.default_rng(20240707)
    return rng.integers(0, 2**64, count, dtype=np.uint64) | np.uint64(1)
