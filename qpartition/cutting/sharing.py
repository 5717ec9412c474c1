"""Pauli strings that are read from the same samples: how the errors of their estimates add up in a weighted sum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .angles import FloatArray

Indices = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Source:
    """Where the strings of the whole circuit are read in one fragment.

    Attributes:
        local: Of every string, the number of its local string: strings of the same number are the same estimates.
        run: Of every string, the number of the circuit that reads it. Estimates from different circuits are independent;
            of different local strings of one circuit nothing is known but their own errors.
    """

    local: Indices
    run: Indices


@dataclass(frozen=True, eq=False)
class Terms:
    """The strings of all observables, those that share samples side by side.

    Attributes:
        strings: Number of every term's string; a string has a term in every observable that it is part of.
        weights: What each term is multiplied with.
        same: Where terms of other estimates begin.
        run: Where, among those, terms of other circuits begin.
        observable: Where, among these, terms of another observable begin.
        observables: Which observables these are: all that are not zero.
    """

    strings: Indices
    weights: FloatArray
    same: Indices
    run: Indices
    observable: Indices
    observables: Indices

    @classmethod
    def of(cls, weights: FloatArray, sources: Sequence[Source]) -> Terms:
        """For what is read together from some fragments.

        Args:
            weights: What each observable is made of, shape (observables, strings).
            sources: One per fragment.
        """
        observable, string = np.nonzero(weights)
        runs = [source.run[string] for source in sources]
        keys = np.column_stack([observable, *runs, *(source.local[string] for source in sources)])
        order = np.lexsort(keys.T[::-1])  # by the first column, then by the second, ...
        keys, observable, string = keys[order], observable[order], string[order]
        same = _begins(keys)
        run = _begins(keys[same, : 1 + len(sources)])
        owner = keys[same[run], :1]
        first = _begins(owner)
        return cls(string, weights[observable, string], same, run, first, owner[first, 0])

    @property
    def is_separate(self) -> bool:
        """Whether different estimates of one observable are all from different circuits, and so independent."""
        return len(self.run) == len(self.same)

    @property
    def estimates(self) -> Indices:
        """Of every different estimate, the number of a string that it is part of."""
        return np.asarray(self.strings[self.same])

    def together(self, slopes: FloatArray) -> FloatArray:
        """Slopes of the sums by every different estimate, without sign; ``slopes`` of the strings along the last axis."""
        return np.abs(np.add.reduceat(slopes[..., self.strings] * self.weights, self.same, axis=-1))

    def summed(self, parts: FloatArray) -> FloatArray:
        """What every independent estimate adds to its observable, shape (n, estimates), as (n, ``observables``)."""
        return np.asarray(np.add.reduceat(parts, self.observable, axis=-1))

    def variance(self, errors: FloatArray) -> FloatArray:
        """Of the sums: added up where estimates are the same, at most so where they are of one circuit, squared elsewhere.

        Args:
            errors: Standard deviation that each string has by each of the independent choices, signed, shape
                (n, choices, strings).

        Returns:
            Shape (n, ``observables``).
        """
        bound = np.add.reduceat(self.together(errors), self.run, axis=-1)
        return self.summed((bound**2).sum(axis=1))


def _begins(keys: Indices) -> Indices:
    """Rows of a sorted array that differ from those before them."""
    changes = np.any(keys[1:] != keys[:-1], axis=1)
    return np.concatenate([np.zeros(min(1, len(keys)), dtype=np.intp), 1 + np.flatnonzero(changes)])


class Sharing:
    """What is known of how the errors of strings go together, for sums of them."""

    def __init__(self, weights: FloatArray, sources: Sequence[Source]) -> None:
        """For observables of these weights, shape (observables, strings), and a source per fragment."""
        self.observables = len(weights)
        self._weights, self._sources = weights, sources
        self._known = dict[tuple[int, ...], Terms]()

    def terms(self, fragments: tuple[int, ...]) -> Terms:
        """For what is read together from some fragments."""
        if fragments not in self._known:
            self._known[fragments] = Terms.of(self._weights, [self._sources[f] for f in fragments])
        return self._known[fragments]
