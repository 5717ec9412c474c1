"""All kinds of device behave the same: values, shots, seeds, seconds, jobs."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit.circuit.library import get_standard_gate_name_mapping

from backends import QPU, Request, open_qpu
from backends.device import Device, cropped_target
from backends.gates import PARAMETERISED
from tests.backends.circuits import FloatArray, angles, chen2020, ideal

GATES = get_standard_gate_name_mapping()


def values_of(
    qpu: QPU, circuit: QuantumCircuit, values: FloatArray, outputs: int, shots: int | None = None
) -> FloatArray:
    core = qpu.cores(circuit.num_qubits)[0]
    return qpu.run([Request(circuit, values, outputs, core)], shots, seed=1).result()[0].values


@pytest.mark.parametrize("spec", ["exact", "aer"])
@pytest.mark.parametrize("qubits", [1, 2, 4])
def test_ideal_devices_give_ideal_values(spec: str, qubits: int) -> None:
    circuit = chen2020(qubits, 2)
    values = angles(circuit, 5)
    for outputs in {1, qubits}:
        np.testing.assert_allclose(
            values_of(open_qpu(spec), circuit, values, outputs), ideal(circuit, values, outputs), atol=1e-12
        )


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_aer_agrees_with_exact_whatever_the_gates(data: st.DataObject) -> None:
    """Also on circuits that leave the first qubits idle, where Aer's truncation of qubits is known to bite."""
    width = data.draw(st.integers(2, 4))
    vector = ParameterVector("v", 3)
    circuit = QuantumCircuit(width)
    first = data.draw(st.integers(0, width - 2))
    for name in data.draw(
        st.lists(st.sampled_from([*PARAMETERISED, "h", "sx", "cx", "iswap", "r"]), min_size=1, max_size=8)
    ):
        gate = GATES[name]
        qubits = data.draw(st.permutations(range(first, width)))[: gate.num_qubits]
        params = [data.draw(st.sampled_from([vector[0], vector[1] - 2 * vector[2], 0.3])) for _ in gate.params]
        circuit.append(type(gate)(*params) if params else gate, qubits)
    values = angles(circuit, 3)
    outputs = data.draw(st.integers(1, width))
    np.testing.assert_allclose(
        values_of(AER, circuit, values, outputs), values_of(EXACT, circuit, values, outputs), atol=1e-9
    )


AER, EXACT = open_qpu("aer"), open_qpu("exact")


def test_noise_shrinks_expectations() -> None:
    circuit = chen2020(3)
    values = angles(circuit, 20)
    noisy, exact = (values_of(open_qpu(spec), circuit, values, 3) for spec in ("fake:nairobi", "exact"))
    assert 0.7 < np.linalg.norm(noisy) / np.linalg.norm(exact) < 0.98
    np.testing.assert_allclose(noisy, exact, atol=0.35)


def test_shots_scatter_around_the_exact_values(qpu: QPU) -> None:
    circuit = chen2020(2)
    values = np.repeat(angles(circuit, 3), 150, axis=0)
    exact = values_of(qpu, circuit, values, 2)
    core = qpu.cores(2)[0]
    found = qpu.run([Request(circuit, values, 2, core)], 256, seed=3).result()[0]
    pulls = (found.values - exact) / found.stderr
    assert abs(pulls.mean()) < 5 / np.sqrt(pulls.size)
    assert 0.85 < pulls.std() < 1.15


def test_seeds(qpu: QPU) -> None:
    circuit = chen2020(2)
    request = Request(circuit, angles(circuit, 8), 2, qpu.cores(2)[0])

    def draw(seed: int | None) -> list[FloatArray]:
        return [r.values for r in qpu.run([request, request], 200, seed=seed).result()]

    first, again, other, free, free_again = draw(7), draw(7), draw(8), draw(None), draw(None)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert not np.array_equal(free, free_again)
    assert not np.array_equal(first[0], first[1])


def test_values_go_with_the_callers_parameters(qpu: QPU) -> None:
    """Circuits of one structure with parameters of their own, in one job and across jobs."""
    named = [chen2020(2, phi=a, theta=b) for a, b in (("phi", "theta"), ("a", "z"), ("p", "q"))]
    core = qpu.cores(2)[0]
    sets = [angles(circuit, 4, seed) for seed, circuit in enumerate(named)]
    together = qpu.run([Request(c, v, 2, core) for c, v in zip(named, sets, strict=True)]).result()
    for circuit, values, found in zip(named, sets, together, strict=True):
        alone = qpu.run([Request(circuit, values, 2, core)]).result()[0]
        np.testing.assert_array_equal(found.values, alone.values)
        np.testing.assert_allclose(found.values, ideal(circuit, values, 2), atol=0.35)
        isa = qpu.transpile(circuit, core)
        assert set(isa.parameters) <= set(circuit.parameters)


def test_different_circuits_on_different_cores_in_one_job(qpu: QPU) -> None:
    small, fixed = chen2020(2), QuantumCircuit(2)
    fixed.x(1)
    cores = qpu.cores(2)
    requests = [Request(small, angles(small, 3), 1, cores[1]), Request(fixed, np.empty((5, 0)), 2, cores[0])]
    found = qpu.run(requests).result()
    assert [f.values.shape for f in found] == [(3, 1), (5, 2)]
    np.testing.assert_allclose(found[1].values, np.tile([1.0, -1.0], (5, 1)), atol=0.15)


def test_a_circuit_on_a_wider_core(qpu: QPU) -> None:
    circuit = chen2020(2)
    values = angles(circuit, 4)
    wide = qpu.cores(None)[0]
    found = qpu.run([Request(circuit, values, 2, wide)]).result()[0]
    np.testing.assert_allclose(found.values, ideal(circuit, values, 2), atol=0.3)


def test_transpiled_once_per_structure_and_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    from backends import templates

    monkeypatch.setenv("QPARTITION_CACHE", "off")
    calls: list[str] = []
    original = templates.transpiled
    monkeypatch.setattr(templates, "transpiled", lambda c, t: (calls.append(c.name), original(c, t))[1])
    qpu = open_qpu("fake:nairobi")
    cores = qpu.cores(2)
    circuits = [chen2020(2, phi=name) for name in "abcd"]
    requests = [Request(c, angles(c, 2), 1, cores[0]) for c in circuits]
    qpu.seconds(requests, 100)
    qpu.run(requests).result()
    qpu.profile(circuits[1], cores[1], 1)
    qpu.transpile(circuits[0], qpu.core(reversed(cores[1].qubits)))
    assert len(calls) == 1
    qpu.transpile(chen2020(2, 2), cores[0])
    assert len(calls) == 2


def test_seconds_follow_the_usage_guide() -> None:
    """Durations against Qiskit's own scheduling of the measured circuit."""
    qpu = open_qpu("fake:fez")
    core, circuit = qpu.cores(3)[0], chen2020(3, 2)
    target = cropped_target(Device("fez", qpu.device.target), core.qubits)
    measured = qpu.transpile(circuit, core).copy()
    measured.measure_all()
    shot = measured.estimate_duration(target, unit="s")
    requests = [Request(circuit, angles(circuit, sets), 2, core) for sets in (10, 30)]
    assert qpu.seconds(requests, 1000) == pytest.approx(2 + 40 * 1000 * (250e-6 + shot), rel=1e-9)
    assert 1e-6 < shot < 20e-6
    assert qpu.seconds(requests, None) == 0.0


@pytest.mark.parametrize("spec", ["exact", "aer"])
def test_ideal_devices_bill_nothing(spec: str) -> None:
    qpu = open_qpu(spec)
    assert qpu.seconds([Request(chen2020(1), angles(chen2020(1), 9), 1, qpu.cores(1)[0])], 1000) == 0.0


def test_jobs_have_their_own_ids_and_run_at_once() -> None:
    """Two devices work at the same time: each waits for the other inside its job."""
    barrier = threading.Barrier(2, timeout=60)
    handles = []
    for _ in range(2):
        qpu = open_qpu("exact")
        original = qpu._execute

        def waiting(*args: object, original: object = original) -> object:
            barrier.wait()
            return original(*args)  # type: ignore[operator]

        qpu._execute = waiting  # type: ignore[method-assign]
        handles.append(qpu.run([Request(chen2020(1), angles(chen2020(1), 1), 1, qpu.cores(1)[0])]))
    assert handles[0].job_id != handles[1].job_id
    assert all(len(handle.result()) == 1 for handle in handles)
    np.testing.assert_array_equal(handles[0].result()[0].values, handles[1].result()[0].values)


def test_a_failing_job_says_which_and_why() -> None:
    qpu = open_qpu("exact")

    def broken(*_: object) -> list[object]:
        raise MemoryError("no room")

    qpu._execute = broken  # type: ignore[method-assign, assignment]
    handle = qpu.run([Request(chen2020(1), angles(chen2020(1), 1), 1, qpu.cores(1)[0])])
    for _ in range(2):
        with pytest.raises(RuntimeError, match=rf"job {handle.job_id} on exact failed: MemoryError: no room"):
            handle.result()
