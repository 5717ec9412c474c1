"""Backends that run circuits themselves, and generic ones that are simulated."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit_aer import AerSimulator
from qiskit_ibm_runtime.fake_provider import FakeManilaV2

from backends import InputError, Request, open_qpu
from tests.backends.circuits import angles, chen2020, ideal


def test_an_ideal_simulator_object() -> None:
    qpu = open_qpu(AerSimulator(max_parallel_threads=1))
    cores = qpu.cores(3)
    assert cores[1].qubits == (3, 4, 5) and cores[1].edges == ()
    circuit = chen2020(3)
    values = angles(circuit, 6)
    found = qpu.run([Request(circuit, values, 2, cores[1])] * 2, 4000, seed=1).result()
    pulls = (found[1].values - ideal(circuit, values, 2)) / found[1].stderr
    assert np.abs(pulls).max() < 5
    again = qpu.run([Request(circuit, values, 2, cores[1])] * 2, 4000, seed=1).result()
    np.testing.assert_array_equal(found[0].values, again[0].values)
    with pytest.raises(InputError, match="returns shots only"):
        qpu.run([Request(circuit, values, 2, cores[1])])


def test_a_noisy_simulator_object_agrees_with_the_fake_it_was_made_from() -> None:
    native, fake = open_qpu(AerSimulator.from_backend(FakeManilaV2())), open_qpu("fake:manila")
    circuit = chen2020(3)
    values = angles(circuit, 4)
    core = native.cores(3)[0]
    assert core.qubits == fake.cores(3)[0].qubits
    found = native.run([Request(circuit, values, 3, core)], 20_000, seed=2).result()[0]
    exact = fake.run([Request(circuit, values, 3, fake.cores(3)[0])]).result()[0]
    assert np.abs((found.values - exact.values) / found.stderr).max() < 5


def test_a_generic_backend_is_simulated_from_its_target() -> None:
    qpu = open_qpu(GenericBackendV2(4, coupling_map=[[0, 1], [1, 0], [1, 2], [2, 1], [2, 3], [3, 2]], seed=3))
    circuit = chen2020(3)
    values = angles(circuit, 4)
    found = qpu.run([Request(circuit, values, 3, qpu.cores(3)[0])]).result()[0]
    np.testing.assert_allclose(found.values, ideal(circuit, values, 3), atol=0.2)
    assert qpu.calibration.rep_delay == 250e-6
    assert qpu.limits.max_shots == 100_000
