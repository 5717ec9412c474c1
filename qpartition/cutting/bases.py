"""What a cut is replaced by: pairs of local operations with real coefficients, from qiskit-addon-cutting."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from qiskit.circuit import Gate, Instruction
from qiskit.circuit.library import RXXGate, RYYGate, RZZGate
from qiskit_addon_cutting.qpd import QPDBasis

from backends.errors import InputError

from .angles import FloatArray
from .free import fixed, is_free

Operations = tuple[Instruction, ...]
"""One local operation: what is applied to the qubit, in order."""
_TURNING: dict[str, type[Gate]] = {"rxx": RXXGate, "ryy": RYYGate, "rzz": RZZGate}
_PROBES = (0.0, np.pi / 2, np.pi)
"""Angles at which the coefficients of a rotation are looked at: they are a + b cos + c sin of it."""


@dataclass(frozen=True)
class CutBasis:
    """sum over (a, b) of matrix[a, b] first[a] (x) second[b].

    Attributes:
        first: Distinct operations on the first qubit of the cut.
        second: Distinct operations on the second.
        terms: Matrices (len(first), len(second)) of the coefficients: a constant, and for a gate with a free angle those of
            its cosine and sine.
        angle: Number of the free angle; None for a fixed gate or a wire.
        is_wire: A wire is cut, not a gate.
    """

    first: tuple[Operations, ...]
    second: tuple[Operations, ...]
    terms: tuple[FloatArray, ...]
    angle: int | None = None
    is_wire: bool = False

    @classmethod
    def of(cls, operation: Instruction, angle: int | None = None) -> CutBasis:
        """The decomposition of a two-qubit gate, or of a move of a qubit's state onto another.

        Args:
            operation: The gate; with ``angle`` a Pauli rotation whose own angle does not matter.
            angle: Number of its free angle.

        Raises:
            InputError: If it cannot be cut.
        """
        if angle is None:
            basis = _basis(operation)
            first, second, matrix = _sorted(basis, basis.coeffs)
            return cls(first, second, (matrix,), None, operation.name == "move")
        probes = [_basis(_TURNING[operation.name](value)) for value in _PROBES]
        generic = _basis(_TURNING[operation.name](0.7))  # at special angles some terms are left out
        found = [_coefficients(probe, generic) for probe in probes]
        zero, half, whole = (_sorted(generic, coefficients)[2] for coefficients in found)
        first, second, _ = _sorted(generic, generic.coeffs)
        constant = (zero + whole) / 2
        return cls(first, second, (constant, (zero - whole) / 2, half - constant), angle)

    def matrix(self, angles: FloatArray) -> FloatArray:
        """Coefficients at angles of shape (n, angles): shape (n or 1, first, second)."""
        if self.angle is None:
            return self.terms[0][None]
        turn = angles[:, self.angle, None, None]
        return np.asarray(self.terms[0] + np.cos(turn) * self.terms[1] + np.sin(turn) * self.terms[2])

    def slope(self, angles: FloatArray) -> FloatArray:
        """Their derivatives by the free angle, same shape."""
        assert self.angle is not None
        turn = angles[:, self.angle, None, None]
        return np.asarray(np.cos(turn) * self.terms[2] - np.sin(turn) * self.terms[1])

    def gamma(self, angles: FloatArray) -> FloatArray:
        """Sum of the coefficients' magnitudes, shape (n or 1,): shots are needed gamma^2 times."""
        return np.asarray(np.abs(self.matrix(angles)).sum(axis=(1, 2)))


def _basis(operation: Instruction) -> QPDBasis:
    try:
        return QPDBasis.from_instruction(operation)
    except ValueError as error:
        why = "it has free angles" if is_free(operation.params) else str(error)
        raise InputError(
            f"gate {operation.name!r} cannot be cut ({why}); cut elsewhere, or write it as rzz, rxx, ryy, cx or cz"
        ) from None


def _coefficients(probe: QPDBasis, generic: QPDBasis) -> list[float]:
    """The coefficients of ``probe`` in the order of the terms of ``generic``."""
    known = {(_name(a), _name(b)): float(c) for (a, b), c in zip(probe.maps, probe.coeffs, strict=True)}
    return [known.get((_name(a), _name(b)), 0.0) for a, b in generic.maps]


def _sorted(
    basis: QPDBasis, coefficients: list[float]
) -> tuple[tuple[Operations, ...], tuple[Operations, ...], FloatArray]:
    """Distinct operations of both sides, and the matrix of the coefficients."""
    first, second = dict[str, Operations](), dict[str, Operations]()
    for a, b in basis.maps:
        first.setdefault(_name(a), tuple(a))
        second.setdefault(_name(b), tuple(b))
    matrix = np.zeros((len(first), len(second)))
    rows, columns = list(first), list(second)
    for (a, b), coefficient in zip(basis.maps, coefficients, strict=True):
        matrix[rows.index(_name(a)), columns.index(_name(b))] += float(coefficient)
    return tuple(first.values()), tuple(second.values()), matrix


def _name(operations: Iterable[Instruction]) -> str:
    """The same for operations that do the same."""
    return repr([(one.name, fixed(one.params)) for one in operations])
