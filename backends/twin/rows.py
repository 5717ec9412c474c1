"""Which rows of an array are equal, looking at some of its columns only."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from .pauli import FloatArray

Indices = NDArray[np.intp]
_FEW = 32
"""So many rows are taken for distinct: telling them apart costs more than it saves."""


@dataclass(frozen=True)
class Distinct:
    """Rows of an array that stand for all of them.

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

    def __init__(self, values: FloatArray, distinct_in: frozenset[int] | None = None) -> None:
        """Of shape (sets, parameters); no two of them are equal in the columns ``distinct_in``."""
        self.values = values
        self._found: dict[frozenset[int], Distinct] = {}
        if distinct_in is not None and len(values) > 1:
            self._found[distinct_in] = self._all

    def distinct(self, columns: frozenset[int]) -> Distinct:
        """The distinct rows in some columns."""
        if columns not in self._found:
            self._found[columns] = self._distinct(sorted(columns))
        return self._found[columns]

    def representatives(self, columns: frozenset[int]) -> Rows:
        """One row of each kind, in the order of the kinds."""
        kinds = self.distinct(columns)
        return self if kinds is self._all else Rows(self.values[kinds.first], columns)

    def _distinct(self, columns: list[int]) -> Distinct:
        values = self.values
        if len(values) <= _FEW:
            return self._one if self._varied.isdisjoint(columns) else self._all
        if not columns:
            return self._one
        # rows with one hash are equal but for chance; einsum adds up every row in the same order, BLAS may not
        found = _grouped(np.einsum("ij,j->i", values, _projection(values.shape[1], tuple(columns))))
        asked = np.zeros(values.shape[1], dtype=np.bool_)
        asked[columns] = True
        if ((values.take(found.first[found.kind], axis=0) != values) & asked).any():
            _, first, kind = np.unique(values[:, columns], axis=0, return_index=True, return_inverse=True)
            return Distinct(first, kind.reshape(-1))
        return found

    @cached_property
    def _varied(self) -> frozenset[int]:
        """Columns that hold more than one value."""
        return frozenset(np.flatnonzero((self.values != self.values[:1]).any(axis=0)).tolist())

    @cached_property
    def _all(self) -> Distinct:
        every = np.arange(len(self.values))
        return Distinct(every, every)

    @cached_property
    def _one(self) -> Distinct:
        return Distinct(np.zeros(1, dtype=np.intp), np.zeros(len(self.values), dtype=np.intp))


def _grouped(numbers: FloatArray) -> Distinct:
    """Which numbers are equal; `numpy.unique` sorts stably, which takes longer."""
    order = np.argsort(numbers)
    ordered = numbers[order]
    begins = np.empty(len(order), dtype=bool)
    begins[:1] = True
    np.not_equal(ordered[1:], ordered[:-1], out=begins[1:])
    kind = np.empty(len(order), dtype=np.intp)
    kind[order] = np.cumsum(begins) - 1
    return Distinct(order[begins], kind)


@cache
def _projection(count: int, columns: tuple[int, ...]) -> FloatArray:
    """Random weights of some columns of ``count``, 0 for the others."""
    weights = np.zeros(count)
    weights[list(columns)] = np.random.default_rng(20240707).standard_normal(count)[list(columns)]
    return weights
