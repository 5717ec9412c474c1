"""Where jobs are submitted to: a batch or session that stays open over many rounds, or the device itself."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..errors import BudgetError, InputError, PausedError, UsageLimitError
from ..remote.errors import Missing

if TYPE_CHECKING:
    from .backend import RuntimeBackend
    from .options import Options

log = logging.getLogger("qpartition.jobs")

_NAP = 0.2
"""Seconds between two looks whether the run is stopped while a job waits for its turn."""


class LaneClosed(PausedError):
    """The batch or session takes no more jobs."""


class Lane:
    """Opens a batch or session when a job needs one, opens another when it was closed or has expired.

    Args:
        backend: The device.
        options: ``mode``, and ``idle`` of a session: one that nothing waits in is closed after that, since its idle
            time is billed.
    """

    def __init__(self, backend: RuntimeBackend, options: Options) -> None:
        self._backend, self._options = backend, options
        self._lock = threading.Condition()  # with a reentrant lock
        self._open: Any = None
        self._waiting, self._given_up = set[str](), set[str]()
        self._guard: threading.Timer | None = None

    def submit(
        self,
        send: Callable[[Any], str],
        most_seconds: float | None,
        most_waiting: int | None = None,
        stop: threading.Event | None = None,
    ) -> str:
        """Submit a job, when fewer than ``most_waiting`` jobs wait.

        Raises:
            PausedError: If the run is stopped before.
        """
        with self._lock:
            while most_waiting is not None and len(self._waiting) >= most_waiting:
                if stop is not None and stop.is_set():
                    raise PausedError(f"stopped while {len(self._waiting)} jobs wait on {self._backend.name}")
                self._lock.wait(_NAP)
            self._rest()
            if stop is not None and stop.is_set():
                raise PausedError(f"stopped before a job was submitted to {self._backend.name}")
            job_id = self._sent(send, most_seconds)
            self._waiting.add(job_id)
            return job_id

    def waits(self, job_id: str) -> None:
        """A job is not over; it may be of an earlier process."""
        with self._lock:
            if job_id not in self._given_up:
                self._waiting.add(job_id)

    def given_up(self, job_id: str) -> None:
        """Nobody waits for a job any more."""
        self._given_up.add(job_id)
        self.ended(job_id)

    def ended(self, job_id: str) -> None:
        """A job is over, or gone; a session that nothing waits in is closed after a while."""
        with self._lock:
            if job_id not in self._waiting:
                return
            self._waiting.discard(job_id)
            self._lock.notify_all()
            if self._options.mode == "session" and not self._waiting and self._open is not None:
                self._rest()
                self._guard = threading.Timer(self._options.idle, self.close)
                self._guard.daemon = True
                self._guard.start()

    def close(self) -> None:
        """Close the batch or session; the next job opens another."""
        with self._lock:
            self._rest()
            lane, self._open = self._open, None
        if lane is not None:
            try:
                self._backend.close_lane(lane)
            except (PausedError, InputError, BudgetError) as error:  # the results do not depend on it
                log.warning(
                    "%s: could not close the %s (%s); it ends by itself when it is idle",
                    self._backend.name, self._options.mode, error,
                )  # fmt: skip

    def _sent(self, send: Callable[[Any], str], most_seconds: float | None) -> str:
        """Submit in the lane; once more in a new one if this one takes no more jobs."""
        lane = self._current(most_seconds)
        try:
            return send(lane)
        except (LaneClosed, InputError) as error:
            if lane is None or (isinstance(error, InputError) and not self._is_over(lane)):
                raise
            log.warning("%s: the %s has ended, opening another", self._backend.name, self._options.mode)
            self._open = None
        try:
            return send(self._current(most_seconds))
        except LaneClosed as error:
            raise PausedError(f"{self._backend.name} takes no jobs in a {self._options.mode} now ({error})") from None

    def _current(self, most_seconds: float | None) -> Any:
        if self._options.mode == "job":
            return None
        if self._open is None:
            try:
                self._open = self._backend.open_lane(
                    self._options.mode, most_seconds if self._options.mode == "session" else None
                )
            except (InputError, UsageLimitError) as error:
                if isinstance(error, UsageLimitError) and "session" not in str(error).lower():
                    raise
                remedy = "mode=job" if self._options.mode == "batch" else "mode=batch, the Open plan has no sessions"
                raise InputError(
                    f"{self._backend.name} opens no {self._options.mode} ({error}); use ?{remedy}"
                ) from None
        return self._open

    def _is_over(self, lane: Any) -> bool:
        """Whether the service has closed or forgotten the lane."""
        try:
            return not self._backend.is_open(lane)
        except Missing:
            return True

    def _rest(self) -> None:
        if self._guard is not None:
            self._guard.cancel()
            self._guard = None
