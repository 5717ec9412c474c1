"""Variants of circuits: folding keeps the unitary and multiplies the noise; basis states read as the calibration says."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import Operator
from qiskit_aer import AerSimulator

from backends import Request, Variant, open_qpu
from backends.device import cropped_target
from backends.errors import InputError
from backends.noise import confusion, noise_model
from backends.qpu import FloatArray
from tests.qpartition import toy

CIRCUIT = toy.circuit()
VALUES = np.random.default_rng(0).uniform(-3, 3, (3, CIRCUIT.num_parameters))


def run(spec: str, variant: Variant, outputs: int = 2) -> FloatArray:
    qpu = open_qpu(spec)
    return qpu.run([Request(CIRCUIT, VALUES, outputs, qpu.cores(3)[0], variant)]).result()[0].values


@pytest.mark.parametrize("spec", ["exact", "aer"])
def test_without_noise_folding_changes_nothing(spec: str) -> None:
    np.testing.assert_allclose(run(spec, Variant(fold=3)), toy.z(CIRCUIT, VALUES, 2), atol=1e-9)


@pytest.mark.parametrize("spec", ["exact", "aer"])
@pytest.mark.parametrize("state", [0, 1])
def test_without_noise_basis_states_are_read_as_they_are(spec: str, state: int) -> None:
    assert (run(spec, Variant(prepare=state)) == 1 - 2 * state).all()


@pytest.mark.parametrize("spec", ["fake:fez", "fake:brisbane", "fake:lima"])
def test_folded_noise_is_that_of_the_circuit_with_every_two_qubit_gate_three_times(spec: str) -> None:
    qpu = open_qpu(spec)
    core = qpu.cores(3)[0]
    target = cropped_target(qpu.device, core.qubits)  # type: ignore[attr-defined]
    isa = qpu.transpile(CIRCUIT, core)
    wires = isa.layout.final_index_layout(filter_ancillas=True)[:2]
    repeated = isa.copy_empty_like()
    for item in isa.data:
        for _ in range(3 if len(item.qubits) == 2 else 1):
            repeated.append(item)
    assert Operator(repeated.assign_parameters(VALUES[0])).equiv(Operator(isa.assign_parameters(VALUES[0])))
    simulator = AerSimulator(method="density_matrix", noise_model=noise_model(target))
    matrices = confusion(target)[list(wires)]
    expected = []
    for row in VALUES:
        bound = repeated.assign_parameters(row)
        bound.save_density_matrix()
        state = simulator.run(bound, shots=1).result().data(0)["density_matrix"]
        p1 = [sum(p for bits, p in state.probabilities_dict([w]).items() if bits == "1") for w in wires]
        read = [(1 - p) * m[0, 1] + p * m[1, 1] for p, m in zip(p1, matrices, strict=True)]
        expected.append(1 - 2 * np.array(read))
    np.testing.assert_allclose(run(spec, Variant(fold=3)), expected, atol=1e-7)  # Aer drops what is below 1e-8
    assert np.abs(run(spec, Variant(fold=3))).sum() < np.abs(run(spec, Variant())).sum()


def test_basis_states_on_a_device_show_its_readout_error() -> None:
    qpu = open_qpu("fake:fez")
    core = qpu.cores(3)[0]
    target = cropped_target(qpu.device, core.qubits)  # type: ignore[attr-defined]
    wires = qpu.transpile(CIRCUIT, core).layout.final_index_layout(filter_ancillas=True)[:2]
    misread = confusion(target)[list(wires)]
    np.testing.assert_allclose(
        run("fake:fez", Variant(prepare=0)), np.tile(1 - 2 * misread[:, 0, 1], (3, 1)), atol=1e-9
    )
    flipped = run("fake:fez", Variant(prepare=1))  # the X gate fails a little as well
    np.testing.assert_allclose(flipped, np.tile(1 - 2 * misread[:, 1, 1], (3, 1)), atol=3e-3)


def test_a_folded_circuit_takes_longer_and_a_basis_state_hardly_any_time() -> None:
    qpu = open_qpu("fake:torino")
    core = qpu.cores(3)[0]

    def seconds(variant: Variant) -> float:
        return qpu.seconds([Request(CIRCUIT, VALUES, 2, core, variant)], 1000)

    assert seconds(Variant(prepare=1)) < seconds(Variant()) < seconds(Variant(fold=3))


@pytest.mark.parametrize("variant", [Variant(fold=2), Variant(fold=-1), Variant(prepare=2)])
def test_variants_that_make_no_sense_are_refused(variant: Variant) -> None:
    with pytest.raises(InputError, match="must be odd and at least 1"):
        run("exact", variant)


def test_a_gate_whose_inverse_the_device_lacks_cannot_be_folded() -> None:
    from backends.variants import _folded

    circuit = QuantumCircuit(2)
    circuit.iswap(0, 1)
    with pytest.raises(InputError, match="inverse of 'iswap'"):
        _folded(circuit, 3)
