"""Circuits that measure a sign on the way: every device against what the measurements mean."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit.quantum_info import Statevector

from backends import InputError, Request, open_qpu
from backends.aer import AerEngine
from backends.device import cropped_target
from backends.noise import noise_model


def example(qubits: int, signs: int, seed: int, depth: int = 3) -> QuantumCircuit:
    """Random rotations and CZ with measurements between them, one parameter per rotation."""
    rng = np.random.default_rng(seed)
    circuit, angles = QuantumCircuit(qubits, signs), iter(ParameterVector("t", depth * qubits))
    where = rng.integers(depth, size=signs)
    for layer in range(depth):
        for q in range(qubits):
            [circuit.rx, circuit.ry, circuit.rz][rng.integers(3)](next(angles), q)
        for q in range(qubits - 1):
            circuit.cz(q, q + 1)
        circuit.h(range(qubits))
        for bit in np.flatnonzero(where == layer):
            circuit.measure(int(rng.integers(qubits)), int(bit))
    return circuit


def expected(circuit: QuantumCircuit, values: np.ndarray, outputs: int) -> np.ndarray:
    """<s Z> of the outputs and <s>, by walking through every combination of outcomes with a state vector."""
    bound = circuit.assign_parameters(dict(zip(circuit.parameters, values, strict=True)))
    total = np.zeros(outputs + 1)
    for outcomes in product((0, 1), repeat=circuit.num_clbits):
        state = Statevector.from_int(0, 2**circuit.num_qubits)
        for item in bound.data:
            qubits = [bound.find_bit(q).index for q in item.qubits]
            if item.name == "measure":
                array = state.data.reshape(-1, 2, 2 ** qubits[0]).copy()
                array[:, 1 - outcomes[bound.find_bit(item.clbits[0]).index]] = 0
                state = Statevector(array.reshape(-1))
            else:
                state = state.evolve(item.operation, qubits)
        weights = np.abs(state.data) ** 2 * (-1) ** sum(outcomes)
        index = np.arange(len(weights))
        total += [*((weights * (1 - 2 * (index >> k & 1))).sum() for k in range(outputs)), weights.sum()]
    return total


@pytest.mark.parametrize("spec", ["exact", "aer"])
@pytest.mark.parametrize(("qubits", "signs", "outputs"), [(1, 1, 1), (2, 1, 0), (3, 2, 2), (3, 3, 1), (4, 1, 4)])
def test_ideal_devices_give_what_the_measurements_mean(spec: str, qubits: int, signs: int, outputs: int) -> None:
    circuit, qpu = example(qubits, signs, seed=qubits + 7 * signs), open_qpu(spec)
    values = np.random.default_rng(1).uniform(-3, 3, (4, circuit.num_parameters))
    core = qpu.cores(qubits)[0]
    request = Request(circuit, values, outputs, core)
    found = qpu.run([request]).result()[0]
    assert found.values.shape == (4, request.columns) == (4, outputs + 1)
    np.testing.assert_allclose(found.values, [expected(circuit, row, outputs) for row in values], atol=1e-12)
    sampled = qpu.run([request], 20_000, seed=3).result()[0]
    assert np.abs((sampled.values - found.values) / sampled.stderr).max() < 5


def test_ideal_derivatives_are_the_slopes_of_the_values() -> None:
    circuit, qpu = example(3, 2, seed=5), open_qpu("exact")
    values = np.random.default_rng(2).uniform(-3, 3, (2, circuit.num_parameters))
    core = qpu.cores(3)[0]
    (slopes,) = qpu.derivatives([Request(circuit, values, 2, core)])
    for k in range(circuit.num_parameters):
        shifted = np.concatenate([values, values])
        shifted[:2, k] += np.pi / 2
        shifted[2:, k] -= np.pi / 2
        at = qpu.run([Request(circuit, shifted, 2, core)]).result()[0].values
        np.testing.assert_allclose(slopes[..., k], (at[:2] - at[2:]) / 2, atol=1e-12)


@pytest.mark.parametrize(("qubits", "signs", "outputs"), [(2, 1, 1), (3, 2, 2), (2, 1, 0)])
def test_a_noisy_core_is_the_same_by_twin_and_aer(qubits: int, signs: int, outputs: int) -> None:
    circuit = example(qubits, signs, seed=3 + qubits)
    values = np.random.default_rng(1).uniform(-3, 3, (3, circuit.num_parameters))
    answers = []
    for spec in ("fake:torino", "fake:torino?engine=aer"):
        qpu = open_qpu(spec)
        request = Request(circuit, values, outputs, qpu.cores(qubits)[0])
        answers.append((qpu.run([request]).result()[0], qpu.run([request], 8192, seed=5).result()[0]))
    (twin, twin_shots), (aer, aer_shots) = answers
    np.testing.assert_allclose(twin.values, aer.values, atol=1e-8)
    assert (
        np.abs(twin.values - [expected(circuit, row, outputs) for row in values]).max() > 1e-3
    )  # noise does something
    for sampled in (twin_shots, aer_shots):
        assert np.abs((sampled.values - twin.values) / sampled.stderr).max() < 5


def test_a_noisy_core_is_as_aer_measures_it_on_the_way() -> None:
    """Aer's own mid-circuit measurements, shot by shot, with the noise model of the core."""
    from qiskit_aer import AerSimulator

    qpu, shots = open_qpu("fake:torino"), 10_000
    circuit, core = example(2, 2, seed=11), qpu.cores(2)[0]
    values = np.random.default_rng(4).uniform(-3, 3, (1, circuit.num_parameters))
    exact = qpu.run([Request(circuit, values, 1, core)]).result()[0].values[0]
    isa = qpu.transpile(circuit, core)
    bound = isa.assign_parameters(dict(zip(circuit.parameters, values[0], strict=True)))
    out = ClassicalRegister(1, "out")
    bound.add_register(out)
    bound.measure(isa.layout.final_index_layout(filter_ancillas=True)[0], out[0])
    noise = noise_model(cropped_target(qpu.device, core.qubits))
    counts = AerSimulator(noise_model=noise, seed_simulator=1).run(bound, shots=shots).result().get_counts()
    mean = np.zeros(2)
    for text, count in counts.items():
        bits = text.replace(" ", "")
        sign = (-1) ** bits[1:].count("1")
        mean += np.array([sign * (1 - 2 * int(bits[0])), sign]) * count / shots
    assert np.abs(mean - exact).max() < 5 / np.sqrt(shots)


def test_a_backend_of_the_users_own_reads_the_sign_from_its_bits() -> None:
    from qiskit_aer import AerSimulator

    qpu, circuit = open_qpu(AerSimulator()), example(2, 2, seed=2)
    values = np.random.default_rng(1).uniform(-3, 3, (3, circuit.num_parameters))
    core = qpu.core((0, 1))
    for outputs in (0, 2):
        found = qpu.run([Request(circuit, values, outputs, core)], 20_000, seed=1).result()[0]
        z = (found.values - [expected(circuit, row, outputs) for row in values]) / found.stderr
        assert np.abs(z).max() < 5


def test_measurements_survive_the_transpiler() -> None:
    qpu, circuit = open_qpu("fake:fez"), example(3, 2, seed=8)
    isa = qpu.transpile(circuit, qpu.cores(3)[0])
    assert isa.count_ops()["measure"] == 2 and isa.num_clbits == 2
    profile = qpu.profile(circuit, qpu.cores(3)[0], 1)
    bare = circuit.copy_empty_like()
    for item in circuit.data:
        if item.name != "measure":
            bare.append(item)
    plain = QuantumCircuit(3)
    for item in bare.data:
        plain.append(item.operation, [bare.find_bit(bit).index for bit in item.qubits])
    assert profile.seconds > qpu.profile(plain, qpu.cores(3)[0], 1).seconds + 1e-6  # measuring takes its time
    assert profile.fidelity < qpu.profile(plain, qpu.cores(3)[0], 1).fidelity


def test_qubits_measured_last_of_all_need_no_more_qubits() -> None:
    """A Pauli string of many qubits, as the sign at the end of a circuit."""
    circuit = QuantumCircuit(20, 20)
    circuit.h(0)
    for q in range(19):
        circuit.cx(q, q + 1)
    circuit.measure(range(20), range(20))
    for spec in ("exact", "aer"):
        qpu = open_qpu(spec)
        found = qpu.run([Request(circuit, np.zeros((1, 0)), 1, qpu.cores(20)[0])]).result()[0]
        np.testing.assert_allclose(found.values, [[0.0, 1.0]], atol=1e-12)


def test_what_is_no_sign_is_refused() -> None:
    qpu = open_qpu("exact")
    core = qpu.cores(2)[0]
    twice = QuantumCircuit(2, 1)
    twice.measure(0, 0)
    twice.measure(1, 0)
    unused = QuantumCircuit(2, 2)
    unused.measure(0, 0)
    conditional = QuantumCircuit(2, 1)
    with conditional.if_test((conditional.clbits[0], 1)):
        conditional.x(0)
    for circuit in (twice, unused, conditional):
        with pytest.raises(InputError, match="classical bits"):
            qpu.run([Request(circuit, np.zeros((1, 0)), 1, core)])
    with pytest.raises(InputError, match=r"outputs=0.*1\.\.2"):
        qpu.run([Request(QuantumCircuit(2), np.zeros((1, 0)), 0, core)])


def test_an_engine_has_a_width_for_signs_too() -> None:
    compact = open_qpu("aer")._circuits.get(example(1, 1, seed=1), open_qpu("aer").cores(1)[0]).compact
    assert compact.signed
    found = AerEngine(None).run(
        compact, np.zeros((1, compact.angles.linear.shape[0])), 1, None, np.random.default_rng(1)
    )
    assert found.values.shape == (1, 2)
