"""Random circuits, and what Qiskit's Statevector says of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit.quantum_info import SparsePauliOp, Statevector
from qiskit_addon_cutting.instructions import CutWire

FREE = ("rzz", "rxx", "ryy", "crz", "crx", "cry", "cp", "rzx")
FIXED = ("cx", "cz", "cy", "ch", "ecr", "swap", "iswap")


def entangled(
    qubits: int, kinds: Sequence[str], seed: int, pairs: Sequence[tuple[int, int]] | None = None
) -> QuantumCircuit:
    """A layer of rotations, two-qubit gates of the given kinds along a chain (or on ``pairs``), rotations again."""
    rng = np.random.default_rng(seed)
    circuit = QuantumCircuit(qubits)
    angles = iter(ParameterVector("a", 2 * qubits + len(kinds)))
    for q in range(qubits):
        getattr(circuit, str(rng.choice(["rx", "ry"])))(next(angles), q)
    for k, kind in enumerate(kinds):
        a, b = pairs[k] if pairs else (k % (qubits - 1), k % (qubits - 1) + 1)
        free = [next(angles)] if kind in FREE else []
        getattr(circuit, kind)(*free, a, b)
    for q in range(qubits):
        getattr(circuit, str(rng.choice(["rx", "ry", "rz", "p"])))(next(angles), q)
    return circuit


def chain(qubits: int, layers: int = 1, kind: str = "cx") -> QuantumCircuit:
    """RY on every qubit, then layers of a chain of two-qubit gates and RY: the linear entangler."""
    circuit = QuantumCircuit(qubits)
    angles = iter(ParameterVector("a", (layers + 1) * qubits + layers * (qubits - 1)))
    for q in range(qubits):
        circuit.ry(next(angles), q)
    for _ in range(layers):
        for q in range(qubits - 1):
            free = [next(angles)] if kind in FREE else []
            getattr(circuit, kind)(*free, q, q + 1)
        for q in range(qubits):
            circuit.ry(next(angles), q)
    return circuit


def without_marks(circuit: QuantumCircuit) -> QuantumCircuit:
    """The circuit without its marks of cut wires."""
    plain = QuantumCircuit(circuit.num_qubits)
    for item in circuit.data:
        if not isinstance(item.operation, CutWire):
            plain.append(item.operation, [circuit.find_bit(bit).index for bit in item.qubits])
    return plain


def truth(circuit: QuantumCircuit, values: Any, observables: Sequence[Any]) -> Any:
    """Expectations by Qiskit, (n, observables)."""
    operators = [one if isinstance(one, SparsePauliOp) else SparsePauliOp(one) for one in observables]
    bound = [Statevector(circuit.assign_parameters(row)) for row in values]
    return np.array([[state.expectation_value(one).real for one in operators] for state in bound])


def differences(circuit: QuantumCircuit, values: Any, observables: Any) -> Any:
    """Sixth-order central differences of Qiskit's expectations, (n, observables, parameters)."""
    h, weights = 0.05, {1: 3 / 4, 2: -3 / 20, 3: 1 / 60}
    columns = []
    for p in range(circuit.num_parameters):
        step = np.eye(circuit.num_parameters)[p] * h
        around = {n: truth(circuit, values + n * step, observables) for n in (*weights, *(-n for n in weights))}
        columns.append(sum(w * (around[n] - around[-n]) for n, w in weights.items()) / h)
    return np.stack(columns, axis=-1)


def angles_of(circuit: QuantumCircuit, sets: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).uniform(-3, 3, (sets, circuit.num_parameters))


class Model:
    """Anything with circuits."""

    def __init__(self, circuit: QuantumCircuit, outputs: int, **metadata: Any) -> None:
        circuit.name = "wide"
        circuit.metadata = {"outputs": outputs, "inputs": 0, "weights": circuit.num_parameters, **metadata}
        self._circuit = circuit

    def circuits(self) -> list[QuantumCircuit]:
        return [self._circuit]
