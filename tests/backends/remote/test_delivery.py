"""One job, delivered once: the order of things, lost answers, and what stops a delivery."""

from __future__ import annotations

import itertools
import threading
import time
from dataclasses import replace

import pytest

from backends.errors import BudgetError, InputError, PausedError
from backends.qpu import Expectations
from backends.remote import Delivery, RetryPolicy, State, Unreachable
from tests.backends.remote.scripted import (
    AFTER,
    FAR,
    IMPATIENT,
    JOB,
    LOST,
    QUICK,
    RESULTS,
    Answer,
    NotedLedger,
    ScriptedQPU,
    check,
    submission,
)


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
        Delivery(qpu, JOB, ledger, IMPATIENT).run()
    del qpu.script[request_]
    assert Delivery(qpu, JOB, ledger, QUICK).run() == RESULTS
    check(qpu, ledger)


def test_the_service_says_how_long_to_wait(qpu: ScriptedQPU, ledger: NotedLedger) -> None:
    qpu.script["submit"] = [Answer(Unreachable("too many", retry_after=0.1))]
    began = time.monotonic()
    Delivery(qpu, JOB, ledger, QUICK).run()
    assert time.monotonic() - began >= 0.1
    assert any("too many" in note and "trying again in 0.1 s" in note for note in ledger.notes)
    check(qpu, ledger)


def test_a_wait_longer_than_its_patience_pauses_the_run_at_once(qpu: ScriptedQPU, ledger: NotedLedger) -> None:
    qpu.script["submit"] = [Answer(Unreachable("too many", retry_after=86400.0))]
    began = time.monotonic()
    with pytest.raises(PausedError, match="asks to come back in 86400 s, longer than this waits"):
        Delivery(qpu, JOB, ledger, RetryPolicy()).run()
    assert time.monotonic() - began < 60.0
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
    arrived = threading.Event()
    qpu.hook = lambda call, done: arrived.set() if call == where else None
    handle = qpu.deliver(JOB, ledger, slow)
    assert arrived.wait(30.0)
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
