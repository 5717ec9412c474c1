"""Noisy expectations by Aer's density matrix, one parameter set at a time; readout error applied by hand."""

from __future__ import annotations

import numpy as np
from qiskit import QuantumCircuit
from qiskit_aer import AerSimulator
from qiskit_aer.noise.device import basic_device_readout_errors

from backends.core import Core
from backends.device import cropped_target
from backends.noise import noise_model, relaxing
from backends.simulated import SnapshotQPU
from tests.backends.circuits import FloatArray


def final_states(qpu: SnapshotQPU, circuit: QuantumCircuit, core: Core, values: FloatArray) -> FloatArray:
    """Diagonals of the density matrices of the core, shape (sets, 2, ..., 2); axis q + 1 is core qubit q."""
    target, isa = cropped_target(qpu.device, core.qubits), qpu.transpile(circuit, core)
    isa = relaxing(isa, target) if "delay" in isa.count_ops() else isa
    isa.save_density_matrix()
    simulator = AerSimulator(method="density_matrix", noise_model=noise_model(target))
    bound = [isa.assign_parameters(dict(zip(circuit.parameters, row, strict=True)), strict=False) for row in values]
    found = [np.diag(one.data.density_matrix).real for one in simulator.run(bound).result().results]
    width = core.num_qubits
    return np.array(found).reshape(-1, *(2,) * width).transpose(0, *range(width, 0, -1))


def expectations(
    qpu: SnapshotQPU, circuit: QuantumCircuit, core: Core, values: FloatArray, outputs: int, readout: bool = True
) -> FloatArray:
    """<Z> of the outputs, shape (sets, outputs)."""
    states = final_states(qpu, circuit, core, values)
    wires = qpu.transpile(circuit, core).layout.final_index_layout(filter_ancillas=True)
    errors = {q[0]: e for q, e in basic_device_readout_errors(target=cropped_target(qpu.device, core.qubits))}
    columns = []
    for wire in wires[:outputs]:
        p = np.moveaxis(states, wire + 1, 1).reshape(len(values), 2, -1).sum(-1)
        read = p @ errors[wire].probabilities if readout and wire in errors else p
        columns.append(read[:, 0] - read[:, 1])
    return np.array(columns).T
