"""A device that is asked again as long as it cannot be reached: every request but the one that costs money."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from ..errors import PausedError
from ..qpu import Expectations
from .errors import Missing, Offline, Unreachable
from .ledger import Ledger
from .qpu import JobStatus, RemoteQPU, State, Submission
from .retry import Patience, RetryPolicy, rest

T = TypeVar("T")
log = logging.getLogger("qpartition.jobs")

_LOOKS = 5
"""Looks at a job that is being cancelled before the service is believed to be slow about it."""


class PatientQPU:
    """What can be asked of a `RemoteQPU` more than once.

    Every request raises `PausedError` when patience is at an end or the run is stopped; those about a job `Missing`.

    Attributes:
        policy: How long to wait for what.
        stop: Ends all waiting.
    """

    def __init__(self, qpu: RemoteQPU, ledger: Ledger, policy: RetryPolicy, stop: threading.Event) -> None:
        self.policy, self.stop = policy, stop
        self._qpu, self._ledger = qpu, ledger

    @property
    def name(self) -> str:
        """Of the device."""
        return self._qpu.name

    def find(self, tag: str) -> list[JobStatus]:
        """All jobs that carry ``tag``."""
        return self._asked(lambda: self._qpu.find(tag), "could not look for a job")

    def status(self, job_id: str) -> JobStatus:
        """What has become of a job."""
        return self._asked(lambda: self._qpu.status(job_id), "could not look at a job")

    def fetch(self, job_id: str, submission: Submission) -> list[Expectations]:
        """The results of a job that is done."""
        return self._asked(lambda: self._qpu.fetch(job_id, submission), "could not fetch the results")

    def operational(self) -> bool:
        """Whether the device takes and runs jobs now."""
        return self._asked(self._qpu.operational, "could not look at the device")

    def wait_until_operational(self) -> None:
        """An offline device accepts jobs and keeps them, so it is asked before.

        Raises:
            Offline: If it is off line for too long.
        """
        patience = self.patience(self.policy.offline)
        while not self.operational():
            if not patience.wait("off line"):
                raise Offline(f"{self.name} is off line")

    def cancelled(self, job_id: str) -> State:
        """Cancel a job that waits; what has become of it, for it may have begun meanwhile."""
        with suppress(Missing):
            self._asked(lambda: self._qpu.cancel(job_id), "could not cancel a job")
            for look in range(1, _LOOKS + 1):
                state = self.status(job_id).state
                if state is not State.QUEUED:
                    return state
                self.rest(self.policy.look(look))
            return State.QUEUED
        return State.CANCELLED

    def patience(self, limit: float) -> Patience:
        """For a row of failures that may take ``limit`` seconds."""
        return Patience(self.policy, limit, self.stop, self.tell)

    def rest(self, seconds: float) -> None:
        """Sleep, unless the run is stopped."""
        rest(seconds, self.stop)

    def tell(self, text: str) -> None:
        """Log something about the device, and write it down."""
        log.warning("%s: %s", self.name, text)
        self._ledger.note(self.name, text)

    def unreachable(self, error: Unreachable) -> PausedError:
        """What is raised when patience is at an end."""
        return PausedError(f"{self.name}: not reachable for {self.policy.patience:g} s, at last: {error}")

    def _asked(self, ask: Callable[[], T], what: str) -> T:
        patience = self.patience(self.policy.patience)
        while True:
            if self.stop.is_set():
                raise PausedError("stopped while waiting for a job")
            try:
                return ask()
            except Unreachable as error:
                if not patience.wait(f"{what} ({error})", error.retry_after):
                    raise self.unreachable(error) from error
