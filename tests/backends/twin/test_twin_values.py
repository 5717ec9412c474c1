"""The twin's exact values against Aer's density matrix; what it computes once must be what each set would give alone."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit.providers.fake_provider import GenericBackendV2

from backends import InputError, Request, open_qpu
from backends.angles import Angles
from backends.device import cropped_target
from backends.isa import CompactCircuit
from backends.simulated import SnapshotQPU
from backends.twin import program
from backends.twin.channels import Channels
from backends.twin.engine import TwinEngine
from backends.twin.reading import Reading
from qlstm.ansatz import Ansatz
from qlstm.circuits import circuit
from qpartition.shifts import Shifts
from tests.backends.circuits import FloatArray, angles, chen2020, ideal
from tests.backends.twin.reference import expectations

CASES = [
    ("fez", 3, "chen2020", "ring2"), ("fez", 4, "chen2024", "none"), ("fez", 5, "reupload", "ring"),
    ("fez", 6, "chen2020", "linear"), ("torino", 3, "chen2024", "brick"), ("torino", 4, "reupload", "ring2"),
    ("torino", 5, "chen2020", "none"), ("torino", 6, "chen2024", "ring"), ("brisbane", 3, "reupload", "linear"),
    ("brisbane", 4, "chen2020", "brick"), ("brisbane", 5, "chen2024", "ring2"), ("brisbane", 6, "reupload", "brick"),
]  # fmt: skip
"""Every device with every width and preset, every width with every preset, entanglers in turn."""


@cache
def fake(name: str) -> SnapshotQPU:
    qpu = open_qpu(f"fake:{name}")
    assert isinstance(qpu, SnapshotQPU)
    return qpu


@pytest.mark.parametrize(("device", "qubits", "preset", "entangler"), CASES)
def test_values_are_those_of_aers_density_matrix(device: str, qubits: int, preset: str, entangler: str) -> None:
    qpu, made = fake(device), circuit(Ansatz.named(preset, depth=1, entangler=entangler), qubits, qubits)
    core, values = qpu.cores(qubits)[1], angles(made, 2, qubits)
    found = qpu.run([Request(made, values, qubits, core)]).result()[0]
    np.testing.assert_allclose(found.values, expectations(qpu, made, core, values, qubits), atol=1e-8, rtol=0)
    assert not found.stderr.any()
    compact = qpu._circuits.get(made, core).compact
    twin = program.compiled(
        compact, Channels(cropped_target(qpu.device, tuple(core.qubits[q] for q in compact.qubits)))
    )
    silent = twin.evaluate(values, Reading.expectations(twin.wires[:qubits], None))
    without = expectations(qpu, made, core, values, qubits, readout=False)
    np.testing.assert_allclose(silent, without, atol=1e-8, rtol=0)
    assert np.abs(without - found.values).max() > 1e-4


def test_values_and_shots_of_the_aer_engine() -> None:
    qpu, checked, made = fake("torino"), open_qpu("fake:torino?engine=aer"), chen2020(4)
    core, values = qpu.cores(4)[0], angles(made, 5)
    found, exact = (one.run([Request(made, values, 3, core)]).result()[0].values for one in (qpu, checked))
    np.testing.assert_allclose(found, exact, atol=1e-8, rtol=0)
    sampled = checked.run([Request(made, values, 3, core)], 20_000, seed=3).result()[0]
    assert 0 < np.abs((sampled.values - exact) / sampled.stderr).max() < 5


@pytest.mark.parametrize("gates", [["cx", "rz", "sx", "x"], ["cx", "u", "id"], ["cp", "ry", "rx"], ["rzz", "rx", "rz"]])
def test_generic_backends_whatever_their_gates(gates: list[str]) -> None:
    """Also merged and moved angles: the slots need not be single parameters."""
    ring = [[0, 1], [1, 0], [1, 2], [2, 1]]
    qpu = open_qpu(GenericBackendV2(3, basis_gates=gates, coupling_map=ring, seed=4))
    assert isinstance(qpu, SnapshotQPU)
    made = chen2020(3, 2)
    core, values = qpu.cores(3)[0], angles(made, 3)
    found = qpu.run([Request(made, values, 2, core)]).result()[0].values
    np.testing.assert_allclose(found, expectations(qpu, made, core, values, 2), atol=1e-8, rtol=0)


def test_angles_that_merge_parameters() -> None:
    """rz(phi) rz(theta) of one qubit becomes one gate; products of parameters are no sums."""
    a, b = ParameterVector("a", 4), ParameterVector("b", 2)
    made = QuantumCircuit(2)
    for q in range(2):
        made.ry(a[q], q)
        made.rz(a[2 + q], q)
        made.rz(b[q] * 0.5 + 0.1, q)
    made.cx(0, 1)
    made.ry(b[0] * b[1], 0)
    qpu = fake("fez")
    core, values = qpu.cores(2)[0], angles(made, 6)
    values[2:, 4:] = values[0, 4:]
    found = qpu.run([Request(made, values, 2, core)]).result()[0].values
    np.testing.assert_allclose(found, expectations(qpu, made, core, values, 2), atol=1e-8, rtol=0)


def shifted_rounds(made: QuantumCircuit, inputs: int, rows: int) -> FloatArray:
    """Parameter sets as in a round of the shift rule: few distinct weights, many distinct inputs."""
    base = angles(made, rows, 1)
    base[:, inputs:] = base[0, inputs:]
    wanted = np.ones(base.shape, dtype=bool)
    return np.random.default_rng(0).permutation(np.concatenate([base, Shifts.of(wanted).values(base)]))


@pytest.mark.parametrize("preset", ["chen2020", "reupload"])
@pytest.mark.parametrize("entries", [2**23, 2**12])
def test_equal_rows_are_computed_once_and_give_the_same(
    preset: str, entries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole rounds, also in pieces of little memory, against sets that share nothing, one at a time."""
    monkeypatch.setattr(program, "_ENTRIES", entries)
    qpu, made = fake("fez"), circuit(Ansatz.named(preset), 2, 3)
    core, inputs = qpu.cores(3)[0], sum(p.name.startswith("phi") for p in made.parameters)
    values = shifted_rounds(made, inputs, 6)
    request = Request(made, values, 2, core)
    found = qpu.run([request]).result()[0].values
    for i in np.random.default_rng(1).choice(len(values), 12, replace=False):
        alone = qpu.run([Request(made, values[i : i + 1], 2, core)]).result()[0].values
        np.testing.assert_allclose(found[i : i + 1], alone, atol=1e-13, rtol=0)


def test_without_noise_it_is_exact() -> None:
    made = chen2020(3, 2)
    values = angles(made, 4)
    compact = open_qpu("exact")._circuits.get(made, open_qpu("exact").cores(3)[0]).compact
    found = TwinEngine(None).run(compact, values, 3, None, np.random.default_rng(0)).values
    np.testing.assert_allclose(found, ideal(made, values, 3), atol=1e-12)


def test_ten_qubits_work_and_eleven_are_refused() -> None:
    qpu, made = fake("torino"), circuit(Ansatz.chen2024(1, entangler="linear"), 1, 10)
    core, values = qpu.cores(10)[0], angles(made, 1)
    checked = open_qpu("fake:torino?engine=aer")
    found, exact = (one.run([Request(made, values, 2, core)]).result()[0].values for one in (qpu, checked))
    np.testing.assert_allclose(found, exact, atol=1e-8, rtol=0)
    wide = CompactCircuit(QuantumCircuit(11), (), Angles.of([], ()), tuple(range(11)), tuple(range(11)))
    with pytest.raises(InputError, match="at most 10 qubits, the circuit uses 11; use more parts, or cut it"):
        program.compiled(wide, Channels(None))
