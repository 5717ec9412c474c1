"""Devices that are off line, before a job is submitted and while it waits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backends.remote import Delivery, Offline, Outcome, State
from tests.backends.remote.scripted import (
    FAR,
    JOB,
    QUICK,
    RESULTS,
    NotedLedger,
    ScriptedQPU,
    check,
)


def test_nothing_is_submitted_to_a_device_that_is_off_line(qpu: ScriptedQPU, ledger: NotedLedger) -> None:
    qpu.online = [False] * 1000
    with pytest.raises(Offline, match="scripted is off line"):
        Delivery(qpu, JOB, ledger, QUICK).run()
    assert not qpu.jobs
    qpu.online = [False, False, True]
    Delivery(qpu, JOB, ledger, replace(QUICK, offline=60.0)).run()
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
    assert Delivery(qpu, JOB, ledger, QUICK).run() == RESULTS
    check(qpu, ledger)


def test_a_job_that_begins_while_it_is_taken_back_is_used(qpu: ScriptedQPU, ledger: NotedLedger) -> None:
    qpu.paths, qpu.online = [FAR], [True, *[False] * 1000]

    def begins(call: str, done: bool) -> None:
        if call == "cancel" and not done:
            qpu.jobs[0].path = [State.DONE]

    qpu.hook = begins
    assert Delivery(qpu, JOB, ledger, QUICK).run() == RESULTS
    check(qpu, ledger)
