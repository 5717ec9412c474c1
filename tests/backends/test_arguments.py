"""What a device takes, and what it refuses in one line before the job."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit

from backends import QPU, Core, InputError, Request, open_qpu
from backends.qpu import Variant
from tests.backends.circuits import angles, chen2020


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


def test_too_wide_to_simulate_with_noise() -> None:
    qpu = open_qpu("fake:fez")
    circuit = QuantumCircuit(13)
    circuit.h(range(13))
    handle = qpu.run([Request(circuit, np.empty((1, 0)), 1, qpu.cores(13)[0])])
    with pytest.raises(InputError, match="at most 10 qubits"):
        handle.result()
