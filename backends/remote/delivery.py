"""One job, run once: written down, submitted, found again, waited for, fetched, whatever happens in between.

The order of things is what makes it safe to be killed at any moment:

1. The intent and its tag are in the ledger before the job is submitted.
2. After any failure, and after a restart, the service is asked for jobs with that tag before another is submitted.
3. The results are in the ledger before anybody uses them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from ..checks import opened
from ..errors import BudgetError, InputError, PausedError
from ..qpu import Expectations
from .errors import Missing, Unreachable
from .ledger import Attempt, Ledger, MemoryLedger, Outcome
from .patient import PatientQPU
from .qpu import JobStatus, RemoteQPU, State, Submission
from .retry import RetryPolicy
from .watch import Watch

_BEST = (State.DONE, State.RUNNING, State.QUEUED, State.FAILED, State.CANCELLED)
"""Which of several jobs with one tag is used: the first of these."""


class Delivery:
    """Sees one submission through on one device.

    Attributes:
        submission: What is run.
        job_id: Of the job that is waited for; None before there is one.
        stop: Set it to end all waiting with a `PausedError`; the job goes on.
    """

    def __init__(
        self,
        qpu: RemoteQPU,
        submission: Submission,
        ledger: Ledger | None = None,
        policy: RetryPolicy | None = None,
        left: Callable[[], float | None] = lambda: None,
    ) -> None:
        self.submission = submission
        self.job_id: str | None = None
        self.stop = threading.Event()
        self._qpu = qpu
        self._ledger: Ledger = MemoryLedger() if ledger is None else ledger
        self._service = PatientQPU(qpu, self._ledger, policy or RetryPolicy(), self.stop)
        self._left = left
        self._in_doubt = False  # a request whose answer is not known may have made a job, or may yet
        self._dropped = set[str]()

    def run(self) -> list[Expectations]:
        """The results, from the ledger if they are there.

        Raises:
            PausedError: If the service cannot be reached, the job takes too long or fails too often; it can be resumed.
            Offline: If the device is off line for too long and the job has not begun.
            InputError: If the service refuses the job for good.
            BudgetError: If the account has no time left.
        """
        known = self._ledger.result(self.submission)
        if known is not None:
            return known
        attempts = self._ledger.attempts(self.submission)
        before = sum(a.outcome in (Outcome.FAILED, Outcome.CANCELLED, Outcome.LOST) for a in attempts)
        attempt = attempts[-1] if attempts and attempts[-1].outcome.is_open else None
        self._in_doubt = attempt is not None  # whoever made it may have been killed while submitting
        failures = 0  # of this run: whoever resumes wants it tried again, whatever another device stopped before
        while True:
            attempt = attempt or self._ledger.intend(self.submission, self._qpu.name, len(attempts) + 1)
            attempt = self._accepted(attempt)
            results, reason = self._followed(attempt)
            if results is not None:
                return results
            failures, attempt, attempts = failures + 1, None, self._ledger.attempts(self.submission)
            self._in_doubt = False
            if failures >= self._service.policy.attempts:
                raise PausedError(f"{self._qpu.name}: a job failed {before + failures} times, at last: {reason}")
            wait = self._service.policy.pause(failures)
            self._require_budget(reason)
            self._service.tell(f"{reason}; submitting again in {wait:.1f} s")
            self._service.rest(wait)

    def _require_budget(self, reason: str) -> None:
        """Another attempt costs as much as the first one."""
        left = self._left()
        if left is not None and left < self.submission.estimated:
            raise BudgetError(
                f"{reason}; submitting it again would take {self.submission.estimated:.3g} QPU seconds, {left:.3g} are left "
                "of the budget; raise the budget"
            )

    def _accepted(self, attempt: Attempt) -> Attempt:
        """The attempt with its job: a known one, one found by its tag, or a new one."""
        if attempt.job_id is not None:
            self.job_id = attempt.job_id
            return attempt
        adopted = self._adopted(attempt)
        patience = self._service.patience(self._service.policy.patience)
        while adopted is None:
            self._service.wait_until_operational()
            if self.stop.is_set():  # a request that was under way when the run stopped may have come back just now
                raise PausedError("stopped before a job was submitted")
            try:
                job_id = self._qpu.submit(replace(self.submission, most_seconds=self._left()), attempt.tag, self.stop)
            except Unreachable as error:
                self._in_doubt = True
                if not patience.wait(f"could not submit ({error})", error.retry_after):
                    raise self._service.unreachable(error) from error
                adopted = self._adopted(attempt)
                continue
            adopted = self._note(attempt, job_id)
        return adopted

    def _note(self, attempt: Attempt, job_id: str) -> Attempt:
        self.job_id = job_id
        try:
            return self._ledger.accepted(attempt, job_id)
        except InputError as error:
            raise InputError(f"job {job_id} is submitted, but {error}; resume: it will be found by its tag") from error

    def _adopted(self, attempt: Attempt) -> Attempt | None:
        """The best job that carries the tag, if there is one; the one that is waited for where another is no better."""
        found = self._service.find(attempt.tag)
        if not found:
            return None
        best = min(found, key=lambda job: (_BEST.index(job.state), job.job_id != attempt.job_id))
        adopted = attempt if best.job_id == attempt.job_id else self._note(attempt, best.job_id)
        for job in found:
            if job is not best and job.job_id not in self._dropped:
                self._drop(attempt, job)
        return adopted

    def _drop(self, attempt: Attempt, job: JobStatus) -> None:
        """Cancel a job that has not begun; one that runs is paid for anyway, and noted."""
        state = self._service.cancelled(job.job_id) if job.state is State.QUEUED else job.state
        self._ledger.surplus(attempt, job.job_id, state.value)
        self._dropped.add(job.job_id)
        self._service.tell(f"job {job.job_id} is one too many ({state.value})")
        self._bill(job.job_id)

    def _followed(self, attempt: Attempt) -> tuple[list[Expectations] | None, str]:
        """Wait for the job; its results, or why there are none."""
        patience = self._service.patience(self._service.policy.patience)
        while True:
            assert attempt.job_id is not None
            job_id = attempt.job_id
            status = Watch(self._service, self._ledger, attempt).final()
            if status is None or self._in_doubt:
                other = self._adopted(attempt)
                if other is None and status is None:
                    self._ledger.ended(attempt, Outcome.LOST, "the service does not know the job any more")
                    return None, f"job {job_id} is lost: the service does not know it any more"
                if other is not None and other.job_id != job_id:
                    attempt = other
                    continue
            if status is not None and status.state is not State.DONE:
                return None, self._failed(attempt, status)
            try:
                if status is None:
                    raise Missing("listed, but not known")
                results = self._fetched(job_id)
            except Missing as error:
                if not patience.wait(f"the results of job {job_id} are not there yet"):
                    raise PausedError(f"{self._qpu.name}: the results of job {job_id} are missing ({error})") from error
                continue  # the next look finds out whether the job itself is gone
            self._ledger.store(self.submission, attempt, results)
            self._bill(job_id)
            return results, ""

    def _fetched(self, job_id: str) -> list[Expectations]:
        """The results; what is not as it must be is never written down, or it would be found there for ever."""
        found = self._service.fetch(job_id, self.submission)
        wanted = [(one.sets, one.columns) for one in opened(self.submission.requests)]
        if [one.values.shape for one in found] != wanted:
            raise RuntimeError(
                f"{self._qpu.name} returned job {job_id} with other shapes than (sets, outputs): {wanted}"
            )
        return found

    def _failed(self, attempt: Attempt, status: JobStatus) -> str:
        outcome = Outcome.CANCELLED if status.state is State.CANCELLED else Outcome.FAILED
        reason = f"job {status.job_id} {'was cancelled' if outcome is Outcome.CANCELLED else 'failed'}"
        reason += f": {status.reason}" if status.reason else ""
        self._ledger.ended(attempt, outcome, status.reason or outcome.value)
        self._bill(status.job_id)
        if not status.retry:
            raise PausedError(f"{self._qpu.name}: {reason}; it would again, so it was not submitted again")
        return reason

    def _bill(self, job_id: str) -> None:
        """What the job has cost, if the service says so now; the results do not wait for it."""
        try:
            seconds = self._qpu.billed(job_id)
        except (Unreachable, Missing):
            return
        if seconds is not None:
            self._ledger.billed(job_id, seconds)
