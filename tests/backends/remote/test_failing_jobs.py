"""Jobs that fail, are lost, or have no results yet."""

from __future__ import annotations

import pytest

from backends.errors import PausedError
from backends.remote import Delivery, Missing, Outcome, State
from tests.backends.remote.scripted import (
    BROKEN,
    IMPATIENT,
    JOB,
    QUICK,
    RESULTS,
    Answer,
    Crash,
    NotedLedger,
    ScriptedQPU,
    check,
    submission,
)


@pytest.mark.parametrize("state", [State.FAILED, State.CANCELLED])
def test_a_job_that_fails_is_submitted_again(qpu: ScriptedQPU, ledger: NotedLedger, state: State) -> None:
    qpu.paths, qpu.reasons = [(State.QUEUED, state)], [("Error code 1517; calibrating", True)]
    assert Delivery(qpu, JOB, ledger, QUICK).run() == RESULTS
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
    assert Delivery(qpu, JOB, ledger, QUICK).run() == RESULTS
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
    assert Delivery(qpu, JOB, ledger, QUICK).run() == RESULTS
    check(qpu, ledger)


def test_results_that_never_come(qpu: ScriptedQPU, ledger: NotedLedger) -> None:
    qpu.script["fetch"] = [Answer(Missing("404"))] * 1000
    with pytest.raises(PausedError, match="the results of job job0 are missing"):
        Delivery(qpu, JOB, ledger, IMPATIENT).run()
    del qpu.script["fetch"]
    assert Delivery(qpu, JOB, ledger, QUICK).run() == RESULTS
    check(qpu, ledger)


def test_a_job_that_is_unknown_once_is_not_lost(qpu: ScriptedQPU, ledger: NotedLedger) -> None:
    qpu.script["status"] = [Answer(Missing("404")), None]
    assert Delivery(qpu, JOB, ledger, QUICK).run() == RESULTS
    check(qpu, ledger)


def test_a_job_that_is_listed_but_unknown_is_waited_for(qpu: ScriptedQPU, ledger: NotedLedger) -> None:
    qpu.script["status"] = [Answer(Missing("404"))] * 6
    assert Delivery(qpu, JOB, ledger, QUICK).run() == RESULTS
    check(qpu, ledger)
    qpu.script["status"] = [Answer(Missing("404"))] * 1000
    with pytest.raises(PausedError, match="missing"):
        Delivery(qpu, submission("6" * 64), ledger, IMPATIENT).run()


@pytest.mark.parametrize("when", ["status", "fetch"])
def test_a_lost_job_is_submitted_again(qpu: ScriptedQPU, ledger: NotedLedger, when: str) -> None:
    qpu.script[when] = [Answer(Missing("404"), then=qpu.jobs.clear)]
    assert Delivery(qpu, JOB, ledger, QUICK).run() == RESULTS
    check(qpu, ledger)
    assert [a.outcome for a in ledger.attempts(JOB)] == [Outcome.LOST, Outcome.DONE]
    assert any("is lost" in note for note in ledger.notes)
