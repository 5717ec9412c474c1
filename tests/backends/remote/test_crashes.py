"""Killed at any moment, a delivery ends with one job."""

from __future__ import annotations

import itertools
import random

import pytest

from backends.remote import Delivery, Missing, State
from tests.backends.remote.scripted import (
    AFTER,
    JOB,
    LOST,
    QUICK,
    Answer,
    Crash,
    NotedLedger,
    ScriptedQPU,
    check,
)

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
        assert len(qpu.jobs) == 1
