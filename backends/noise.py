"""Aer's noise model of a core, built from the core's qubits only: a tenth of a second instead of many."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit
from qiskit.transpiler import Target

if TYPE_CHECKING:
    from qiskit_aer.noise import NoiseModel

FloatArray = NDArray[np.float64]


def noise_model(target: Target) -> NoiseModel:
    """Gate, relaxation and readout errors of a (cropped) target, as ``NoiseModel.from_backend`` gives them.

    Its extra pass for delays is left out, since it would walk through every circuit; see `relaxing`.
    """
    from qiskit_aer.noise import NoiseModel
    from qiskit_aer.noise.device import basic_device_gate_errors, basic_device_readout_errors

    model = NoiseModel(basis_gates=list(target.operation_names))
    for qubits, error in basic_device_readout_errors(target=target):
        model.add_readout_error(error, qubits)
    for name, qubits, error in basic_device_gate_errors(target=target):
        model.add_quantum_error(error, name, qubits)
    return model


def relaxing(circuit: QuantumCircuit, target: Target) -> QuantumCircuit:
    """A copy in which qubits relax (T1, T2) during delays, as the noise pass of ``NoiseModel.from_backend`` does it."""
    from qiskit.circuit import Delay
    from qiskit_aer.noise import RelaxationNoisePass

    known = target.qubit_properties or [None] * target.num_qubits
    t1s = [np.inf if p is None or p.t1 is None else p.t1 for p in known]
    t2s = [2 * t1 if p is None or p.t2 is None else min(p.t2, 2 * t1) for p, t1 in zip(known, t1s, strict=True)]
    relaxed: QuantumCircuit = RelaxationNoisePass(t1s=t1s, t2s=t2s, op_types=Delay)(circuit)
    return relaxed


def confusion(target: Target) -> FloatArray:
    """Probability of reading j when qubit q is in state i, at [q, i, j]; shape (qubits, 2, 2)."""
    from qiskit_aer.noise.device import basic_device_readout_errors

    matrices = np.tile(np.eye(2), (target.num_qubits, 1, 1))
    for (qubit,), error in basic_device_readout_errors(target=target):
        matrices[qubit] = error.probabilities
    return matrices


def instruments(circuit: QuantumCircuit, confusions: FloatArray) -> QuantumCircuit:
    """The circuit with every measurement of a sign as a channel on its qubit and on one more, the last, that holds the sign.

    Read as 1 in state i with probability confusions[q, i, 1], then the sign's qubit is flipped; the measured one is left
    in the state that was found. Circuits without signs are returned as they are.
    """
    from qiskit.quantum_info import Kraus

    if not circuit.num_clbits:
        return circuit
    made = QuantumCircuit(circuit.num_qubits + 1, name=circuit.name)
    flips = np.array([np.eye(2), [[0, 1], [1, 0]]])
    for item in circuit.data:
        qubits = [circuit.find_bit(bit).index for bit in item.qubits]
        if item.name != "measure":
            made.append(item.operation, qubits)
            continue
        kept = np.array([np.diag([1.0, 0.0]), np.diag([0.0, 1.0])])
        operators = [
            np.sqrt(confusions[qubits[0], i, r]) * np.kron(flips[r], kept[i])
            for i in (0, 1)
            for r in (0, 1)
            if confusions[qubits[0], i, r] > 0
        ]
        made.append(Kraus(operators).to_instruction(), [qubits[0], circuit.num_qubits])
    return made


def misread(probabilities: FloatArray, confusions: FloatArray) -> FloatArray:
    """Outcome probabilities after readout errors.

    Args:
        probabilities: Shape (sets, 2^outputs); bit k of the column number is output k; more bits are left as they are.
        confusions: Shape (outputs, 2, 2), of the qubits the outputs are read from.
    """
    sets, outcomes = probabilities.shape
    for k, matrix in enumerate(confusions):
        split = probabilities.reshape(sets, outcomes >> (k + 1), 2, 1 << k)
        probabilities = np.einsum("shil,ij->shjl", split, matrix).reshape(sets, outcomes)
    return probabilities
