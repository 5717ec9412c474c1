"""One job, looked at until it is over, or its device has been off line for too long."""

from __future__ import annotations

import time

from ..errors import PausedError
from .errors import Missing, Offline
from .ledger import Attempt, Ledger, Outcome
from .patient import PatientQPU
from .qpu import JobStatus, State

_LOOK_AT_DEVICE = 15.0
"""Seconds between two questions whether the device of a waiting job is still on line."""
_GONE = 2
"""So many times a job must be unknown to the service before it is believed to be gone."""


class Watch:
    """Waits for the job of an attempt; nothing is submitted here."""

    def __init__(self, service: PatientQPU, ledger: Ledger, attempt: Attempt) -> None:
        assert attempt.job_id is not None
        self._service, self._ledger, self._attempt = service, ledger, attempt
        self._job_id = attempt.job_id
        self._began = self._looked_at_device = time.monotonic()
        self._off_since = float("inf")

    def final(self) -> JobStatus | None:
        """Look at the job until it is over; None if the service does not know it.

        Raises:
            PausedError: If it takes longer than the policy waits; it goes on.
            Offline: If its device is off line for too long and it has not begun; it is cancelled.
        """
        policy, unknown, looks = self._service.policy, 0, 0
        while True:
            looks += 1
            try:
                status = self._service.status(self._job_id)
                unknown = 0
            except Missing:
                unknown += 1
                if unknown >= _GONE:
                    return None
                self._service.rest(policy.pause(unknown))
                continue
            now = time.monotonic()
            if status.state.is_final:
                return status
            if policy.wait is not None and now - self._began > policy.wait:
                raise PausedError(
                    f"{self._service.name}: job {self._job_id} is {status.state.value} after {policy.wait:g} s; it goes on"
                )
            if status.state is State.QUEUED:
                self._look_at_device(now)
            self._service.rest(policy.look(looks))

    def _look_at_device(self, now: float) -> None:
        """From time to time: a job that waits on a device that is off line waits for ever."""
        most = self._service.policy.offline
        if now - self._looked_at_device < min(_LOOK_AT_DEVICE, most / 2):
            return
        self._looked_at_device = now
        if self._service.operational():
            self._off_since = float("inf")
            return
        self._off_since = min(self._off_since, now)
        self._service.tell(f"off line, job {self._job_id} waits")
        if now - self._off_since >= most:
            self._take_back()

    def _take_back(self) -> None:
        """The device of a waiting job has been off line for long: its work may go elsewhere, if it has not begun."""
        if self._service.cancelled(self._job_id) is State.CANCELLED:
            self._ledger.ended(self._attempt, Outcome.CANCELLED, "the device is off line")
            raise Offline(f"{self._service.name} is off line")
