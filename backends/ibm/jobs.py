"""The jobs of one device: submitted, found again by their tag, looked at, fetched, cancelled, paid for."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from ..pubs import Pub
from ..remote.errors import Missing, Unreachable
from ..remote.qpu import JobStatus, State
from . import runtime
from .lanes import LaneClosed
from .options import Options

if TYPE_CHECKING:
    from .account import Account

_STATES = {
    "INITIALIZING": State.QUEUED,
    "QUEUED": State.QUEUED,
    "RUNNING": State.RUNNING,
    "DONE": State.DONE,
    "ERROR": State.FAILED,
    "CANCELLED": State.CANCELLED,
}
_HOPELESS = frozenset({1002, 1003, 1005, 1007, 1305})
"""Reason codes of jobs that would fail again: invalid, not transpiled, no such gate or backend, out of time."""


class Jobs:
    """What `backends.remote` asks about jobs, of the service."""

    def __init__(self, account: Account, backend: Any) -> None:
        """Of the client's ``backend``."""
        self._account, self._backend = account, backend
        self._known: dict[str, Any] = {}  # the client's jobs, until they are paid for
        self._lock = threading.Lock()

    def submit(
        self, pubs: Sequence[Pub], shots: int, tag: str, lane: Any, options: Options, most_seconds: float | None
    ) -> str:
        """One job; its id.

        Raises:
            UsageLimitError: If the account has no time left.
        """
        self._account.require_time()
        with self._account.translated():
            place = self._backend if lane is None else lane
            job = runtime.submit(place, pubs, shots, tag, options, most_seconds)
        with self._lock:
            self._known[job.job_id()] = job
        return str(job.job_id())

    def find(self, tag: str) -> list[JobStatus]:
        """All jobs with a tag."""
        with self._account.translated():
            jobs = self._account.service.jobs(job_tags=[tag], limit=None)
        with self._lock:
            self._known |= {job.job_id(): job for job in jobs}
        found = list[JobStatus]()
        for job in jobs:
            with suppress(Missing):  # it is gone since it was listed
                found.append(self.status(job.job_id()))
        return found

    def status(self, job_id: str) -> JobStatus:
        """Where a job is, and why it failed."""
        with self._account.translated(of_a_job=True):
            job = self._job(job_id)
            state = _STATES.get(str(job.status()), State.RUNNING)
            reason = (job.error_message() or "") if state is State.FAILED else ""
        code = re.search(r"Error code (\d+)", reason)
        retry = code is None or int(code.group(1)) not in _HOPELESS
        return JobStatus(job_id, state, self._account.redacted(reason), retry)

    def results(self, job_id: str) -> list[Any]:
        """The data of every pub of a job that is done."""
        try:
            with self._account.translated(of_a_job=True):
                return [one.data for one in self._job(job_id).result()]
        except ValueError as error:  # cut off on the way, or changed
            if isinstance(error, InputError):
                raise
            reason = self._account.redacted(error)
            raise Unreachable(f"the results of job {job_id} cannot be read: {reason}") from None
        except Missing:
            self._forget(job_id)  # ask anew whether the job is still there
            raise

    def cancel(self, job_id: str) -> None:
        """Cancel a job that is not over."""
        with suppress(LaneClosed, Missing), self._account.translated(of_a_job=True):  # 409: it is over
            self._job(job_id).cancel()

    def billed(self, job_id: str) -> float | None:
        """QPU seconds charged; None as long as the service has not said."""
        with self._account.translated(of_a_job=True):
            usage = self._job(job_id).metrics().get("usage") or {}
        seconds = usage.get("qpu_charge_time_seconds", usage.get("quantum_seconds"))
        if usage.get("status", "final") != "final" or seconds is None:
            return None
        self._forget(job_id)  # a long run has many, and each keeps what came of it
        return float(seconds)

    def _job(self, job_id: str) -> Any:
        with self._lock:
            known = self._known.get(job_id)
        if known is None:
            known = self._account.service.job(job_id)
            with self._lock:
                self._known[job_id] = known
        return known

    def _forget(self, job_id: str) -> None:
        with self._lock:
            self._known.pop(job_id, None)
