"""Pauli-transfer matrices: a channel on k qubits as a real matrix of 4^k rows.

A state is the vector of its Pauli expectations, Tr(P rho), letters I, X, Y, Z = 0, 1, 2, 3. The first qubit of an
operation is the most significant digit of an index, so that an index is a position in an array of one axis per qubit.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]

LETTERS = 4
_MATRICES = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])


@cache
def _strings(qubits: int) -> ComplexArray:
    """All Pauli strings, shape (4^k, 2^k, 2^k), in Qiskit's basis order: the first qubit is the lowest bit."""
    strings = np.ones((1, 1, 1), dtype=np.complex128)
    for _ in range(qubits):
        strings = np.array([np.kron(letter, string) for string in strings for letter in _MATRICES])
    return strings


def of_unitary(matrix: ComplexArray) -> FloatArray:
    """R[P, Q] = Tr(P U Q U^+) / 2^k of a gate's matrix in Qiskit's basis order."""
    paulis = _strings(len(matrix).bit_length() - 1)
    turned = matrix @ paulis @ matrix.conj().T
    return _overlaps(paulis, turned)


def of_channel(error: Any) -> FloatArray:
    """R[P, Q] = Tr(P E(Q)) / 2^k of a Qiskit channel or Aer ``QuantumError``."""
    from qiskit.quantum_info import SuperOp

    superop = np.asarray(SuperOp(error).data)
    dimension = round(len(superop) ** 0.5)
    paulis = _strings(dimension.bit_length() - 1)
    columns = paulis.swapaxes(1, 2).reshape(len(paulis), -1)  # Qiskit stacks columns
    images = (columns @ superop.T).reshape(paulis.shape).swapaxes(1, 2)
    return _overlaps(paulis, images)


def _overlaps(paulis: ComplexArray, images: ComplexArray) -> FloatArray:
    side, dimension = len(paulis), paulis.shape[1]
    flat = paulis.swapaxes(1, 2).reshape(side, -1) @ images.reshape(side, -1).T
    result: FloatArray = np.ascontiguousarray(flat.real) / dimension
    return result
