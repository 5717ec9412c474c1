"""Batch, session and plain jobs; what a job is told; what is known of devices."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from localqpu.control_client import LocalqpuControl
from localqpu.http_util import send_direct
from localqpu.server import RunningServer

import backends.ibm.qpu
import backends.ibm.runtime
from backends import open_qpu
from backends.errors import InputError, PausedError, UsageLimitError
from backends.ibm import connection
from backends.ibm.lanes import Lane
from backends.ibm.options import Options
from backends.ibm.pace import Pace
from qpartition import Journal
from tests.backends.ibm.conftest import AT_ONCE, NAMES, Lab


def requests(lab: Lab, method: str) -> list[str]:
    """Paths of requests about batches and sessions."""
    return [r["path"] for r in lab.control.requests() if r["method"] == method and "/sessions" in r["path"]]


@pytest.mark.parametrize("mode", ["batch", "session", "job"])
def test_modes(lab: Lab, faultless: Any, mode: str) -> None:
    lab = replace(lab, options=f"?mode={mode}")
    np.testing.assert_array_equal(lab.run(), faultless)
    lab.check()
    lanes = {(job["backend"], job["session_id"]) for job in lab.control.jobs()}
    if mode == "job":
        assert lanes == {(name, None) for name in NAMES} and not requests(lab, "POST")
    else:  # one for each device, open over both rounds, closed at the end
        assert {name for name, _ in lanes} == set(NAMES) and len(lanes) == 2
        assert len(requests(lab, "POST")) == len(requests(lab, "PATCH")) == 2


@pytest.mark.parametrize("mode", ["session", "job"])
@pytest.mark.parametrize(
    "fault",
    [
        {"method": "POST", "path": "/api/v1/jobs", "status": 503, "times": 2, "phase": "after"},
        {"method": "POST", "path": "/api/v1/sessions", "status": 503, "times": 2},
        {"path": "/api/v1/jobs/*", "drop_connection": True, "times": 3},
    ],
)
def test_faults_in_other_modes(lab: Lab, faultless: Any, mode: str, fault: dict[str, Any]) -> None:
    lab = replace(lab, options=f"?mode={mode}")
    lab.control.set_scenario({**AT_ONCE, "http_faults": [fault]})
    np.testing.assert_array_equal(lab.run(), faultless)
    lab.check()


def test_an_idle_session_is_closed_and_opened_again(lab: Lab, faultless: Any) -> None:
    lab = replace(lab, options="?mode=session&idle=0.2")

    def idle(done: int) -> None:
        for _ in range(500 * done):
            if len(requests(lab, "PATCH")) == 2:
                return
            time.sleep(0.01)
        assert not done, "the sessions stay open"

    np.testing.assert_array_equal(lab.run(between=idle), faultless)
    lab.check()
    assert len(requests(lab, "POST")) == 4
    assert len({job["session_id"] for job in lab.control.jobs()}) == 4


@pytest.mark.parametrize("mode", ["batch", "session"])
def test_one_that_is_closed_from_outside_is_opened_again(
    lab: Lab, server: RunningServer, faultless: Any, mode: str
) -> None:
    lab = replace(lab, options=f"?mode={mode}")

    def close(done: int) -> None:
        for job in lab.control.jobs():
            status, _ = send_direct("PATCH", f"{server.url}/api/v1/sessions/{job['session_id']}", {})
            assert status == 204

    np.testing.assert_array_equal(lab.run(between=close), faultless)
    lab.check()
    assert len({job["session_id"] for job in lab.control.jobs()}) == 4


def test_both_devices_have_their_job_at_the_same_time(lab: Lab, faultless: Any) -> None:
    lab.control.set_scenario({"queue": {"delay_seconds": 0.4}})
    end = lab.in_thread()
    lab.wait_for("Queued", 2)
    assert {job["backend"] for job in lab.control.jobs()} == set(NAMES)
    np.testing.assert_array_equal(end(), faultless)
    lab.check()


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The options of every job that is submitted."""
    seen: list[Any] = []

    class Sampler(backends.ibm.runtime.Sampler):  # type: ignore[misc]
        def run(self, *arguments: Any, **options: Any) -> Any:
            seen.append(self.options)
            return super().run(*arguments, **options)

    monkeypatch.setattr(backends.ibm.runtime, "Sampler", Sampler)
    return seen


def test_the_usual_options(lab: Lab, told: list[Any]) -> None:
    lab.run()
    assert len(told) == 4
    with Journal.read(lab.journal) as journal:
        tags = {entry.tag for entry in journal.entries()}
    assert {tag for options in told for tag in options.environment.job_tags} == tags and len(tags) == 4
    for options in told:
        assert not options.dynamical_decoupling.enable
        assert not options.twirling.enable_gates and not options.twirling.enable_measure


def test_options_reach_the_job(lab: Lab, told: list[Any]) -> None:
    replace(lab, options="?dd=XY4&twirl=both&rep_delay=50e-6").run(rounds=1)
    assert len(told) == 2
    for options in told:
        assert options.dynamical_decoupling.enable and options.dynamical_decoupling.sequence_type == "XY4"
        assert options.twirling.enable_gates and options.twirling.enable_measure
        assert options.execution.rep_delay == 50e-6


@pytest.mark.parametrize(("twirl", "gates", "measure"), [("gates", True, False), ("measure", False, True)])
def test_either_twirling(lab: Lab, twirl: str, gates: bool, measure: bool) -> None:
    options = backends.ibm.runtime.Sampler(mode=lab.qpus[0].backend.backend).options
    backends.ibm.runtime.set_options(options, Options(twirl=twirl), "tag", None)
    assert (options.twirling.enable_gates, options.twirling.enable_measure) == (gates, measure)


def test_a_job_may_take_what_is_left_of_the_budget(lab: Lab, told: list[Any]) -> None:
    replace(lab, budget=100.0).run()
    spent = lab.plan.forward.qpu_seconds
    first, second = ([options.max_execution_time for options in some] for some in (told[:2], told[2:]))
    assert 95 < sum(first) <= 100  # both jobs of the round together
    assert 95 - spent < sum(second) <= 100 - spent


def test_a_round_that_is_too_large_for_a_job(
    lab: Lab, told: list[Any], faultless: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backends.ibm.qpu, "MAX_EXECUTIONS", 64)
    lab.plans = {}
    values = lab.run()
    jobs = lab.control.jobs()
    assert len(jobs) == 8 and all(job["status"] == "Completed" for job in jobs)
    assert values.shape == faultless.shape
    assert lab.run() is not None and len(lab.control.jobs()) == 8


def test_the_least_busy_device(lab: Lab) -> None:
    def busy(fez: Any, torino: Any) -> str:
        lab.control.set_scenario({"backends": {NAMES[0]: fez, NAMES[1]: torino}})
        return open_qpu("ibm:least_busy").name

    assert busy({"queue_length": 5}, {"queue_length": 2}) == "ibm:ibm_torino"
    assert busy({"queue_length": 1, "status": "offline"}, {"queue_length": 2}) == "ibm:ibm_torino"
    with pytest.raises(PausedError, match="no device of the account is on line; try again later"):
        busy({"status": "offline"}, {"status": "offline"})


def test_live_calibration_is_that_of_the_snapshot(lab: Lab) -> None:
    for live, name in zip(lab.qpus, ("fez", "torino"), strict=True):
        fake = open_qpu(f"fake:{name}")
        assert live.num_qubits == fake.num_qubits and live.coupling_map == fake.coupling_map
        # the client drops the time zone
        assert replace(live.calibration, date=fake.calibration.date) == fake.calibration
        assert [core.qubits for core in live.cores(4)] == [core.qubits for core in fake.cores(4)]
        again = open_qpu(f"ibm:ibm_{name}", live.snapshot())
        assert again.calibration == live.calibration


def test_a_device_that_is_not_there(lab: Lab) -> None:
    with pytest.raises(InputError, match=r"unknown IBM device 'ibm_fes': did you mean 'ibm_fez'\?"):
        open_qpu("ibm:ibm_fes").cores(2)


def test_an_account_that_is_not_accepted(control: LocalqpuControl, ibm: Callable[[], Any]) -> None:
    control.set_scenario({"auth": {"reject_tokens": True}})
    with pytest.raises(InputError, match=r"does not accept the account .*QISKIT_IBM_TOKEN"):
        open_qpu("ibm:ibm_fez").cores(2)


@pytest.fixture
def lost(lab: Lab) -> Lab:
    """One device is off line for good."""
    lab.control.set_scenario({**AT_ONCE, "backends": {NAMES[0]: {"status": "offline"}}})
    return replace(lab, policy=replace(lab.policy, offline=0.3), plans={})


def on_torino(lab: Lab) -> list[str]:
    jobs = lab.control.jobs()
    assert all(job["status"] == "Completed" for job in jobs if job["backend"] == NAMES[1])
    return [job["id"] for job in jobs if job["backend"] == NAMES[1]]


def test_the_work_of_a_lost_device_moves(lost: Lab, faultless: Any) -> None:
    values = lost.run()
    np.testing.assert_allclose(values, faultless, atol=0.75)  # other qubits, other shots: five standard errors
    assert len(on_torino(lost)) == len(lost.control.jobs()) == 3
    with Journal.read(lost.journal) as journal:
        (move,) = journal.moves()
        assert (move.round, move.qpu) == (0, "ibm:ibm_fez") and set(move.placement) == {"a"}
        assert any("its work moves to ibm:ibm_torino/" in text for _, _, text in journal.notes())
    lost.control.set_scenario(AT_ONCE)  # it is back, but what has been measured stays
    np.testing.assert_array_equal(lost.run(), values)
    assert len(lost.control.jobs()) == 3


def test_a_move_is_repeated_where_a_run_goes_on(lost: Lab) -> None:
    def limit(done: int) -> None:
        if done:
            lost.control.set_scenario({"usage": {"limit_seconds": 1, "consumed_seconds": 1}})

    with pytest.raises(UsageLimitError):
        lost.run(between=limit)
    assert len(lost.control.jobs()) == 2
    lost.control.set_scenario(AT_ONCE)
    lost.run()
    assert len(on_torino(lost)) == len(lost.control.jobs()) == 3


def test_a_job_that_waits_moves_too(lost: Lab, faultless: Any) -> None:
    lost.control.set_scenario({"queue": {"delay_seconds": 0.4}})
    end = lost.in_thread()
    lost.wait_for("Queued", 2)
    lost.control.set_scenario({**AT_ONCE, "backends": {NAMES[0]: {"status": "offline"}}})
    np.testing.assert_allclose(end(), faultless, atol=0.75)
    left = [job["status"] for job in lost.control.jobs() if job["backend"] == NAMES[0]]
    assert left == ["Cancelled"] and len(on_torino(lost)) == 3


def test_a_mapping_by_hand_is_not_changed(lost: Lab) -> None:
    lost = replace(lost, mapping={"a": "ibm:ibm_fez/0", "b": "ibm:ibm_torino/0"})
    with pytest.raises(PausedError, match="ibm:ibm_fez is off line and its sub-VQCs may run nowhere else; resume when"):
        lost.run()
    lost.control.set_scenario(AT_ONCE)
    lost.run()
    lost.check()


class Clock:
    """Time passes when somebody rests."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def rest(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize(("pace", "window", "most"), [(5.0, 60.0, 5), (0.5, 120.0, 1), (2.5, 48.0, 2)])
def test_pace(pace: float, window: float, most: int) -> None:
    clock = Clock()
    paced, sent = Pace(pace, clock), []
    for _ in range(20):
        paced.wait(clock.rest)
        sent.append(clock.now)
    assert sent[:most] == [100.0] * most
    for first, last in zip(sent, sent[most:], strict=False):
        assert last - first >= window - 1e-9
    assert sent[-1] == pytest.approx(100.0 + window * ((20 - 1) // most))


def test_no_pace_is_no_wait_and_a_stopped_run_sends_nothing() -> None:
    for _ in range(100):
        Pace(None).wait(lambda seconds: pytest.fail("waited"))
    clock = Clock()
    paced = Pace(1.0, clock)
    paced.wait(clock.rest)

    def stopped(seconds: float) -> None:
        raise PausedError("stopped")

    with pytest.raises(PausedError):
        paced.wait(stopped)
    clock.rest(60.0)
    paced.wait(lambda seconds: pytest.fail("what was not sent counts"))


class Bare:
    """What a lane asks of a device."""

    name = "ibm_fez"

    def open_lane(self, mode: str, seconds: float | None) -> str:
        raise UsageLimitError("You are not authorized to run a session when using the open plan.")


def test_no_more_jobs_wait_than_may() -> None:
    lane, stop, sent = Lane(Bare(), Options(mode="job")), threading.Event(), list[str]()  # type: ignore[arg-type]

    def submit(name: str) -> None:
        lane.submit(lambda _: sent.append(name) or name, None, 2, stop)  # type: ignore[func-returns-value]

    submit("one")
    lane.waits("of an earlier process")
    third = threading.Thread(target=submit, args=("two",))
    third.start()
    time.sleep(0.05)
    assert sent == ["one"]
    lane.ended("one")
    third.join(5)
    assert sent == ["one", "two"]
    stop.set()
    with pytest.raises(PausedError, match="stopped while 2 jobs wait on ibm_fez"):
        submit("three")
    lane.given_up("two")
    lane.waits("two")  # it takes a while until the service has cancelled it
    with pytest.raises(PausedError, match="stopped before a job was submitted to ibm_fez"):
        submit("three")
    stop.clear()
    submit("three")
    assert sent == ["one", "two", "three"]


def test_a_plan_without_sessions_says_what_to_use() -> None:
    lane = Lane(Bare(), Options(mode="session"))  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"opens no session .*use \?mode=batch, the Open plan has no sessions"):
        lane.submit(lambda _: "", None)


@pytest.mark.parametrize(("plan", "pace", "pending"), [("open", 5.0, 3), ("premium", None, None)])
def test_the_open_plan_is_paced(
    lab: Lab, plan: str, pace: float | None, pending: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = connection.account()
    crn = account.service.active_instance()
    monkeypatch.setattr(account.service, "instances", lambda: [{"crn": crn, "plan": plan}])
    qpu, chosen = open_qpu("ibm:ibm_fez"), open_qpu("ibm:ibm_fez?pace=30&pending=9")
    assert qpu._most_pending == pending and qpu._pace._seconds == (60.0 if pace else 0.0)  # type: ignore[attr-defined]
    assert chosen._most_pending == 9 and chosen._pace._number == 30  # type: ignore[attr-defined]


def test_a_page_that_is_no_result_is_asked_for_again(lab: Lab, faultless: Any) -> None:
    fault = {"path": "/api/v1/jobs/*/results", "status": 200, "message": "a proxy's page", "times": 2}
    lab.control.set_scenario({**AT_ONCE, "http_faults": [fault]})
    np.testing.assert_array_equal(lab.run(), faultless)
    lab.check()


def test_a_service_that_lists_no_devices(ibm: Callable[[], Any], control: LocalqpuControl) -> None:
    control.set_scenario({"http_faults": [{"path": "/api/v1/backends", "status": 404, "times": 99}]})
    with pytest.raises(PausedError, match="lists no devices for this account"):
        open_qpu("ibm:ibm_fez").cores(2)
