"""Pieces of cut circuits whose device goes off line: they move, values stay those of the whole, all is paid once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backends import open_qpu
from qpartition import Dispatcher, Journal, Plan, Topology, Workload, plan
from qpartition.cutting import cut
from tests.qpartition.cloud import QUICK, CloudQPU, paid, run_and_replay
from tests.qpartition.cutting import circuits
from tests.qpartition.cutting.training import BATCH, STEPS, Model, step

SHOTS = 10


def lossy(devices: list[CloudQPU], **options: Any) -> Plan:
    """The model of the tests, cut to pieces of two qubits on these devices."""
    workload = Workload.of(Model(), BATCH, STEPS)
    return plan(workload, Topology(devices, 2), shots=SHOTS, wide="cut", **options)


@pytest.fixture(scope="module")
def exact() -> dict[str, Any]:
    """Values and derivatives of a step of the uncut model."""
    found = {}
    for jacobian in ("deferred", "fused"):
        whole = plan(
            Workload.of(Model(), BATCH, STEPS), Topology([open_qpu("exact")], 4), shots=None, jacobian=jacobian
        )  # type: ignore[arg-type]
        with Dispatcher(whole) as devices:
            found[jacobian] = np.concatenate(step(devices, Model(), jacobian == "fused"))
    return found


@pytest.mark.parametrize("most", [None, 40 * SHOTS])
@pytest.mark.parametrize("mitigation", [(), ("zne",)])
@pytest.mark.parametrize(("jacobian", "capacity"), [("deferred", 0), ("deferred", 2), ("fused", 1)])
def test_pieces_move(
    jacobian: Any, capacity: int, mitigation: Any, most: int | None, exact: dict[str, Any], tmp_path: Path
) -> None:
    """Lost at the start, between values and derivatives, or between two steps; with ``most`` in the middle of a round."""
    devices = [CloudQPU("a", most=most), CloudQPU("b", most=most), CloudQPU("c")]
    made = lossy(devices, jacobian=jacobian, mitigation=mitigation)
    jobs = made.step.per_qpu["a"].jobs
    devices[0].capacity = capacity if most is None else jobs - 1 if capacity else 1
    assert made.cuts and all(f"{name}/" in str(made) for name in "abc")
    first = run_and_replay(
        made, devices, tmp_path / "journal", lambda d: np.concatenate(step(d, Model(), jacobian == "fused"))
    )
    with Journal.read(tmp_path / "journal") as reader, Dispatcher(made, journal=reader) as d:
        np.testing.assert_allclose(np.concatenate(step(d, Model(), jacobian == "fused")), exact[jacobian], atol=1e-9)
        ((number, lost),) = ((move.round, move.qpu) for move in reader.moves())
        assert lost == "a" and jobs > (3 if most else 1) and (most is not None or number == capacity)
        submitted = sum(one.sets for one in paid(devices))
        assert first.report().parameter_sets == submitted
        if most is None:
            assert submitted == made.step.parameter_sets
        else:  # a piece of which a part was measured is measured anew, as a whole
            again = submitted - made.step.parameter_sets
            assert 0 <= again < made.step.per_qpu["a"].parameter_sets
    assert first.report().rounds == made.step.rounds


def test_values_that_were_measured_on_a_lost_device_serve_their_derivatives(tmp_path: Path) -> None:
    """The angle of a cut gate costs nothing: its derivative is that of values which another device measured."""
    circuit = circuits.entangled(2, ["rzz"], seed=3)
    values, strings = circuits.angles_of(circuit, 3), ["IZ", "ZI"]
    k = cut(circuit, strings, cuts="AB")
    devices = [CloudQPU(name) for name in "ab"]
    made = plan(k.workload(3), Topology(devices, 1), shots=SHOTS)
    with Journal(tmp_path / "journal") as journal, Dispatcher(made, journal=journal, retry=QUICK) as d:
        plain = k.expectations(values, executor=d)
        before = sum(one.sets for one in paid(devices))
        devices[0].off = True
        slopes = k.jacobian(values, executor=d)
    assert before == made.forward.parameter_sets
    np.testing.assert_allclose(plain.values, circuits.truth(circuit, values, strings), atol=1e-9)
    np.testing.assert_allclose(slopes.values, k.jacobian(values).values, atol=1e-9)
    assert [one.round for one in devices[0].done] == [0] and sorted(one.round for one in devices[1].done) == [0, 1, 1]
