"""Cropped noise is the full device's noise, restricted: channel by channel, and in what a circuit gives."""

from __future__ import annotations

import copy
from functools import cache

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import SuperOp
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel, QuantumError
from qiskit_aer.noise.device import basic_device_gate_errors, basic_device_readout_errors
from qiskit_ibm_runtime.fake_provider import FakeFez, FakeManilaV2, FakeNairobiV2

from backends import Request, open_qpu
from backends.device import Device, cropped_target
from backends.noise import confusion, misread, noise_model
from tests.backends.circuits import FloatArray, angles, chen2020

Errors = dict[tuple[str, tuple[int, ...]], QuantumError]


@cache
def full_noise(backend_class: type) -> NoiseModel:
    return NoiseModel.from_backend(backend_class())


def errors_of(model: NoiseModel) -> Errors:
    return {(name, where): e for name, local in model._local_quantum_errors.items() for where, e in local.items()}


def readout_of(model: NoiseModel) -> dict[int, FloatArray]:
    return {where[0]: e.probabilities for where, e in model._local_readout_errors.items()}


def assert_same_channels(cropped: Errors, full: Errors, qubits: tuple[int, ...]) -> None:
    for (name, where), error in cropped.items():
        physical = tuple(qubits[q] for q in where)
        np.testing.assert_allclose(SuperOp(error).data, SuperOp(full[name, physical]).data, atol=1e-9)


def test_channels_are_those_of_the_whole_device() -> None:
    qubits = (3, 5, 1)
    device = Device.of(FakeNairobiV2(), "nairobi")
    model, full = noise_model(cropped_target(device, qubits)), full_noise(FakeNairobiV2)
    inside = {key for key in errors_of(full) if set(key[1]) <= set(qubits)}
    assert {(name, tuple(qubits[q] for q in where)) for name, where in errors_of(model)} == inside
    assert len([name for name, where in inside if len(where) == 2]) == 4
    assert_same_channels(errors_of(model), errors_of(full), qubits)
    for q, probabilities in readout_of(model).items():
        np.testing.assert_array_equal(probabilities, readout_of(full)[qubits[q]])


def test_channels_of_a_fez_core_from_its_properties() -> None:
    """The target of a 156-qubit chip against Aer's other road, the backend properties, kept to the core's gates."""
    qpu = open_qpu("fake:fez")
    core = qpu.cores(4)[0]
    cropped = errors_of(noise_model(cropped_target(Device.of(FakeFez(), "fez"), core.qubits)))
    properties = copy.copy(FakeFez().properties())
    properties.gates = [gate for gate in properties.gates if set(gate.qubits) <= set(core.qubits)]
    full = {(name, tuple(where)): error for name, where, error in basic_device_gate_errors(properties)}
    gates = {key: error for key, error in cropped.items() if key[0] in ("sx", "x", "id", "cz")}
    assert sum(len(where) == 2 for _, where in gates) == len(core.edges) >= 6
    assert sum(len(where) == 1 for _, where in gates) == 3 * 4
    assert_same_channels(gates, full, core.qubits)


def densities(circuit: QuantumCircuit, model: NoiseModel, values: FloatArray) -> list[FloatArray]:
    circuit = circuit.copy()
    circuit.save_density_matrix()
    simulator = AerSimulator(method="density_matrix", noise_model=model)
    bound = [circuit.assign_parameters(row) for row in values]
    return [np.asarray(r.data.density_matrix) for r in simulator.run(bound).result().results]


@pytest.mark.parametrize("width", [2, 3, 5])
def test_density_matrices_are_those_of_the_whole_device(width: int) -> None:
    """The same transpiled circuit under the cropped model, and put back onto the chip under the full one."""
    qpu = open_qpu("fake:manila")
    core = qpu.cores(width)[0]
    circuit = qpu.transpile(chen2020(min(width, 3)), core)
    placed = QuantumCircuit(5)
    placed.compose(circuit, core.qubits, inplace=True)
    values = angles(circuit, 3)
    device = Device.of(FakeManilaV2(), "manila")
    cropped = densities(circuit, noise_model(cropped_target(device, core.qubits)), values)
    whole = densities(placed, full_noise(FakeManilaV2), values)
    for small, big in zip(cropped, whole, strict=True):
        np.testing.assert_allclose(small, reduced(big, core.qubits, 5), atol=1e-9)


def reduced(density: FloatArray, keep: tuple[int, ...], qubits: int) -> FloatArray:
    """Partial trace in plain numpy; ``keep[k]`` becomes qubit k."""
    tensor = density.reshape((2,) * (2 * qubits))
    lost = [q for q in range(qubits) if q not in keep]
    axes = [qubits - 1 - q for q in (*reversed(keep), *lost)]
    tensor = tensor.transpose([*axes, *(qubits + axis for axis in axes)])
    kept, rest = 2 ** len(keep), 2 ** len(lost)
    return np.einsum("akbk->ab", tensor.reshape(kept, rest, kept, rest))


@pytest.mark.parametrize("outputs", [1, 2, 3])
def test_exact_expectations_include_gate_noise_and_readout_error(outputs: int) -> None:
    """shots=None against the full-device density matrix, with the readout error applied by hand."""
    qpu = open_qpu("fake:manila")
    core, source = qpu.cores(3)[0], chen2020(3)
    values = angles(source, 4)
    found = qpu.run([Request(source, values, outputs, core)]).result()[0]
    isa = qpu.transpile(source, core)
    wires = isa.layout.final_index_layout(filter_ancillas=True)
    placed = QuantumCircuit(5)
    placed.compose(isa, core.qubits, inplace=True)
    assert list(placed.parameters) == list(source.parameters)
    flips = readout_of(full_noise(FakeManilaV2))
    for row, density in zip(found.values, densities(placed, full_noise(FakeManilaV2), values), strict=True):
        for k in range(outputs):
            q = core.qubits[wires[k]]
            up, down = np.diag(reduced(density, (q,), 5)).real
            read = np.array([up, down]) @ flips[q]
            assert row[k] == pytest.approx(read[0] - read[1], abs=1e-9)
    assert not found.stderr.any()


def test_readout_error_of_joint_outcomes() -> None:
    """Against the Kronecker product of the confusion matrices."""
    target = cropped_target(Device.of(FakeManilaV2(), "manila"), (4, 0, 2))
    matrices = confusion(target)
    for (q,), error in basic_device_readout_errors(target=target):
        np.testing.assert_array_equal(matrices[q], error.probabilities)
    given = np.random.default_rng(0).dirichlet(np.ones(8), size=6)
    whole = np.kron(matrices[2], np.kron(matrices[1], matrices[0]))
    np.testing.assert_allclose(misread(given, matrices), given @ whole, atol=1e-14)


def test_shots_follow_the_distribution_of_aers_own_counts() -> None:
    """Joint outcomes of the product's shots against AerSimulator with the full model and real measurements."""
    qpu = open_qpu("fake:manila")
    core, source = qpu.cores(3)[0], chen2020(3)
    values, shots = angles(source, 6), 20_000
    found = qpu.run([Request(source, values, 3, core)], shots, seed=5).result()[0]
    isa = qpu.transpile(source, core)
    wires = isa.layout.final_index_layout(filter_ancillas=True)
    placed = QuantumCircuit(5, 3)
    placed.compose(isa, core.qubits, inplace=True)
    placed.measure([core.qubits[q] for q in wires], range(3))
    simulator = AerSimulator(method="density_matrix", noise_model=full_noise(FakeManilaV2))
    result = simulator.run([placed.assign_parameters(row) for row in values], shots=shots, seed_simulator=1).result()
    for i in range(len(values)):
        counts = result.get_counts(i)
        real = [sum(n * (-1) ** int(bits[2 - k]) for bits, n in counts.items()) / shots for k in range(3)]
        assert np.all(np.abs(found.values[i] - real) < 5 * np.sqrt(2) * found.stderr[i])
