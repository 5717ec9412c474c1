"""Exact expectations of all subexperiments of a fragment at once: density matrices, with one axis per cut."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from qiskit.circuit import Instruction
from qiskit.quantum_info import Operator

from .angles import FloatArray
from .bases import Operations
from .fragments import Fragment, Slot, Step

ComplexArray = NDArray[np.complex128]
_LARGEST = 1 << 23
"""Numbers in the density matrices that are held at once."""
_MEASURE = np.diag([1.0, 0.0, 0.0, -1.0]).astype(np.complex128)
"""On |0><0|, |0><1|, |1><0|, |1><1|: the outcome's sign times the state after it."""
_RESET = np.array([[1, 0, 0, 1], [0] * 4, [0] * 4, [0] * 4], np.complex128)
_PAULI = {0: np.eye(2), 1: np.array([[0, 1], [1, 0]]), 2: np.array([[0, -1j], [1j, 0]]), 3: np.diag([1, -1])}


def tensor(fragment: Fragment, angles: FloatArray, paulis: NDArray[np.int8]) -> FloatArray:
    """Expectations with every choice of operations at the slots, measured signs multiplied in.

    Args:
        fragment: What is simulated.
        angles: All free angles of the whole circuit, shape (n, angles).
        paulis: Strings on the fragment's qubits, shape (strings, qubits).

    Returns:
        Shape (n, one axis per slot, strings).
    """
    states = 4**fragment.width * max(1, fragment.subexperiments)
    chunk = max(1, _LARGEST // states)
    parts = [_tensor(fragment, angles[i : i + chunk], paulis) for i in range(0, len(angles), chunk)]
    return np.concatenate(parts)


def _tensor(fragment: Fragment, angles: FloatArray, paulis: NDArray[np.int8]) -> FloatArray:
    n, width = len(angles), fragment.width
    rho = np.zeros((n, *[2] * (2 * width)), np.complex128)  # ket axes, then bra axes
    rho.reshape(n, -1)[:, 0] = 1.0
    shape = [n]
    for step in fragment.steps:
        if isinstance(step, Slot):  # noqa: SIM108 - a type checker follows this, not the other
            rho = _branched(rho, step, shape, width)
        else:
            rho = _applied(rho, step, angles, shape, width)
    flat = rho.reshape(-1, 2**width, 2**width)
    values = np.stack([_expectation(flat, string) for string in paulis], axis=-1)
    return values.reshape(*shape, len(paulis))


def _applied(rho: ComplexArray, step: Step, angles: FloatArray, shape: Sequence[int], width: int) -> ComplexArray:
    size = 2 ** len(step.qubits)
    if step.angle is None:
        matrices = Operator(step.operation).data[None]
    else:
        matrices = _rotations(step.operation.name, angles[:, step.angle])
        matrices = np.repeat(matrices, int(np.prod(shape[1:], dtype=np.int64)), axis=0)
    for axes, one in (
        ([1 + q for q in reversed(step.qubits)], matrices),
        ([1 + width + q for q in reversed(step.qubits)], matrices.conj()),
    ):
        moved = np.moveaxis(rho, axes, range(1, 1 + len(axes)))
        kept = moved.shape
        rho = np.moveaxis((one @ moved.reshape(len(rho), size, -1)).reshape(kept), range(1, 1 + len(axes)), axes)
    return rho


def _branched(rho: ComplexArray, slot: Slot, shape: list[int], width: int) -> ComplexArray:
    """Every operation of the slot applied; a new axis, the last of the batch."""
    maps = np.stack([_superoperator(operations) for operations in slot.operations])
    axes = (1 + slot.qubit, 1 + width + slot.qubit)
    moved = np.moveaxis(rho, axes, (1, 2))
    rest = moved.shape[3:]
    flat = moved.reshape(len(rho), 1, 4, -1)
    branched = (maps[None] @ flat).reshape(len(rho) * len(maps), 2, 2, *rest)
    shape.append(len(maps))
    return np.moveaxis(branched, (1, 2), axes)


def _superoperator(operations: Operations) -> ComplexArray:
    """On (ket, bra) of a qubit as 0..3."""
    whole = np.eye(4, dtype=np.complex128)
    for one in operations:
        whole = _map(one) @ whole
    return whole


def _map(operation: Instruction) -> ComplexArray:
    if operation.name == "qpd_measure":
        return _MEASURE
    if operation.name == "reset":
        return _RESET
    matrix = Operator(operation).data
    return np.asarray(np.kron(matrix, matrix.conj()))


def _rotations(name: str, angles: FloatArray) -> ComplexArray:
    """exp(-i angle P / 2), shape (n, 2^k, 2^k)."""
    one = _PAULI["ixyz".index(name[1])]
    generator = one if len(name) == 2 else np.kron(one, one)
    identity = np.eye(len(generator))
    half = angles[:, None, None] / 2
    return np.asarray(np.cos(half) * identity - 1j * np.sin(half) * generator)


def _expectation(flat: ComplexArray, string: NDArray[np.int8]) -> FloatArray:
    """tr(P rho); qubit k is axis k, the first is the most significant bit."""
    matrix = np.ones((1, 1), np.complex128)
    for letter in string:
        matrix = np.kron(matrix, _PAULI[int(letter)])
    rows, columns = np.nonzero(matrix)
    return np.asarray((flat[:, columns, rows] * matrix[rows, columns]).sum(axis=1).real)
