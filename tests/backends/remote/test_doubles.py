"""Jobs that carry the tag of an attempt already: of a dead process, of a lost answer, one too many."""

from __future__ import annotations

import pytest

from backends.remote import Delivery, State, Unreachable
from tests.backends.remote.scripted import (
    FAR,
    JOB,
    LOST,
    QUICK,
    USUAL,
    Answer,
    NotedLedger,
    ScriptedQPU,
    check,
)

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
