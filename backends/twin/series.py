"""Several rotations and fixed maps on one qubit, multiplied out: one matrix product instead of a dozen small ones.

A rotation is R(a) = A + B cos a + C sin a, so a run of m of them is a matrix for each of the 3^m products of 1, cos and
sin of their angles.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .lowering import Factor
from .pauli import FloatArray
from .turns import Turns

_MOST = 3
"""Rotations in one series: 27 matrices."""


@dataclass(frozen=True)
class Series:
    """A run of factors on one qubit.

    Attributes:
        slots: Angles of the rotations, in the order of time.
        matrices: Shape (4, 3^m, 4): out, product of waves (the last slot changes fastest), in.
    """

    slots: tuple[int, ...]
    matrices: FloatArray

    def matrix(self, turns: Turns) -> FloatArray:
        """Shape (4, 4, rows)."""
        return (self._flat @ turns.products(self.slots)).reshape(4, 4, -1)

    def times(self, turns: Turns, right: FloatArray) -> FloatArray:
        """The run after a map, or of vectors, of shape (4, columns, 1 or rows)."""
        if right.shape[2] == 1:
            mixed = np.matmul(self.matrices, right[..., 0]).swapaxes(1, 2)  # (4, columns, waves)
            product: FloatArray = mixed.reshape(-1, mixed.shape[2]) @ turns.products(self.slots)
            return product.reshape(4, right.shape[1], -1)
        return np.asarray(np.einsum("ijr,jcr->icr", self.matrix(turns), right))

    @cached_property
    def _flat(self) -> FloatArray:
        """The matrices as columns, shape (16, 3^m)."""
        return np.ascontiguousarray(self.matrices.swapaxes(1, 2).reshape(16, -1))


def in_series(factors: Iterable[Factor]) -> tuple[Factor | Series, ...]:
    """Neighbouring factors on one qubit as series, as far as their rotations have no half frequencies."""
    done, run = list[Factor | Series](), list[Factor]()
    for factor in factors:
        if not _is_plain(factor):
            done += [*_closed(run), factor]
            run = []
            continue
        if sum(f.rotation is not None for f in run) == _MOST and factor.rotation is not None:
            done += _closed(run)
            run = []
        run.append(factor)
    return (*done, *_closed(run))


def _is_plain(factor: Factor) -> bool:
    rotation = factor.rotation
    return len(factor.qubits) == 1 and (rotation is None or [term[0] for term in rotation.terms] == [1.0])


def _closed(run: list[Factor]) -> tuple[Factor | Series, ...]:
    """The series of a run; a run without rotations, or of one factor, as it is."""
    slots = tuple(f.slot for f in run if f.rotation is not None)
    if len(run) < 2 or not slots:
        return tuple(run)
    matrices = np.eye(4)[:, None, :]
    for factor in run:
        matrices = np.tensordot(_terms(factor), matrices, axes=(2, 0)).transpose(0, 2, 1, 3).reshape(4, -1, 4)
    return (Series(slots, np.ascontiguousarray(matrices)),)


def _terms(factor: Factor) -> FloatArray:
    """Shape (4, 1 or 3, 4): the fixed matrix, or those of 1, cos and sin."""
    if factor.rotation is None:
        assert factor.fixed is not None
        return factor.fixed[:, None, :]
    ((_, cosine, sine),) = factor.rotation.terms
    return np.stack([factor.rotation.constant, cosine, sine], axis=1)
