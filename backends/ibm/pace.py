"""How fast jobs are submitted, at most."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Pace:
    """At most so many submissions per minute; the first ones go out at once.

    Args:
        per_minute: None for no limit.
        now: A clock, seconds.
    """

    def __init__(self, per_minute: float | None, now: Callable[[], float] = time.monotonic) -> None:
        self._number = max(1, int(per_minute or 1))
        self._seconds = 0.0 if per_minute is None else 60.0 * self._number / per_minute
        self._sent = list[float]()
        self._lock, self._now = threading.Lock(), now

    def wait(self, rest: Callable[[float], object] = time.sleep) -> None:
        """Wait until one more may be sent, and count it; what ``rest`` raises ends the waiting, and nothing is counted."""
        while (seconds := self._turn()) > 0:
            rest(seconds)

    def _turn(self) -> float:
        """Seconds until one more may be sent; counted if that is now."""
        with self._lock:
            now = self._now()
            self._sent = [at for at in self._sent if now - at < self._seconds]
            if len(self._sent) >= self._number:
                return self._sent[-self._number] + self._seconds - now
            self._sent.append(now)
            return 0.0
