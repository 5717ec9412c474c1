"""Pauli observables of the whole circuit, and what of them is measured in each fragment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from qiskit.quantum_info import Pauli, PauliList, SparsePauliOp

from backends.errors import InputError, shown

from .angles import FloatArray
from .fragments import Fragment


@dataclass(frozen=True)
class Observables:
    """Sums of Pauli strings.

    Attributes:
        paulis: Distinct strings as integers 0..3 (I, X, Y, Z), shape (strings, qubits).
        weights: What each observable is made of, shape (observables, strings).
    """

    paulis: NDArray[np.int8]
    weights: FloatArray

    @classmethod
    def of(cls, given: object, qubits: int) -> Observables:
        """From Qiskit's: a ``PauliList``, a ``SparsePauliOp``, a string such as ``"ZIX"``, or a list or array of these.

        Raises:
            InputError: For anything else, another number of qubits, or coefficients that are not real.
        """
        plain = given.tolist() if isinstance(given, np.ndarray) else given
        listed = [plain] if isinstance(plain, str | Pauli | SparsePauliOp) else plain
        if not isinstance(listed, Sequence | PauliList) or not len(listed):
            raise InputError(f"observables={shown(given)} must be Pauli strings or SparsePauliOps, at least one")
        number: dict[bytes, int] = {}
        rows, terms = list[NDArray[np.int8]](), list[dict[int, float]]()
        for one in listed:
            operator = _operator(one, qubits)
            found: dict[int, float] = {}
            for pauli, coefficient in zip(operator.paulis, operator.coeffs, strict=True):
                row = (pauli.x + 2 * pauli.z).astype(np.int8)  # I X Z Y as 0 1 2 3
                row = np.array([0, 1, 3, 2], np.int8)[row]
                key = number.setdefault(row.tobytes(), len(rows))
                if key == len(rows):
                    rows.append(row)
                found[key] = found.get(key, 0.0) + float(np.real(coefficient * (-1j) ** pauli.phase))
            terms.append(found)
        weights = np.zeros((len(terms), len(rows)))
        for i, found in enumerate(terms):
            for key, coefficient in found.items():
                weights[i, key] = coefficient
        return cls(np.array(rows, np.int8).reshape(len(rows), qubits), weights)

    def __len__(self) -> int:
        return len(self.weights)

    def expanded(self, qubits: int, place: Sequence[int]) -> Observables:
        """The same on more qubits: qubit k of these is qubit ``place[k]``."""
        wider = np.zeros((len(self.paulis), qubits), np.int8)
        wider[:, list(place)] = self.paulis
        return Observables(wider, self.weights)

    def local(self, fragment: Fragment) -> tuple[NDArray[np.int8], NDArray[np.intp]]:
        """Distinct strings on a fragment's qubits, and which of them belongs to each string."""
        own, inverse = np.unique(self.paulis[:, list(fragment.qubits)], axis=0, return_inverse=True)
        return own, inverse.reshape(-1)


def _operator(one: object, qubits: int) -> SparsePauliOp:
    try:
        operator = one if isinstance(one, SparsePauliOp) else SparsePauliOp(one)
    except Exception as error:  # Qiskit raises several kinds
        raise InputError(
            f"observable {shown(one)} is no Pauli string; write one such as 'ZIZ', qubit 0 last"
        ) from error
    if operator.num_qubits != qubits:
        raise InputError(f"observable {shown(one)} is on {operator.num_qubits} qubits, the circuit on {qubits}")
    if not np.allclose(np.imag(operator.coeffs), 0.0) or np.any(operator.paulis.phase % 2):
        raise InputError(f"observable {shown(one)} has coefficients that are not real; expectations are real numbers")
    return operator
