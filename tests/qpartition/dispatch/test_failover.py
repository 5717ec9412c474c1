"""A device goes off line: its work moves, values stay right, everything is paid once, and the journal repeats it all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backends.errors import InputError, PausedError
from qpartition import Dispatcher, Journal, Plan, Topology, Workload, plan
from qpartition.journal import Move
from tests.qpartition import toy
from tests.qpartition.cloud import QUICK, CloudQPU, paid, run_and_replay
from tests.qpartition.dispatch.plans import T

LISTED = [toy.circuit(key, qubits=1, outputs=1, inputs=1, depth=1) for key in "stuvw"]
SHOTS = 10
STILL: Callable[[int], object] = lambda done: None  # noqa: E731


def placed(devices: Sequence[CloudQPU], **options: Any) -> Plan:
    return plan(Workload.of(toy.Model(LISTED), 2, T), Topology(devices), shots=SHOTS, **options)


def rounds(between: Callable[[int], object] = STILL, number: int = T) -> Callable[[Dispatcher], Any]:
    """Rounds of random angles, and something that happens before each."""

    def work(devices: Dispatcher) -> Any:
        found = []
        for done in range(number):
            between(done)
            inputs, weights = toy.angles(LISTED, rows=2, seed=done)
            found.append(np.stack([one.value for one in devices.values(inputs, weights).values()]))
        return np.array(found)

    return work


def truth(number: int = T) -> Any:
    found = []
    for done in range(number):
        inputs, weights = toy.angles(LISTED, rows=2, seed=done)
        sets = {c.name: np.hstack([inputs[c.name], np.tile(weights[c.name], (2, 1))]) for c in LISTED}
        found.append(np.stack([toy.z(c, sets[c.name], 1) for c in LISTED]))
    return np.array(found)


def once(action: Callable[[], None], at: int) -> Callable[[int], object]:
    """Let something happen before a round, the first time it is run."""
    left = [action]

    def between(done: int) -> None:
        if done == at and left:
            left.pop()()

    return between


def switch(*devices: CloudQPU, off: bool = True) -> Callable[[], None]:
    def act() -> None:
        for device in devices:
            device.off = off

    return act


@pytest.mark.parametrize("lost", [1, 2])
def test_between_rounds(lost: int, tmp_path: Path) -> None:
    devices = [CloudQPU(name) for name in "abc"]
    p, path = placed(devices), tmp_path / "journal"
    work = rounds(once(switch(*devices[:lost]), at=1))
    first = run_and_replay(p, devices, path, work)
    np.testing.assert_allclose(work(first_again(p, path)), truth(), atol=1e-12)
    assert sum(one.sets for one in paid(devices)) == p.forward.parameter_sets == len(LISTED) * 2 * T  # every set once
    assert first.report().parameter_sets == p.forward.parameter_sets
    with Journal.read(path) as journal:
        assert [(move.round, move.qpu) for move in journal.moves()] == [(1, name) for name in "abc"[:lost]]
        assert all(core[0] in "abc"[lost:] for move in journal.moves() for core in move.placement.values())
    jobs = [[one.round for one in device.done] for device in devices]
    assert jobs[:lost] == [[0]] * lost
    assert sorted(set(jobs[2])) == [0, 1, 2]


def first_again(p: Plan, path: Path) -> Dispatcher:
    return Dispatcher(p, journal=Journal.read(path))


def test_a_job_that_waits_is_taken_back_and_not_paid(tmp_path: Path) -> None:
    devices = [CloudQPU(name) for name in "ab"]

    def hold() -> None:
        devices[0].holding = True
        devices[0].operational = lambda: not devices[0].jobs or len(devices[0].jobs) < 2  # type: ignore[method-assign]

    run_and_replay(placed(devices), devices, tmp_path / "journal", rounds(once(hold, at=1)))
    assert [job.state.value for job in devices[0].jobs.values()] == ["done", "cancelled"]
    assert len(devices[1].done) == T + 1  # its own, and what came from the other


def test_jobs_that_were_done_before_the_device_was_lost_are_used(tmp_path: Path) -> None:
    """A round of several jobs per device: the first two are paid, and not again."""
    devices = [CloudQPU("a", capacity=2, most=2 * SHOTS), CloudQPU("b", most=2 * SHOTS)]
    p = placed(devices, packing=False)
    assert p.forward.jobs == T * len(LISTED)
    work = rounds(number=2)
    first = run_and_replay(p, devices, tmp_path / "journal", work)
    sets = [
        request.circuit.name for one in paid(devices) if one.round == 0 for b in one.requests for request in b.requests
    ]
    assert sorted(sets) == sorted(c.name for c in LISTED)
    assert len(devices[0].done) == 2
    assert first.report().executions == sum(one.executions for one in paid(devices)) == 2 * len(LISTED) * 2 * SHOTS


def test_parts_of_a_sub_vqc_are_not_mixed_from_two_devices(tmp_path: Path) -> None:
    """One row a job: the device is lost between the rows of a sub-VQC, which is then measured anew as a whole."""
    devices = [CloudQPU("a", capacity=1, offset=0.25, most=SHOTS), CloudQPU("b", most=SHOTS)]
    work = rounds(number=1)
    first = run_and_replay(placed(devices, packing=False), devices, tmp_path / "journal", work)
    np.testing.assert_allclose(work(first_again(first.plan, tmp_path / "journal")), truth(1), atol=1e-12)
    assert first.report().executions == (len(LISTED) * 2 + 1) * SHOTS == sum(one.executions for one in paid(devices))


def test_one_after_the_other_within_a_round(tmp_path: Path) -> None:
    """The host of moved work is lost too, after its own job: what it has delivered is used, the rest moves on."""
    devices = [CloudQPU("a", capacity=1), CloudQPU("b", capacity=2), CloudQPU("c")]
    p, path = placed(devices), tmp_path / "journal"
    first = run_and_replay(p, devices, path, rounds())
    np.testing.assert_allclose(rounds()(first_again(p, path)), truth(), atol=1e-12)
    assert first.report().executions == sum(one.executions for one in paid(devices)) == p.forward.executions
    with Journal.read(path) as journal:
        assert [(move.round, move.qpu) for move in journal.moves()] == [(1, "a"), (1, "b")]


def test_all_are_lost_and_whichever_is_back_first_goes_on(tmp_path: Path) -> None:
    devices = [CloudQPU(name) for name in "ab"]
    p, path = placed(devices), tmp_path / "journal"
    messages = []
    for back in (None, 0, 1):  # nobody; then b is still off line; then a
        work = rounds(lambda done, back=back: switch(*devices)() if done and back is None else None)  # type: ignore[misc]
        if back is not None:
            devices[back].off = False
        with Journal(path) as journal, Dispatcher(p, journal=journal, retry=QUICK) as d:
            if back is None:
                with pytest.raises(PausedError) as error:
                    work(d)
                messages.append(str(error.value))
                assert journal.moves() == []
                with pytest.raises(PausedError):  # asked again in the same process
                    d.values(*toy.angles(LISTED, rows=2, seed=1))
            else:
                np.testing.assert_allclose(work(d), truth(), atol=1e-12)
                assert [move.qpu for move in journal.moves()] == ["b"]
    assert messages == ["a and b are off line and their sub-VQCs may run nowhere else; resume when one is back"]
    assert sum(one.executions for one in paid(devices)) == p.forward.executions


def test_a_device_that_came_back_is_used_again(tmp_path: Path) -> None:
    devices = [CloudQPU(name) for name in "ab"]

    def between(done: int) -> None:
        if not changed:
            devices[0].off, devices[1].off = done == 1, done == 2
            if done == 2:
                changed.append(True)

    changed: list[bool] = []
    first = run_and_replay(placed(devices), devices, tmp_path / "journal", rounds(between))
    with Journal.read(tmp_path / "journal") as journal:
        assert [(move.round, move.qpu) for move in journal.moves()] == [(1, "a"), (2, "b")]
    assert first.report().executions == first.plan.forward.executions
    np.testing.assert_allclose(rounds()(first_again(first.plan, tmp_path / "journal")), truth(), atol=1e-12)


@pytest.mark.parametrize(("capacity", "lost_in"), [(3, [1, 1]), (4, [1, 2]), (5, [1, 3]), (np.inf, [1])])
def test_only_cores_that_work_moved_to_are_calibrated(capacity: float, lost_in: list[int], tmp_path: Path) -> None:
    """Every device reads out in its own way, and after moves the values are right all the same.

    The second device is lost in the same round as the first, in the calibration of its new work, or later.
    """
    devices = [CloudQPU("a", 2, 0.1, 0.7), CloudQPU("b", capacity, -0.05, 0.8), CloudQPU("c", np.inf, 0.02, 0.9)]
    p, path = placed(devices, mitigation=["readout"]), tmp_path / "journal"
    first = run_and_replay(p, devices, path, rounds())
    np.testing.assert_allclose(rounds()(first_again(p, path)), truth(), atol=1e-9)
    with Journal.read(path) as journal:
        assert [(move.round - 1, move.qpu) for move in journal.moves()] == list(zip(lost_in, "ab", strict=False))
        assert not [text for _, _, text in journal.notes() if "paid anew" in text]
    requests = [r for one in paid(devices) for bundle in one.requests for r in bundle.requests]
    known = Counter((r.circuit.name, r.core.name, r.variant.prepare) for r in requests if r.variant.prepare is not None)
    assert set(known.values()) == {1} and {core for _, core, _ in known} >= {"a/0", "b/0", "c/0"}
    measured = sum(r.sets for r in requests if r.variant.prepare is None)
    if lost_in != [1, 2]:  # there, values were measured on a core that was lost before it was calibrated
        assert measured == p.forward.parameter_sets
    assert first.report().parameter_sets == measured + len(known)


def test_a_state_that_was_saved_after_a_move_goes_on_there(tmp_path: Path) -> None:
    devices = [CloudQPU("a", 2, 0.1, 0.7), CloudQPU("b", np.inf, -0.05, 0.8)]
    p, path = placed(devices, mitigation=["readout"]), tmp_path / "journal"
    with Journal(path) as journal, Dispatcher(p, journal=journal, retry=QUICK) as d:
        rounds(number=2)(d)
        state = d.state_dict()
    with Journal(path) as journal, Dispatcher(p, journal=journal, retry=QUICK) as d:
        d.load_state_dict(state)
        found = d.values(*toy.angles(LISTED, rows=2, seed=2))
        np.testing.assert_allclose(np.stack([one.value for one in found.values()]), truth()[2], atol=1e-9)
        assert d.state_dict()["sequence"] == state["sequence"] + 1
    assert len(devices[0].done) == 2 and devices[1].done[-1].round == state["sequence"]


def test_moves_of_another_plan_are_refused(tmp_path: Path) -> None:
    devices = [CloudQPU(name) for name in "ab"]
    with Journal(tmp_path / "journal") as journal:
        journal.moved(Move(0, "a", {"nobody": "b/0"}))
        with Dispatcher(placed(devices), journal=journal, retry=QUICK) as d:
            with pytest.raises(InputError, match="moves work to cores that this plan does not have"):
                rounds()(d)
            with pytest.raises(InputError, match="moves work to cores that this plan does not have"):
                d.load_state_dict({"rounds": 1, "makespan": 0.0, "per_qpu": {}, "sequence": 1})
