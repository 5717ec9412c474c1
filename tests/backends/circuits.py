"""Circuits that several tests use."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit.quantum_info import Pauli, Statevector

FloatArray = NDArray[np.float64]


def chen2020(qubits: int, depth: int = 1, phi: str = "phi", theta: str = "theta") -> QuantumCircuit:
    """H, RY and RZ encoding, then ring of CNOTs and general rotations."""
    inputs, weights = ParameterVector(phi, 2 * qubits), iter(ParameterVector(theta, 3 * qubits * depth))
    circuit = QuantumCircuit(qubits)
    circuit.h(range(qubits))
    for k in range(qubits):
        circuit.ry(inputs[k], k)
        circuit.rz(inputs[qubits + k], k)
    for _ in range(depth):
        for k in range(qubits if qubits > 1 else 0):
            circuit.cx(k, (k + 1) % qubits)
        for k in range(qubits):
            circuit.rz(next(weights), k)
            circuit.ry(next(weights), k)
            circuit.rz(next(weights), k)
    return circuit


def angles(circuit: QuantumCircuit, sets: int, seed: int = 0) -> FloatArray:
    """Random parameter sets."""
    return np.random.default_rng(seed).uniform(-np.pi, np.pi, (sets, circuit.num_parameters))


def ideal(circuit: QuantumCircuit, values: FloatArray, outputs: int) -> FloatArray:
    """<Z> by Qiskit's own statevector, one parameter set at a time; shape (sets, outputs)."""
    rows = []
    for row in values:
        state = Statevector(circuit.assign_parameters(row) if circuit.num_parameters else circuit)
        rows.append([state.expectation_value(Pauli("Z"), [k]).real for k in range(outputs)])
    return np.array(rows)
