"""How many jobs may wait, and how fast they are submitted."""

from __future__ import annotations

import threading

import pytest

from backends.errors import InputError, PausedError, UsageLimitError
from backends.ibm.lanes import Lane
from backends.ibm.options import Options
from backends.ibm.pace import Pace
from tests.backends.ibm.lab import LONG, eventually


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


class Stop(threading.Event):
    """Counts how often it is asked."""

    asked = 0

    def is_set(self) -> bool:
        self.asked += 1
        return super().is_set()


def test_no_more_jobs_wait_than_may() -> None:
    lane, stop, sent = Lane(Bare(), Options(mode="job")), Stop(), list[str]()  # type: ignore[arg-type]

    def submit(name: str) -> None:
        lane.submit(lambda _: sent.append(name) or name, None, 2, stop)  # type: ignore[func-returns-value]

    submit("one")
    lane.waits("of an earlier process")
    third = threading.Thread(target=submit, args=("two",))
    asked = stop.asked
    third.start()
    eventually(lambda: stop.asked >= asked + 2)  # one that need not wait asks once
    assert sent == ["one"]
    lane.ended("one")
    third.join(LONG)
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
