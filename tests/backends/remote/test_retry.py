"""How long is waited for what."""

from __future__ import annotations

import threading
import time

import pytest

from backends.errors import InputError, PausedError
from backends.remote import RetryPolicy
from backends.remote.retry import Patience, rest


def test_pauses_double_and_are_drawn_at_random() -> None:
    policy = RetryPolicy(first=1.0, longest=10.0)
    for failures, most in [(1, 1.0), (2, 2.0), (4, 8.0), (5, 10.0), (10_000, 10.0)]:
        drawn = [policy.pause(failures) for _ in range(200)]
        assert most / 2 <= min(drawn) < 0.6 * most and 0.9 * most < max(drawn) <= most


def test_the_service_may_ask_for_more_time_never_for_less() -> None:
    policy = RetryPolicy(first=1.0, longest=10.0)
    assert policy.pause(1, 60.0) == 60.0
    assert policy.pause(5, 0.0) >= 5.0


def test_looks_become_rarer() -> None:
    policy = RetryPolicy(poll=0.1, slowest_poll=2.0)
    looks = [policy.look(n) for n in range(1, 400)]
    assert looks[0] == 0.1 and looks == sorted(looks) and looks[-1] == 2.0


@pytest.mark.parametrize(
    ("name", "value"), [("first", -1.0), ("patience", float("nan")), ("wait", "5"), ("attempts", 0), ("attempts", True)]
)
def test_a_policy_that_cannot_be(name: str, value: object) -> None:
    with pytest.raises(InputError, match=rf"{name}=.* of a RetryPolicy must be"):
        RetryPolicy(**{name: value})  # type: ignore[arg-type]


def test_patience_goes_by_the_clock() -> None:
    """A request that hangs counts as well as a pause."""
    told: list[str] = []
    patience = Patience(RetryPolicy(first=0.0), 0.05, threading.Event(), told.append)
    assert patience.wait("no answer")
    time.sleep(0.06)
    assert not patience.wait("no answer")
    assert told == ["no answer; trying again in 0.0 s"]


def test_a_stopped_run_does_not_rest() -> None:
    stop = threading.Event()
    stop.set()
    began = time.monotonic()
    with pytest.raises(PausedError):
        rest(60.0, stop)
    assert time.monotonic() - began < 10
