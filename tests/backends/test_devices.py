"""All kinds of device behave the same: values, shots, seeds, cores, ISA circuits, jobs."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit.circuit.library import get_standard_gate_name_mapping
from qiskit.transpiler import CouplingMap

from backends import QPU, Core, InputError, Request, open_qpu
from backends.device import Device, cropped_target
from backends.gates import PARAMETERISED
from backends.qpu import Variant
from tests.backends.circuits import FloatArray, angles, chen2020, ideal

SPECS = ("exact", "aer", "fake:nairobi")
GATES = get_standard_gate_name_mapping()


@pytest.fixture(params=SPECS)
def qpu(request: pytest.FixtureRequest) -> QPU:
    return open_qpu(request.param)


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


def test_the_whole_of_a_large_chip_is_a_core() -> None:
    """Noise is built for the qubits in use only, so this is quick."""
    qpu = open_qpu("fake:torino")
    (core,) = qpu.cores()
    assert 120 < core.num_qubits <= qpu.num_qubits == 133
    circuit = chen2020(2)
    values = angles(circuit, 3)
    found = qpu.run([Request(circuit, values, 2, core)]).result()[0]
    np.testing.assert_allclose(found.values, ideal(circuit, values, 2), atol=0.2)


@pytest.mark.parametrize("spec", ["fake:fez", "fake:torino", "fake:brisbane", "fake:manila"])
@pytest.mark.parametrize("width", [1, 2, 4])
def test_cores_are_disjoint_connected_and_free_of_broken_parts(spec: str, width: int) -> None:
    qpu = open_qpu(spec)
    cores = qpu.cores(width)
    used = [q for core in cores for q in core.qubits]
    assert len(used) == len(set(used)) == width * len(cores)
    target = qpu.device.target
    two_qubit = next(n for n in ("cz", "ecr", "cx") if n in target.operation_names)
    for i, core in enumerate(cores):
        assert (core.qpu, core.index, core.name) == (qpu.name, i, f"{qpu.name}/{i}")
        assert width == 1 or CouplingMap([*core.edges]).is_connected()
        pairs = {}
        for (a, b), error in core.calibration.two_qubit.items():
            physical = target[two_qubit][core.qubits[a], core.qubits[b]].error
            assert error == physical < 1
            pairs[frozenset((a, b))] = error
        singles = sum(target["sx"][(q,)].error + target["measure"][(q,)].error for q in core.qubits)
        assert core.error == pytest.approx(singles + sum(pairs.values()))
        assert core.calibration.t1[0] == target.qubit_properties[core.qubits[0]].t1
        assert set(core.calibration.readout) == set(range(width))
    assert [c.error for c in cores] == sorted(c.error for c in cores)
    assert cores == open_qpu(spec).cores(width)


def test_broken_couplers_are_not_in_the_coupling_map() -> None:
    qpu = open_qpu("fake:fez")
    cz = qpu.device.target["cz"]
    broken = {edge for edge, values in cz.items() if values.error >= 1}
    assert len(broken) == 14
    assert set(qpu.coupling_map) == set(cz) - broken


def test_ideal_cores_are_plenty_and_of_any_width() -> None:
    for spec in ("exact", "aer"):
        qpu = open_qpu(spec)
        cores = qpu.cores(5)
        assert len(cores) == 64
        assert len({q for core in cores for q in core.qubits}) == 320
        assert cores[0].edges == () and cores[0].calibration.is_ideal
        assert qpu.cores()[0].num_qubits == 24


@pytest.mark.parametrize("spec", ["fake:fez", "fake:manila"])
def test_isa_circuits_keep_to_the_core(spec: str) -> None:
    qpu = open_qpu(spec)
    core = qpu.cores(3)[0]
    isa = qpu.transpile(chen2020(3, 2), core)
    assert isa.num_qubits == 3
    for item in isa.data:
        qubits = tuple(isa.find_bit(bit).index for bit in item.qubits)
        assert len(qubits) == 1 or qubits in core.edges
        assert item.name in qpu.device.target.operation_names
    again = open_qpu(spec).transpile(chen2020(3, 2), core)
    assert [(i.name, isa.find_bit(i.qubits[0]).index) for i in isa.data] == [
        (i.name, again.find_bit(i.qubits[0]).index) for i in again.data
    ]


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
    barrier = threading.Barrier(2, timeout=20)
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


def good(qpu: QPU, **changes: object) -> Request:
    circuit = chen2020(2)
    fields = {"circuit": circuit, "values": angles(circuit, 3), "outputs": 2, "core": qpu.cores(2)[0]} | changes
    return Request(**fields)  # type: ignore[arg-type]


def measured() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2)
    circuit.measure(0, 0)  # and nothing into the other bit
    return circuit


NAN = angles(chen2020(2), 3)
NAN[1, 4] = np.nan


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"core": Core("other", 0, (0, 1))}, "core other/0 belongs to other"),
        ({"circuit": chen2020(3), "values": angles(chen2020(3), 1)}, "3 qubits, core .* only 2"),
        ({"outputs": 3}, "outputs=3, but the circuit has 2"),
        ({"outputs": 0}, "outputs=0"),
        ({"values": NAN}, "parameter set 1 holds NaN"),
        ({"values": np.zeros((3, 4))}, r"shape \(3, 4\).*\(sets, 10\)"),
        ({"values": np.zeros(10)}, r"shape \(10,\)"),
        ({"values": np.zeros((0, 10))}, "at least one set"),
        ({"circuit": measured(), "values": np.zeros((1, 0))}, "of its 2 classical bits"),
        *[({"outputs": outputs}, f"outputs={outputs!r}, but the circuit has 2") for outputs in ("2", 1.5, True, None)],
        ({"core": None}, "None is not a Core; take a core of"),
        ({"circuit": None}, "None is not a QuantumCircuit"),
        ({"variant": None}, "None is not a Variant; leave variant out"),
        ({"variant": Variant(fold="3")}, "fold='3' must be odd"),  # type: ignore[arg-type]
        ({"values": "abc"}, "values='abc' are no real numbers"),
        ({"values": [[0.0], [0.0, 1.0]]}, "are no real numbers"),
        ({"values": 1j * angles(chen2020(2), 3)}, "are no real numbers"),
    ],
)
def test_bad_requests_are_refused_before_the_job(qpu: QPU, changes: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        qpu.run([good(qpu, **changes)])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda q, c, core: q.run([3]), r"3 is not a Request; a job is a list of Request\("),
        (lambda q, c, core: q.run(good(q)), "of a job on .* must be a list"),
        (lambda q, c, core: q.run(None), "requests=None of a job on .* must be a list"),
        (lambda q, c, core: q.transpile(None, core), "None is not a QuantumCircuit"),
        (lambda q, c, core: q.transpile(c, None), "None is not a Core"),
        *[(lambda q, c, core, n=n: q.profile(c, core, n), f"outputs={n}, but") for n in (99, 0, None)],
        (lambda q, c, core: q.derivatives([good(q)], 5), "wanted=5 must be a list of masks"),
        (lambda q, c, core: q.derivatives([good(q)], [5]), "request 0: wanted=5 is no mask"),
    ],
)
def test_arguments_of_another_kind(qpu: QPU, use: Any, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        use(qpu, chen2020(2), qpu.cores(2)[0])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("qubits", "message"),
    [
        (3, "qubits=3 of a core of fake:nairobi must be a list"),
        (None, "qubits=None of a core"),
        ([], "needs at least one qubit"),
        ([True], "qubit True of fake:nairobi does not exist"),
        ([1, 1], "qubit 1 of fake:nairobi is named twice"),
    ],
)
def test_chosen_qubits_that_are_refused(qubits: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        open_qpu("fake:nairobi").core(qubits)


def test_numpy_integers_are_integers(qpu: QPU) -> None:
    two, seed = np.int64(2), np.int64(3)
    found = qpu.run([good(qpu, outputs=two)], np.int64(50), seed=seed).result()[0]
    np.testing.assert_array_equal(found.values, qpu.run([good(qpu)], 50, seed=3).result()[0].values)
    assert qpu.cores(two) == qpu.cores(2)
    nairobi = open_qpu("fake:nairobi")
    assert nairobi.core(np.array([1, 2])) == nairobi.core([1, 2])
    assert all(type(q) is int for q in nairobi.core(np.array([1, 2])).qubits)


@pytest.mark.parametrize("shots", [0, -5, 1.5, "many", True])
def test_bad_shots(qpu: QPU, shots: object) -> None:
    with pytest.raises(InputError, match="shots="):
        qpu.run([good(qpu)], shots)  # type: ignore[arg-type]


def test_limits_of_jobs() -> None:
    qpu = open_qpu("fake:nairobi")
    assert qpu.limits.max_shots == 100_000
    with pytest.raises(InputError, match=r"shots=100001 on fake:nairobi: the device takes 1\.\.100000"):
        qpu.run([good(qpu)], 100_001)
    with pytest.raises(InputError, match="at least one request"):
        qpu.run([])
    for seed in (-1, 0.5, True):
        with pytest.raises(InputError, match="seed="):
            qpu.run([good(qpu)], 10, seed=seed)  # type: ignore[arg-type]


def test_cores_that_do_not_exist() -> None:
    fez = open_qpu("fake:fez")
    for width, message in ((157, "157 qubits do not fit on fake:fez, which has 156"), (155, "region .* has 154")):
        with pytest.raises(InputError, match=message + ".*cut the circuit"):
            fez.cores(width)
    for bad in (0, -1, 2.5, "4", True):
        for qpu in (fez, EXACT):
            with pytest.raises(InputError, match="core_qubits="):
                qpu.cores(bad)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="25 qubits do not fit on exact"):
        EXACT.cores(25)
    with pytest.raises(InputError, match=r"qubits \[400\] of fake:fez do not exist"):
        fez.transpile(chen2020(2), Core("fake:fez", 0, (0, 400), ((0, 1),)))


def test_too_wide_to_simulate_with_noise() -> None:
    qpu = open_qpu("fake:fez")
    circuit = QuantumCircuit(13)
    circuit.h(range(13))
    handle = qpu.run([Request(circuit, np.empty((1, 0)), 1, qpu.cores(13)[0])])
    with pytest.raises(InputError, match="at most 10 qubits"):
        handle.result()
