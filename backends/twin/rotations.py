"""Gates of one free angle as Fourier series: R(a) = sum_f B_f basis_f(a), so that dR/da costs nothing extra."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from ..gates import PARAMETERISED
from .pauli import FloatArray, of_unitary

_FREQUENCIES = (0.5, 1.0)
"""Controlled rotations have generators with eigenvalues 0 and +-1/2, and so half frequencies."""
_ZERO = 1e-14


@dataclass(frozen=True)
class Rotation:
    """The Pauli-transfer matrix of a gate as a function of its angle.

    Attributes:
        constant: Shape (4^k, 4^k).
        terms: (frequency, matrix of the cosine, matrix of the sine).
    """

    constant: FloatArray
    terms: tuple[tuple[float, FloatArray, FloatArray], ...]

    @cached_property
    def _stacked(self) -> FloatArray:
        """All matrices below each other."""
        return np.concatenate([self.constant, *(matrix for _, *pair in self.terms for matrix in pair)])

    def times(self, angles: FloatArray, right: FloatArray, slope: bool = False) -> FloatArray:
        """R(a) @ right, or dR/da @ right, with angles of shape (rows,) and ``right`` of (4^k, columns, rows or 1)."""
        side = len(self.constant)
        products = (self._stacked @ right.reshape(side, -1)).reshape(-1, *right.shape[1:])
        result = np.zeros((1, 1, 1)) if slope else products[:side]
        for i, (frequency, _, _) in enumerate(self.terms):
            c, s = np.cos(frequency * angles), np.sin(frequency * angles)
            if slope:
                c, s = -frequency * s, frequency * c
            start = side * (1 + 2 * i)
            result = result + c * products[start : start + side]
            result += s * products[start + side : start + 2 * side]
        return result


@cache
def rotation(name: str) -> Rotation:
    """Of a gate of `backends.gates.PARAMETERISED` that has one angle, from its matrix at five angles."""
    samples = np.linspace(0.0, 4 * np.pi, 2 * len(_FREQUENCIES) + 1, endpoint=False)
    matrices = np.array([of_unitary(np.array(PARAMETERISED[name](float(a)), dtype=complex)) for a in samples])
    waves = [np.ones_like(samples)]
    for frequency in _FREQUENCIES:
        waves += [np.cos(frequency * samples), np.sin(frequency * samples)]
    found = np.linalg.solve(np.array(waves).T, matrices.reshape(len(samples), -1)).reshape(matrices.shape)
    found[np.abs(found) < _ZERO] = 0.0
    terms = [(f, found[1 + 2 * i], found[2 + 2 * i]) for i, f in enumerate(_FREQUENCIES)]
    return Rotation(found[0], tuple(term for term in terms if term[1].any() or term[2].any()))
