"""Gets a job run by its device, whatever kind it is, and kept in the journal, if there is one."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from backends.errors import BudgetError, InputError, PausedError
from backends.qpu import QPU, Expectations, Handle
from backends.remote.errors import Missing, Unreachable
from backends.remote.qpu import RemoteHandle, RemoteQPU
from backends.remote.retry import RetryPolicy
from qpartition.journal import Journal, JournalReader

from .jobs import Job

_BILLS = 100
"""Bills asked for when a run ends, at most: those of the last jobs."""
_PATIENCE = 20.0
"""Seconds that may take."""


class Started(Protocol):
    """A job that is under way, or done."""

    @property
    def job_id(self) -> str:
        """What its device calls it."""
        ...

    def result(self) -> list[Expectations]:
        """Wait for it."""
        ...


@dataclass(frozen=True)
class Courier:
    """Starts jobs.

    Attributes:
        journal: Where they are written down; a `JournalReader` answers from there alone; None: nowhere.
        policy: How long to wait for devices behind a network.
        keep_local: Results of devices on this machine are kept too. They cost nothing to get again but time.
    """

    journal: Journal | JournalReader | None
    policy: RetryPolicy
    keep_local: bool = True

    def has(self, job: Job) -> bool:
        """Whether the results of a job are there."""
        return self.journal is not None and self.journal.stored(job.submission.key) is not None

    def start(self, qpu: QPU, job: Job, left: Callable[[], float | None]) -> Started:
        """Start a job; nothing is waited for.

        Args:
            qpu: Its device.
            job: The job.
            left: QPU seconds that it may still take; None for no limit.

        Raises:
            InputError: If the journal answers alone and does not know the job, or it cannot be used.
        """
        submission = job.submission
        known = None if self.journal is None else self.journal.stored(submission.key)
        if known is not None:
            return _Ready(submission.key, known)
        if isinstance(qpu, RemoteQPU):
            if not isinstance(self.journal, Journal):
                raise InputError(
                    f"the journal has no results of round {submission.round} on {qpu.name}; it is of another run, or of one "
                    "that did not get so far"
                )
            self.journal.warn_of_a_change(submission, qpu.name)
            return qpu.deliver(submission, self.journal, self.policy, left)
        handle = qpu.run(submission.requests, job.shots, seed=job.seed)
        if not isinstance(self.journal, Journal):
            return handle
        return _Noted(handle, qpu.name, job, self.journal, self.keep_local)


@dataclass(frozen=True)
class _Ready:
    job_id: str
    results: list[Expectations]

    def result(self) -> list[Expectations]:
        return self.results


class _Noted:
    """A job on this machine that is written down when it is done."""

    def __init__(self, handle: Handle, qpu: str, job: Job, journal: Journal, keep: bool) -> None:
        self.job_id, self._handle, self._qpu = handle.job_id, handle, qpu
        self._job, self._journal, self._keep = job, journal, keep

    def result(self) -> list[Expectations]:
        results = self._handle.result()
        self._journal.local(self._job.submission, self._qpu, self.job_id, results if self._keep else None)
        return results


def abandon(started: list[Started]) -> None:
    """Stop waiting for jobs; they go on, and are taken up again from the journal."""
    remote = [one for one in started if isinstance(one, RemoteHandle)]
    for one in remote:  # all at once, for each may take a while
        one.stop()
    for one in remote:
        one.abandon()


def settle_bills(journal: Journal, qpus: Mapping[str, RemoteQPU]) -> None:
    """Ask what jobs have cost that the service had not said when they ended; as far as it can be reached soon."""
    until = time.monotonic() + _PATIENCE
    with suppress(Unreachable, InputError, PausedError, BudgetError):
        owing = [entry for entry in journal.entries() if entry.billed is None and entry.job_id and not entry.is_open]
        for entry in owing[-_BILLS:]:
            if entry.qpu in qpus and entry.job_id is not None and time.monotonic() < until:
                with suppress(Missing):
                    seconds = qpus[entry.qpu].billed(entry.job_id)
                    if seconds is not None:
                        journal.billed(entry.job_id, seconds)
