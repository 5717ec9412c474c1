"""One job, delivered once: every path, on a service in memory."""

from __future__ import annotations

import itertools
import random
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from backends.errors import BudgetError, InputError, PausedError
from backends.qpu import Expectations
from backends.remote import Delivery, Missing, Offline, Outcome, RetryPolicy, State, Unreachable
from tests.backends.remote.scripted import QUICK, RESULTS, USUAL, Answer, Crash, NotedLedger, ScriptedQPU, submission

JOB = submission()
LOST = Answer(Unreachable("no answer"))
AFTER = Answer(Unreachable("no answer"), after=True)
BROKEN = (State.QUEUED, State.FAILED)
FAR = (State.QUEUED,)
"""A job that stays where it is."""


@pytest.fixture
def qpu() -> ScriptedQPU:
    return ScriptedQPU()


@pytest.fixture
def ledger(qpu: ScriptedQPU) -> NotedLedger:
    return NotedLedger(qpu)


def check(qpu: ScriptedQPU, ledger: NotedLedger, jobs: int = 1) -> None:
    """The results are there, of one job, and nothing else is left to run."""
    stored = ledger.result(JOB)
    assert stored is not None
    np.testing.assert_array_equal(stored[0].values, RESULTS[0].values)
    done = [a for a in ledger.attempts(JOB) if a.outcome is Outcome.DONE]
    assert len(done) == 1 and not any(a.outcome.is_open for a in ledger.attempts(JOB))
    assert [job.job_id for job in qpu.left_to_run] == [done[0].job_id]
    assert len(qpu.jobs) == jobs


def test_the_order_that_makes_it_safe(qpu: ScriptedQPU, ledger: NotedLedger) -> None:
    assert Delivery(qpu, JOB, ledger, QUICK).run() == RESULTS
    order = [name for name, _ in itertools.groupby(qpu.calls)]
    assert order == [
        "ledger.intend", "find", "operational", "submit", "ledger.accepted", "status", "fetch", "ledger.store",
        "billed", "ledger.billed",
    ]  # fmt: skip
    assert ledger.bills == {"job0": 1.5}
    check(qpu, ledger)


def test_what_the_ledger_has_is_asked_of_nobody(qpu: ScriptedQPU, ledger: NotedLedger) -> None:
    Delivery(qpu, JOB, ledger, QUICK).run()
    qpu.calls.clear()
    assert Delivery(qpu, JOB, ledger, QUICK).run() == RESULTS
    assert qpu.calls == []


def test_it_needs_no_ledger(qpu: ScriptedQPU) -> None:
    assert Delivery(qpu, JOB, policy=QUICK).run() == RESULTS


REQUESTS = ("find", "operational", "submit", "status", "fetch")


@pytest.mark.parametrize("request_", REQUESTS)
@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("answer", [LOST, AFTER], ids=["before", "after"])
def test_an_answer_that_does_not_come(
    qpu: ScriptedQPU, ledger: NotedLedger, request_: str, times: int, answer: Answer
) -> None:
    qpu.script[request_] = [answer] * times
    assert Delivery(qpu, JOB, ledger, QUICK).run() == RESULTS
    check(qpu, ledger)
    assert qpu.calls.count("submit") == (1 if request_ != "submit" or answer is AFTER else times + 1)


def test_a_bill_that_does_not_come_holds_nothing_up(qpu: ScriptedQPU, ledger: NotedLedger) -> None:
    qpu.script["billed"] = [LOST]
    assert Delivery(qpu, JOB, ledger, QUICK).run() == RESULTS
    qpu.seconds_charged = None
    assert Delivery(qpu, submission("6" * 64), ledger, QUICK).run() == RESULTS
    assert ledger.bills == {}


@pytest.mark.parametrize("request_", REQUESTS)
def test_patience_ends_with_a_pause_and_another_delivery_goes_on(
    qpu: ScriptedQPU, ledger: NotedLedger, request_: str
) -> None:
    qpu.script[request_] = [LOST] * 1000
    with pytest.raises(PausedError, match=r"scripted: not reachable for 0\.3 s, at last: no answer"):
        Delivery(qpu, JOB, ledger, QUICK).run()
    del qpu.script[request_]
    assert Delivery(qpu, JOB, ledger, QUICK).run() == RESULTS
    check(qpu, ledger)


def test_the_service_says_how_long_to_wait(qpu: ScriptedQPU, ledger: NotedLedger) -> None:
    qpu.script["submit"] = [Answer(Unreachable("too many", retry_after=0.1))]
    began = time.monotonic()
    Delivery(qpu, JOB, ledger, replace(QUICK, patience=60.0)).run()
    assert time.monotonic() - began >= 0.1
    assert any("too many" in note and "trying again in 0.1 s" in note for note in ledger.notes)
    check(qpu, ledger)


def test_a_wait_longer_than_its_patience_pauses_the_run_at_once(qpu: ScriptedQPU, ledger: NotedLedger) -> None:
    qpu.script["submit"] = [Answer(Unreachable("too many", retry_after=86400.0))]
    began = time.monotonic()
    with pytest.raises(PausedError, match="asks to come back in 86400 s, longer than this waits"):
        Delivery(qpu, JOB, ledger, RetryPolicy()).run()
    assert time.monotonic() - began < 5.0
    Delivery(qpu, JOB, ledger, QUICK).run()
    check(qpu, ledger)


def test_another_attempt_is_paid_from_what_is_left_of_the_budget(qpu: ScriptedQPU, ledger: NotedLedger) -> None:
    qpu.paths = [(State.RUNNING, State.FAILED)]
    left = iter([2.0, 0.5])
    with pytest.raises(BudgetError, match=r"submitting it again would take 1 QPU seconds, 0\.5 are left"):
        Delivery(qpu, replace(JOB, estimated=1.0), ledger, QUICK, lambda: next(left)).run()
    assert qpu.calls.count("submit") == 1


def test_nothing_is_submitted_once_the_run_has_stopped(qpu: ScriptedQPU, ledger: NotedLedger) -> None:
    """The device answers when the run has been stopped meanwhile."""
    delivery = Delivery(qpu, JOB, ledger, QUICK)
    qpu.hook = lambda call, done: delivery.stop.set() if (call, done) == ("operational", True) else None
    with pytest.raises(PausedError, match="stopped before a job was submitted"):
        delivery.run()
    assert "submit" not in qpu.calls and not qpu.jobs
    qpu.hook = lambda call, done: None
    Delivery(qpu, JOB, ledger, QUICK).run()
    check(qpu, ledger)


def test_results_of_another_shape_are_not_written_down(
    qpu: ScriptedQPU, ledger: NotedLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = [Expectations(one.values[:, 0], one.stderr[:, 0]) for one in RESULTS]
    monkeypatch.setattr(qpu, "fetch", lambda *given: odd)
    with pytest.raises(RuntimeError, match="with other shapes than"):
        Delivery(qpu, JOB, ledger, QUICK).run()
    monkeypatch.undo()
    assert Delivery(qpu, JOB, ledger, QUICK).run() == RESULTS


@pytest.mark.parametrize(
    "error", [InputError("invalid circuit; mend it"), BudgetError("no time left"), PausedError("closed")]
)
def test_what_trying_again_does_not_help_stops_at_once(qpu: ScriptedQPU, ledger: NotedLedger, error: Exception) -> None:
    qpu.script["submit"] = [Answer(error)]
    with pytest.raises(type(error), match=str(error)):
        Delivery(qpu, JOB, ledger, QUICK).run()
    assert qpu.calls.count("submit") == 1 and not qpu.jobs
    assert Delivery(qpu, JOB, ledger, QUICK).run() == RESULTS
    check(qpu, ledger)


@pytest.mark.parametrize("state", [State.FAILED, State.CANCELLED])
def test_a_job_that_fails_is_submitted_again(qpu: ScriptedQPU, ledger: NotedLedger, state: State) -> None:
    qpu.paths, qpu.reasons = [(State.QUEUED, state)], [("Error code 1517; calibrating", True)]
    Delivery(qpu, JOB, ledger, QUICK).run()
    check(qpu, ledger, jobs=2)
    assert [a.number for a in ledger.attempts(JOB)] == [1, 2] and len({a.tag for a in ledger.attempts(JOB)}) == 2
    assert ledger.reasons == ["Error code 1517; calibrating"]
    assert any("submitting again" in note for note in ledger.notes)


def test_it_is_not_submitted_for_ever(qpu: ScriptedQPU, ledger: NotedLedger) -> None:
    qpu.paths, qpu.reasons = [BROKEN] * 3, [("broken", True)] * 3
    with pytest.raises(PausedError, match="a job failed 3 times, at last: job job2 failed: broken"):
        Delivery(qpu, JOB, ledger, QUICK).run()
    assert len(qpu.jobs) == 3
    qpu.paths = [BROKEN]  # whoever resumes has as many tries again
    Delivery(qpu, JOB, ledger, QUICK).run()
    check(qpu, ledger, jobs=5)
    assert set(ledger.bills) == {f"job{i}" for i in range(5)}


def test_tries_from_before_a_stop_do_not_count(qpu: ScriptedQPU, ledger: NotedLedger) -> None:
    qpu.paths, qpu.reasons = [BROKEN] * 3, [("broken", True)] * 3

    def stop_at_the_third(call: str, done: bool) -> None:
        if call == "submit" and done and len(qpu.jobs) == 3:
            raise Crash

    qpu.hook = stop_at_the_third
    with pytest.raises(Crash):
        Delivery(qpu, JOB, ledger, QUICK).run()
    qpu.hook = lambda call, done: None
    assert Delivery(qpu, JOB, ledger, QUICK).run() == RESULTS  # the third one, found by its tag, fails as well
    check(qpu, ledger, jobs=4)


def test_what_would_fail_again_is_not_submitted_again(qpu: ScriptedQPU, ledger: NotedLedger) -> None:
    qpu.paths, qpu.reasons = [BROKEN], [("Error code 1305; too long", False)]
    with pytest.raises(PausedError, match="too long; it would again, so it was not submitted again"):
        Delivery(qpu, JOB, ledger, QUICK).run()
    assert len(qpu.jobs) == 1 and ledger.attempts(JOB)[0].outcome is Outcome.FAILED


def test_results_that_are_not_there_yet(qpu: ScriptedQPU, ledger: NotedLedger) -> None:
    qpu.script["fetch"] = [Answer(Missing("404"))] * 3
    Delivery(qpu, JOB, ledger, QUICK).run()
    check(qpu, ledger)


def test_results_that_never_come(qpu: ScriptedQPU, ledger: NotedLedger) -> None:
    qpu.script["fetch"] = [Answer(Missing("404"))] * 1000
    with pytest.raises(PausedError, match="the results of job job0 are missing"):
        Delivery(qpu, JOB, ledger, QUICK).run()
    del qpu.script["fetch"]
    Delivery(qpu, JOB, ledger, QUICK).run()
    check(qpu, ledger)


def test_a_job_that_is_unknown_once_is_not_lost(qpu: ScriptedQPU, ledger: NotedLedger) -> None:
    qpu.script["status"] = [Answer(Missing("404")), None]
    Delivery(qpu, JOB, ledger, QUICK).run()
    check(qpu, ledger)


def test_a_job_that_is_listed_but_unknown_is_waited_for(qpu: ScriptedQPU, ledger: NotedLedger) -> None:
    qpu.script["status"] = [Answer(Missing("404"))] * 6
    Delivery(qpu, JOB, ledger, QUICK).run()
    check(qpu, ledger)
    qpu.script["status"] = [Answer(Missing("404"))] * 1000
    with pytest.raises(PausedError, match="missing"):
        Delivery(qpu, submission("6" * 64), ledger, QUICK).run()


@pytest.mark.parametrize("when", ["status", "fetch"])
def test_a_lost_job_is_submitted_again(qpu: ScriptedQPU, ledger: NotedLedger, when: str) -> None:
    qpu.script[when] = [Answer(Missing("404"), then=qpu.jobs.clear)]
    Delivery(qpu, JOB, ledger, QUICK).run()
    check(qpu, ledger)
    assert [a.outcome for a in ledger.attempts(JOB)] == [Outcome.LOST, Outcome.DONE]
    assert any("is lost" in note for note in ledger.notes)


TAG = JOB.tag(1)


def test_a_job_of_a_dead_process_is_taken_up(qpu: ScriptedQPU, ledger: NotedLedger) -> None:
    ledger.intend(JOB, qpu.name, 1)
    qpu.make(TAG)
    Delivery(qpu, JOB, ledger, QUICK).run()
    check(qpu, ledger)
    assert "submit" not in qpu.calls


@pytest.mark.parametrize("state", [State.RUNNING, State.DONE])
def test_of_two_jobs_the_waiting_one_is_cancelled(qpu: ScriptedQPU, ledger: NotedLedger, state: State) -> None:
    ledger.intend(JOB, qpu.name, 1)
    qpu.make(TAG)
    qpu.make(TAG, *(state, State.DONE))
    Delivery(qpu, JOB, ledger, QUICK).run()
    check(qpu, ledger, jobs=2)
    assert qpu.jobs[0].cancelled_while is State.QUEUED
    assert ledger.surplus_jobs == {"job0": "cancelled"}


def test_a_second_job_that_runs_is_written_down(qpu: ScriptedQPU, ledger: NotedLedger) -> None:
    ledger.intend(JOB, qpu.name, 1)
    qpu.make(TAG, State.RUNNING, State.DONE)
    qpu.make(TAG, State.RUNNING, State.DONE)
    Delivery(qpu, JOB, ledger, QUICK).run()
    assert ledger.surplus_jobs == {"job1": "running"} and not any(job.cancelled_while for job in qpu.jobs)
    assert ledger.attempts(JOB)[0].job_id == "job0"


def test_a_second_job_that_begins_while_it_is_cancelled(qpu: ScriptedQPU, ledger: NotedLedger) -> None:
    ledger.intend(JOB, qpu.name, 1)
    qpu.make(TAG, State.RUNNING, State.DONE)
    late = qpu.make(TAG)
    qpu.script["cancel"] = [Answer(Unreachable("busy"), then=lambda: late.path.__setitem__(slice(None), [State.DONE]))]
    Delivery(qpu, JOB, ledger, QUICK).run()
    assert ledger.surplus_jobs == {"job1": "done"} and ledger.bills["job1"] == 1.5


def test_a_lost_answer_and_a_job_that_turns_up_late(qpu: ScriptedQPU, ledger: NotedLedger) -> None:
    """The first request makes its job only after the second one has made another."""
    qpu.paths = [USUAL, FAR]
    qpu.script["submit"] = [LOST]
    seen = []

    def late(call: str, done: bool) -> None:
        if call == "fetch" and done is False:
            seen.append(call)
        if call == "submit" and done:
            qpu.make(TAG)

    qpu.hook = late
    Delivery(qpu, JOB, ledger, QUICK).run()
    check(qpu, ledger, jobs=2)
    assert ledger.surplus_jobs == {"job1": "cancelled"} and seen == ["fetch"]


def test_of_two_jobs_the_one_that_does_not_fail_is_used(qpu: ScriptedQPU, ledger: NotedLedger) -> None:
    ledger.intend(JOB, qpu.name, 1)
    qpu.make(TAG, State.RUNNING, State.FAILED)
    turned_up = []

    def late(call: str, done: bool) -> None:
        if call == "status" and done and not turned_up:
            turned_up.append(qpu.make(TAG, State.RUNNING, State.DONE))

    qpu.hook = late
    Delivery(qpu, JOB, ledger, QUICK).run()
    check(qpu, ledger, jobs=2)
    assert ledger.attempts(JOB)[-1].job_id == "job1" and ledger.surplus_jobs == {"job0": "failed"}


def test_nothing_is_submitted_to_a_device_that_is_off_line(qpu: ScriptedQPU, ledger: NotedLedger) -> None:
    qpu.online = [False] * 1000
    with pytest.raises(Offline, match="scripted is off line"):
        Delivery(qpu, JOB, ledger, QUICK).run()
    assert not qpu.jobs
    qpu.online = [False, False, True]
    Delivery(qpu, JOB, ledger, QUICK).run()
    check(qpu, ledger)


def test_a_waiting_job_is_taken_back_from_a_device_that_stays_off_line(qpu: ScriptedQPU, ledger: NotedLedger) -> None:
    qpu.paths, qpu.online = [FAR], [True, *[False] * 1000]
    with pytest.raises(Offline):
        Delivery(qpu, JOB, ledger, QUICK).run()
    assert qpu.jobs[0].state is State.CANCELLED
    assert ledger.attempts(JOB)[0].outcome is Outcome.CANCELLED
    qpu.online = []
    Delivery(qpu, JOB, ledger, QUICK).run()  # the device is back
    check(qpu, ledger, jobs=2)


def test_a_waiting_job_stays_on_a_device_that_comes_back(qpu: ScriptedQPU, ledger: NotedLedger) -> None:
    """Even where it is off line more often than for long."""
    qpu.paths, qpu.online = [FAR], [True, *[False, True] * 4]

    def back(call: str, done: bool) -> None:
        if call == "operational" and done and not qpu.online:
            qpu.jobs[0].path = [State.RUNNING, State.DONE]

    qpu.hook = back
    Delivery(qpu, JOB, ledger, QUICK).run()
    check(qpu, ledger)


def test_a_job_that_begins_while_it_is_taken_back_is_used(qpu: ScriptedQPU, ledger: NotedLedger) -> None:
    qpu.paths, qpu.online = [FAR], [True, *[False] * 1000]

    def begins(call: str, done: bool) -> None:
        if call == "cancel" and not done:
            qpu.jobs[0].path = [State.DONE]

    qpu.hook = begins
    Delivery(qpu, JOB, ledger, QUICK).run()
    check(qpu, ledger)


def test_own_time_out_leaves_the_job_alone(qpu: ScriptedQPU, ledger: NotedLedger) -> None:
    qpu.paths = [FAR]
    with pytest.raises(PausedError, match=r"job job0 is queued after 0\.01 s; it goes on"):
        Delivery(qpu, JOB, ledger, replace(QUICK, wait=0.01)).run()
    assert qpu.jobs[0].state is State.QUEUED
    qpu.jobs[0].path = [State.DONE]
    Delivery(qpu, JOB, ledger, QUICK).run()
    check(qpu, ledger)


@pytest.mark.parametrize("where", ["status", "operational", "find"])
def test_stop_ends_the_waiting_and_nothing_else(qpu: ScriptedQPU, ledger: NotedLedger, where: str) -> None:
    qpu.paths = [FAR]
    slow = replace(QUICK, first=60.0, longest=60.0, patience=600.0, poll=60.0, slowest_poll=60.0)
    if where != "status":
        qpu.script[where] = [LOST]
    handle = qpu.deliver(JOB, ledger, slow)
    arrived = threading.Event()
    qpu.hook = lambda call, done: arrived.set() if call == where else None
    arrived.wait(0.05)
    handle.abandon()
    with pytest.raises(PausedError, match="stopped while waiting for a job"):
        handle.result()
    assert len(qpu.jobs) == (where == "status")
    qpu.paths = []
    for job in qpu.jobs:
        job.path = [State.DONE]
    assert qpu.deliver(JOB, ledger, QUICK).result() == RESULTS
    check(qpu, ledger)


def test_a_handle_is_called_by_its_key_and_then_by_its_job(qpu: ScriptedQPU) -> None:
    qpu.script["find"] = [Answer(InputError("no"))]
    handle = qpu.deliver(JOB, policy=QUICK)
    with pytest.raises(InputError):
        handle.result()
    assert handle.job_id == JOB.key
    handle = qpu.deliver(JOB, policy=QUICK)
    handle.result()
    assert handle.job_id == "job0"


def test_a_ledger_that_fails_after_the_submission_names_the_job(qpu: ScriptedQPU, ledger: NotedLedger) -> None:
    def full(call: str, done: bool) -> None:
        if call == "accepted":
            raise InputError("the disk is full")

    ledger.hook = full
    with pytest.raises(InputError, match="job job0 is submitted, but the disk is full; resume: it will be found"):
        Delivery(qpu, JOB, ledger, QUICK).run()
    ledger.hook = lambda call, done: None
    Delivery(qpu, JOB, ledger, QUICK).run()
    check(qpu, ledger)


STORIES = {
    "plain": {},
    "lost answer": {"submit": [AFTER]},
    "refused": {"submit": [LOST, LOST]},
    "results late": {"fetch": [Answer(Missing("404"))]},
    "dropped": {"status": [LOST, LOST], "find": [LOST], "fetch": [LOST]},
}


def crashing(qpu: ScriptedQPU, ledger: NotedLedger, at: int) -> bool:
    """Deliver, and die at event number ``at`` (an event is the begin or the end of a request or a write)."""
    events = itertools.count()

    def tick(call: str, done: bool) -> None:
        if next(events) == at:
            raise Crash

    qpu.hook = ledger.hook = tick
    try:
        Delivery(qpu, JOB, ledger, QUICK).run()
    except Crash:
        return True
    finally:
        qpu.hook = ledger.hook = lambda call, done: None
    return False


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("failing", [False, True], ids=["", "first job fails"])
def test_killed_anywhere_it_ends_with_one_job(story: str, failing: bool) -> None:
    for at in itertools.count():
        qpu = ScriptedQPU()
        ledger = NotedLedger(qpu)
        qpu.script = {name: list(answers) for name, answers in STORIES[story].items()}
        qpu.paths = [(State.RUNNING, State.FAILED)] if failing else []
        died = crashing(qpu, ledger, at)
        Delivery(qpu, JOB, ledger, QUICK).run()
        check(qpu, ledger, jobs=1 + failing)
        if not died:
            break
    assert at > 15


def test_killed_again_and_again_it_ends_with_one_job() -> None:
    dice = random.Random(4)
    for _ in range(40):
        qpu = ScriptedQPU()
        ledger = NotedLedger(qpu)
        while crashing(qpu, ledger, dice.randrange(24)):
            pass
        check(qpu, ledger)
