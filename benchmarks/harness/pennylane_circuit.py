"""PennyLane's default.qubit with backprop: the circuit both interfaces share."""

from __future__ import annotations

from typing import Any

import pennylane as qml

from .cases import Case, couplings


def circuit(case: Case, interface: str) -> Any:
    """A QNode: angles (2, qubits, n), weights (depth, qubits, 3, n) -> probabilities (n, 2**qubits).

    Probabilities of one execution are faster here than one expectation value per qubit.
    """

    def probabilities(angles: Any, weights: Any) -> Any:
        for k in range(case.qubits):
            qml.Hadamard(k)
            qml.RY(angles[0, k], k)
            qml.RZ(angles[1, k], k)
        for layer in range(case.depth):
            for pair in couplings(case.qubits):
                qml.CNOT(pair)
            for k in range(case.qubits):
                qml.Rot(weights[layer, k, 0], weights[layer, k, 1], weights[layer, k, 2], k)
        return qml.probs(wires=range(case.qubits))

    device = qml.device("default.qubit", wires=case.qubits)
    return qml.QNode(probabilities, device, interface=interface, diff_method="backprop")
