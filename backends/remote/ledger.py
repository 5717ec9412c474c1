"""Where a delivery writes down what it is about to do, what it did, and what came of it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from ..qpu import Expectations
from .qpu import Submission


class Outcome(StrEnum):
    """What has become of an attempt."""

    INTENDED = "intended"
    SUBMITTED = "submitted"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"

    @property
    def is_open(self) -> bool:
        """True while its results may still come."""
        return self in (Outcome.INTENDED, Outcome.SUBMITTED)


@dataclass(frozen=True)
class Attempt:
    """One try to get a submission run.

    Attributes:
        number: From 1.
        tag: Carried by its job.
        outcome: What has become of it.
        job_id: Of the service; None as long as it is not known to have been accepted.
    """

    number: int
    tag: str
    outcome: Outcome
    job_id: str | None = None


class Ledger(Protocol):
    """What a delivery needs; every write is on disk, where there is one, before the method returns."""

    def result(self, submission: Submission) -> list[Expectations] | None:
        """Results that are already there."""
        ...

    def attempts(self, submission: Submission) -> list[Attempt]:
        """All attempts so far, in order."""
        ...

    def intend(self, submission: Submission, qpu: str, number: int) -> Attempt:
        """Before a job is submitted: note that it will be, and under which tag."""
        ...

    def accepted(self, attempt: Attempt, job_id: str) -> Attempt:
        """The job exists."""
        ...

    def store(self, submission: Submission, attempt: Attempt, results: list[Expectations]) -> None:
        """The job is done, and this came of it."""
        ...

    def ended(self, attempt: Attempt, outcome: Outcome, reason: str) -> None:
        """The attempt is over without results."""
        ...

    def billed(self, job_id: str, seconds: float) -> None:
        """What the service charged for a job."""
        ...

    def surplus(self, attempt: Attempt, job_id: str, state: str) -> None:
        """A job that carries the same tag and is not used."""
        ...

    def note(self, qpu: str, text: str) -> None:
        """Something a reader of the run's history wants to know."""
        ...


class MemoryLedger:
    """A `Ledger` that is gone with its process."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._attempts: dict[str, list[Attempt]] = {}
        self._results: dict[str, list[Expectations]] = {}
        self.notes: list[str] = []

    def result(self, submission: Submission) -> list[Expectations] | None:
        """See `Ledger`."""
        return self._results.get(submission.key)

    def attempts(self, submission: Submission) -> list[Attempt]:
        """See `Ledger`."""
        with self._lock:
            return list(self._attempts.get(submission.key, ()))

    def intend(self, submission: Submission, qpu: str, number: int) -> Attempt:
        """See `Ledger`."""
        attempt = Attempt(number, submission.tag(number), Outcome.INTENDED)
        with self._lock:
            self._attempts.setdefault(submission.key, []).append(attempt)
        return attempt

    def accepted(self, attempt: Attempt, job_id: str) -> Attempt:
        """See `Ledger`."""
        return self._change(attempt, replace(attempt, outcome=Outcome.SUBMITTED, job_id=job_id))

    def store(self, submission: Submission, attempt: Attempt, results: list[Expectations]) -> None:
        """See `Ledger`."""
        self._change(attempt, replace(attempt, outcome=Outcome.DONE))
        self._results[submission.key] = results

    def ended(self, attempt: Attempt, outcome: Outcome, reason: str) -> None:
        """See `Ledger`."""
        self._change(attempt, replace(attempt, outcome=outcome))

    def billed(self, job_id: str, seconds: float) -> None:
        """See `Ledger`."""

    def surplus(self, attempt: Attempt, job_id: str, state: str) -> None:
        """See `Ledger`."""

    def note(self, qpu: str, text: str) -> None:
        """See `Ledger`."""
        self.notes.append(f"{qpu}: {text}")

    def _change(self, old: Attempt, new: Attempt) -> Attempt:
        with self._lock:
            for attempts in self._attempts.values():
                for i, attempt in enumerate(attempts):
                    if attempt.tag == old.tag:
                        attempts[i] = new
        return new
