"""Fragments contracted with the coefficients of the cuts: expectations, their slopes, and their variances."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from string import ascii_letters

import numpy as np

from .angles import FloatArray
from .fragments import Fragment

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

    def around_cut(self, matrices: Sequence[FloatArray], tensors: Sequence[FloatArray], left_out: int) -> FloatArray:
        """The derivative of `whole` by the matrix of a cut, shape (n, first, second, strings)."""
        subscripts = [own for k, own in enumerate(self._cuts) if k != left_out]
        operands = [m for k, m in enumerate(matrices) if k != left_out]
        return self._einsum([*subscripts, *self._fragments], [*operands, *tensors], self._cuts[left_out] + _STRING)

    def variance(
        self, matrices: Sequence[FloatArray], tensors: Sequence[FloatArray], variances: Sequence[FloatArray]
    ) -> FloatArray:
        """Variance of `whole`, whose every term has one independent estimate from each fragment; shape (n, strings).

        For independent X_f: Var = sum over sets S of fragments of the sum over their choices of
        prod_(f in S) Var[X_f] x (derivative of the whole by all of S)^2.
        """
        total = np.zeros(())
        for size in range(1, len(tensors) + 1):
            for chosen in combinations(range(len(tensors)), size):
                if any(not variances[f].any() for f in chosen):
                    continue
                total = total + self._share(matrices, tensors, variances, chosen)
        return np.asarray(total)

    def _share(
        self,
        matrices: Sequence[FloatArray],
        tensors: Sequence[FloatArray],
        variances: Sequence[FloatArray],
        chosen: Sequence[int],
    ) -> FloatArray:
        """The summand of `variance` for one set of fragments.

        A cut between two of them is a factor of the slope, so it is squared alone: without it the slope has an axis
        only for cuts that lead elsewhere.
        """
        kept = [f for f in range(len(tensors)) if f not in chosen]
        ends = {letter for f in chosen for letter in self._fragments[f]} - {_SET, _STRING}
        inner = [k for k, sides in enumerate(self._sides) if ends.issuperset(sides)]
        subscripts = [*(self._cuts[k] for k in inner), *(self._fragments[f] for f in chosen)]
        operands = [*(matrices[k] ** 2 for k in inner), *(variances[f] for f in chosen)]
        if kept:
            outer = [k for k in range(len(matrices)) if k not in inner]
            leading = ends - {side for k in inner for side in self._sides[k]}
            subscripts.append(_SET + "".join(sorted(leading)) + _STRING)
            factors = [*(self._cuts[k] for k in outer), *(self._fragments[f] for f in kept)]
            slope = self._einsum(factors, [*(matrices[k] for k in outer), *(tensors[f] for f in kept)], subscripts[-1])
            operands.append(slope**2)
        return self._einsum(subscripts, operands, _SET + _STRING)

    def _contracted(
        self, matrices: Sequence[FloatArray], tensors: Sequence[FloatArray], kept: Sequence[int], result: str
    ) -> FloatArray:
        subscripts = [*self._cuts, *(self._fragments[f] for f in kept)]
        operands = [*matrices, *(tensors[f] for f in kept)]
        if not kept and _STRING in result:  # nothing else says how many strings there are
            subscripts, operands = [*subscripts, _STRING], [*operands, np.ones(tensors[0].shape[-1])]
        return self._einsum(subscripts, operands, result)

    @staticmethod
    def _einsum(subscripts: Sequence[str], operands: Sequence[FloatArray], result: str) -> FloatArray:
        sets = max(array.shape[0] for s, array in zip(subscripts, operands, strict=True) if s.startswith(_SET))
        told = [
            np.broadcast_to(array, (sets, *array.shape[1:])) if s.startswith(_SET) else array
            for s, array in zip(subscripts, operands, strict=True)
        ]
        return np.asarray(np.einsum(f"{','.join(subscripts)}->{result}", *told, optimize=True))
