"""Fragments contracted with the coefficients of the cuts: expectations, their slopes, and their variances."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from string import ascii_letters

import numpy as np

from .angles import FloatArray
from .fragments import Fragment
from .sharing import Sharing, Terms

_SET, _STRING = "Z", "Y"
"""Letters of the axes for parameter sets and Pauli strings."""


class Knitter:
    """The contraction sum over all choices of prod over cuts of matrix x prod over fragments of tensor."""

    def __init__(self, fragments: Sequence[Fragment], cuts: int) -> None:
        """For these fragments and so many cuts."""
        letters = [letter for letter in ascii_letters if letter not in (_SET, _STRING)]
        if 2 * cuts > len(letters):
            raise ValueError(f"{cuts} cuts are more than can be contracted")  # refused before, by the overhead
        self._sides = [letters[2 * k : 2 * k + 2] for k in range(cuts)]
        self._fragments = [
            _SET + "".join(self._sides[slot.cut][slot.side] for slot in fragment.slots) + _STRING
            for fragment in fragments
        ]
        self._cuts = [_SET + a + b for a, b in self._sides]

    def whole(self, matrices: Sequence[FloatArray], tensors: Sequence[FloatArray]) -> FloatArray:
        """Expectations of the strings, shape (n, strings)."""
        return self._contracted(matrices, tensors, range(len(tensors)), _SET + _STRING)

    def around(self, matrices: Sequence[FloatArray], tensors: Sequence[FloatArray], left_out: int) -> FloatArray:
        """The derivative of `whole` by the tensor of a fragment, same shape as that."""
        kept = [f for f in range(len(tensors)) if f != left_out]
        return self._contracted(matrices, tensors, kept, self._fragments[left_out])

    def variance(
        self,
        matrices: Sequence[FloatArray],
        tensors: Sequence[FloatArray],
        variances: Sequence[FloatArray],
        sharing: Sharing,
    ) -> FloatArray:
        """Variance of weighted sums of the strings of `whole`, shape (n, observables).

        For independent fragments X_f: Var = sum over sets S of fragments of the sum over their choices of
        prod_(f in S) Var[X_f] x (derivative of the sum by all of S)^2: each sum is linear in what is read of a fragment.

        Args:
            matrices: Coefficients of the cuts.
            tensors: Expectations of the fragments.
            variances: Theirs, same shapes.
            sharing: The sums, and which strings share samples.
        """
        variances = [np.maximum(variance, 0.0) for variance in variances]
        total = np.zeros((max(len(array) for array in (*matrices, *tensors)), sharing.observables))
        moving = [f for f, variance in enumerate(variances) if variance.any()]
        for size in range(1, len(moving) + 1):
            for chosen in combinations(moving, size):
                terms = sharing.terms(chosen)
                share = self._separate if terms.is_separate else self._bound
                total[:, terms.observables] += share(matrices, tensors, variances, chosen, terms)
        return total

    def _separate(
        self,
        matrices: Sequence[FloatArray],
        tensors: Sequence[FloatArray],
        variances: Sequence[FloatArray],
        chosen: Sequence[int],
        terms: Terms,
    ) -> FloatArray:
        """The summand of `variance` for one set of fragments whose estimates are independent.

        A cut between two of them is a factor of the slope, so it is squared alone: the slope that is left has an axis
        only for cuts that lead elsewhere, not one for every choice of all these fragments.
        """
        kept = [f for f in range(len(tensors)) if f not in chosen]
        ends = {letter for f in chosen for letter in self._fragments[f]} - {_SET, _STRING}
        inner = [k for k, sides in enumerate(self._sides) if ends.issuperset(sides)]
        outer = [k for k in range(len(matrices)) if k not in inner]
        leading = "".join(sorted(ends - {side for k in inner for side in self._sides[k]}))
        factors = [*(self._cuts[k] for k in outer), *(self._fragments[f] for f in kept), _SET + _STRING]
        ones = np.ones((1, tensors[0].shape[-1]))
        operands = [*(matrices[k] for k in outer), *(tensors[f] for f in kept), ones]
        slope = terms.together(self._einsum(factors, operands, _SET + leading + _STRING))
        subscripts = [*(self._cuts[k] for k in inner), *(self._fragments[f] for f in chosen), _SET + leading + _STRING]
        squares = [*(matrices[k] ** 2 for k in inner), *(variances[f][..., terms.estimates] for f in chosen), slope**2]
        return terms.summed(self._einsum(subscripts, squares, _SET + _STRING))

    def _bound(
        self,
        matrices: Sequence[FloatArray],
        tensors: Sequence[FloatArray],
        variances: Sequence[FloatArray],
        chosen: Sequence[int],
        terms: Terms,
    ) -> FloatArray:
        """The same where several estimates are from one circuit."""
        kept = [f for f in range(len(tensors)) if f not in chosen]
        axes = _SET + "".join(self._fragments[f][1:-1] for f in chosen) + _STRING
        errors = [np.sqrt(variances[f]) for f in chosen]
        slope = self._contracted(matrices, tensors, kept, axes)
        reach = slope * self._einsum([self._fragments[f] for f in chosen], errors, axes)
        return terms.variance(reach.reshape(len(reach), -1, reach.shape[-1]))

    def _contracted(
        self, matrices: Sequence[FloatArray], tensors: Sequence[FloatArray], kept: Sequence[int], result: str
    ) -> FloatArray:
        subscripts = [*self._cuts, *(self._fragments[f] for f in kept)]
        operands = [*matrices, *(tensors[f] for f in kept)]
        if not kept:  # nothing else says how many strings there are, nor, without cuts, how many sets
            subscripts, operands = [*subscripts, _SET + _STRING], [*operands, np.ones((1, tensors[0].shape[-1]))]
        return self._einsum(subscripts, operands, result)

    @staticmethod
    def _einsum(subscripts: Sequence[str], operands: Sequence[FloatArray], result: str) -> FloatArray:
        sets = max(array.shape[0] for s, array in zip(subscripts, operands, strict=True) if s.startswith(_SET))
        told = [
            np.broadcast_to(array, (sets, *array.shape[1:])) if s.startswith(_SET) else array
            for s, array in zip(subscripts, operands, strict=True)
        ]
        return np.asarray(np.einsum(f"{','.join(subscripts)}->{result}", *told, optimize=True))
