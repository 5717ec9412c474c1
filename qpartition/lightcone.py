"""Which parameters of a circuit can influence what is measured: the light cone of the outputs, in Pauli strings."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction, Gate, Instruction, Parameter, ParameterExpression
from qiskit.circuit.library import PhaseGate, RXGate, RXXGate, RYGate, RYYGate, RZGate, RZXGate, RZZGate
from qiskit.quantum_info import Operator

from backends.checks import check_signs, checked_outputs
from backends.errors import InputError, check_is

Pauli = tuple[int, ...]
"""One letter per qubit as its two bits (x, z), so that a product is an XOR: I, X, Z, Y = 0, 1, 2, 3."""
ID, X, Z, Y = range(4)
FULL = frozenset((ID, X, Z, Y))
MATRICES = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[1, 0], [0, -1]], [[0, -1j], [1j, 0]]])
LARGEST = 3
"""Fixed gates on more qubits are taken to do anything: their Pauli transfer matrix is too large to look at."""

GENERATORS: dict[type[Instruction], Pauli] = {
    RXGate: (X,), RYGate: (Y,), RZGate: (Z,), PhaseGate: (Z,),
    RXXGate: (X, X), RYYGate: (Y, Y), RZZGate: (Z, Z), RZXGate: (Z, X),
}  # fmt: skip
"""Rotations exp(-i angle P/2), whose generator has the eigenvalues +-1/2 the two-term shift rule needs (Sec. II.E)."""


class _Step(NamedTuple):
    """One instruction: a rotation of a parameter, the measurement of a sign, or a fixed gate (``matrix`` is None where it
    is unknown).
    """

    qubits: tuple[int, ...]
    generator: Pauli = ()
    parameter: int = -1
    matrix: bytes | None = None
    sign: bool = False


def active_parameters(circuit: QuantumCircuit, outputs: int) -> NDArray[np.bool_]:
    """Which parameters can influence <Z> of qubits 0..outputs-1; for the others the derivative is exactly zero.

    The observables are followed backwards through the circuit, keeping for every qubit the Pauli letters that
    may stand there. A rotation matters only if its generator anticommutes with a string of such letters: an RZ
    before a Z is free, and so is everything outside the light cone. Unknown gates are taken to do anything. The
    measurement of a sign turns I into Z, Z into I, and lets nothing else through.

    Returns:
        One flag per parameter, in the order of ``circuit.parameters``.

    Raises:
        InputError: If a parameter occurs twice, or anywhere but alone in a rotation gate.
    """
    check_is(circuit, QuantumCircuit, "give a Qiskit circuit")
    number = checked_outputs(outputs, circuit, f"circuit {circuit.name!r}: ")
    check_signs(circuit)
    return np.array(_active(_steps(circuit), circuit.num_qubits, number, circuit.num_parameters), dtype=bool)


def _steps(circuit: QuantumCircuit) -> tuple[_Step, ...]:
    """The instructions as plain, hashable data; every parameter is checked to be in exactly one rotation."""
    index = {parameter: i for i, parameter in enumerate(circuit.parameters)}
    number = {qubit: i for i, qubit in enumerate(circuit.qubits)}
    steps: list[_Step] = []
    for instruction in circuit.data:
        if instruction.operation.name != "barrier":
            qubits = tuple(number[qubit] for qubit in instruction.qubits)
            parameter = _parameter(instruction, circuit.name)
            steps.append(_step(instruction.operation, qubits, -1 if parameter is None else index[parameter]))
    seen = Counter(step.parameter for step in steps)
    for parameter, i in index.items():
        if seen[i] != 1:
            raise InputError(
                f"parameter {parameter.name!r} of circuit {circuit.name!r} is in {seen[i]} rotation gates, "
                "not one; give every rotation its own parameter (the shift rule needs it)"
            )
    return tuple(steps)


def _step(operation: Instruction, qubits: tuple[int, ...], parameter: int) -> _Step:
    if parameter >= 0:
        return _Step(qubits, GENERATORS[operation.base_class], parameter)
    return _Step(qubits, matrix=_matrix(operation), sign=operation.name == "measure")


def _parameter(instruction: CircuitInstruction, circuit: str) -> Parameter | None:
    """The parameter of an instruction, if it has one."""
    operation = instruction.operation
    free = [p for p in operation.params if isinstance(p, ParameterExpression) and p.parameters]
    if not free:
        return None
    if operation.base_class not in GENERATORS or not isinstance(free[0], Parameter):
        raise InputError(
            f"{operation.name}({', '.join(map(str, free))}) in circuit {circuit!r} has no two-term shift rule; use one "
            "parameter alone in rx, ry, rz, p, rxx, ryy, rzz or rzx (decompose() or scale the angle outside)"
        )
    return free[0]


def _matrix(operation: Instruction) -> bytes | None:
    if not isinstance(operation, Gate) or operation.num_qubits > LARGEST:
        return None
    return np.asarray(Operator(operation).data, dtype=complex).tobytes()


@lru_cache(maxsize=1024)
def _active(steps: tuple[_Step, ...], num_qubits: int, outputs: int, parameters: int) -> tuple[bool, ...]:
    letters = [frozenset((ID, Z)) if q < outputs else frozenset((ID,)) for q in range(num_qubits)]
    active = [False] * parameters
    for step in reversed(steps):
        strings = product(*(letters[q] for q in step.qubits))
        if step.parameter >= 0:
            moved = {s for s in strings if _anticommute(s, step.generator)}
            active[step.parameter] = bool(moved)
            turned = {tuple(p ^ g for p, g in zip(s, step.generator, strict=True)) for s in moved}
            for position, q in enumerate(step.qubits):
                letters[q] |= {s[position] for s in turned}
        elif step.sign:
            (q,) = step.qubits
            letters[q] = frozenset({ID: Z, Z: ID}[letter] for letter in letters[q] if letter in (ID, Z))
        elif step.matrix is None:
            for q in step.qubits:
                letters[q] = FULL
        else:
            image = _image(step.matrix, len(step.qubits))
            after = [t for s in strings for t in image[s]]
            for position, q in enumerate(step.qubits):
                letters[q] = frozenset(t[position] for t in after)
    return tuple(active)


def _anticommute(a: Pauli, b: Pauli) -> bool:
    return sum((p & 1) * (q >> 1) + (p >> 1) * (q & 1) for p, q in zip(a, b, strict=True)) % 2 == 1


@lru_cache(maxsize=4096)
def _image(matrix: bytes, qubits: int) -> dict[Pauli, tuple[Pauli, ...]]:
    """Which Pauli strings occur in U^+ P U, for every string P on the gate's own qubits."""
    unitary = np.frombuffer(matrix, dtype=complex).reshape(2**qubits, 2**qubits)
    strings = list(product(range(4), repeat=qubits))
    paulis = np.array([_string_matrix(s) for s in strings])
    evolved = unitary.conj().T @ paulis @ unitary
    weight = np.abs(np.einsum("qij,pji->pq", paulis, evolved)) / 2**qubits
    return {s: tuple(strings[q] for q in np.flatnonzero(weight[p] > 1e-12)) for p, s in enumerate(strings)}


def _string_matrix(string: Pauli) -> NDArray[np.complex128]:
    """The matrix of a Pauli string; qubit 0 is the last factor, as in Qiskit."""
    matrix = np.eye(1, dtype=complex)
    for letter in string:
        matrix = np.kron(MATRICES[letter], matrix)
    return matrix
