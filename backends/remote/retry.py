"""How long to wait for what: backoff with jitter, and the limits of patience."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ..errors import InputError, PausedError, shown


@dataclass(frozen=True)
class RetryPolicy:
    """Seconds and numbers of tries; all waiting ends at once where a run is stopped.

    Attributes:
        first: Longest wait after the first failed request; it doubles with every further one.
        longest: The wait grows no longer than this, unless the service asks for more (Retry-After).
        patience: The service may be unreachable for so long before the run pauses.
        offline: A device may be offline for so long before its work moves or the run pauses.
        wait: A job may take so long, its time in the queue included, before the run pauses; None for any time.
        attempts: A job that fails is submitted so many times in all, and as often again whenever the run is resumed.
        poll: Wait after the first look at a job that is not done; it grows by half with every further look.
        slowest_poll: The wait between two looks grows no longer than this.
    """

    first: float = 0.25
    longest: float = 10.0
    patience: float = 900.0
    offline: float = 300.0
    wait: float | None = None
    attempts: int = 3
    poll: float = 0.05
    slowest_poll: float = 5.0

    def __post_init__(self) -> None:
        for name in ("first", "longest", "patience", "offline", "wait", "poll", "slowest_poll"):
            value = getattr(self, name)
            if value is None and name == "wait":
                continue
            if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
                raise InputError(f"{name}={shown(value)} of a RetryPolicy must be a number of seconds, at least 0")
        if isinstance(self.attempts, bool) or not isinstance(self.attempts, int) or self.attempts < 1:
            raise InputError(f"attempts={shown(self.attempts)} of a RetryPolicy must be an integer of at least 1")

    def pause(self, failures: int, retry_after: float | None = None) -> float:
        """Seconds to wait after so many failures in a row, drawn at random so that runs do not knock in step."""
        most = min(self.longest, self.first * 2.0 ** min(failures - 1, 30))
        wait = most * random.uniform(0.5, 1.0)
        return wait if retry_after is None else max(wait, retry_after)

    def look(self, number: int) -> float:
        """Seconds to wait after look ``number`` (from 1) at a job."""
        return min(self.slowest_poll, self.poll * 1.5 ** min(number - 1, 60))


@dataclass
class Patience:
    """One row of failures of the same thing; a success makes a new one.

    Attributes:
        policy: Its limits.
        limit: Seconds until patience is at an end.
        stop: Ends all waiting.
        tell: Told about every wait.
    """

    policy: RetryPolicy
    limit: float
    stop: threading.Event
    tell: Callable[[str], None]
    failures: int = field(default=0, init=False)
    began: float = field(default=0.0, init=False)

    def wait(self, why: str, retry_after: float | None = None) -> bool:
        """Wait before the next try; False if patience is at an end.

        Raises:
            PausedError: If the run is stopped meanwhile, or the service asks for more patience than there is.
        """
        now = time.monotonic()
        self.began = self.began if self.failures else now
        if self.failures and now - self.began >= self.limit:  # by the clock: a request may hang for minutes
            return False
        if retry_after is not None and retry_after > self.limit - (now - self.began):
            raise PausedError(f"{why}; the service asks to come back in {retry_after:.0f} s, longer than this waits")
        self.failures += 1
        seconds = self.policy.pause(self.failures, retry_after)
        self.tell(f"{why}; trying again in {seconds:.1f} s")
        rest(seconds, self.stop)
        return True


def rest(seconds: float, stop: threading.Event) -> None:
    """Sleep, unless the run is stopped.

    Raises:
        PausedError: If it is.
    """
    if stop.wait(seconds):
        raise PausedError("stopped while waiting for a job")
