"""A service in memory that does what a script says, and a ledger that writes down the order of things."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from qiskit import QuantumCircuit

from backends.core import Core
from backends.qpu import Bundle, Expectations, Request
from backends.remote import (
    Attempt,
    JobStatus,
    MemoryLedger,
    Missing,
    Outcome,
    RemoteQPU,
    RetryPolicy,
    State,
    Submission,
    Unreachable,
)

QUICK = RetryPolicy(
    first=0.001, longest=0.002, patience=60.0, offline=0.03, wait=None, attempts=3, poll=0.0005, slowest_poll=0.001
)
"""Short waits; patience outlasts a busy machine."""
IMPATIENT = replace(QUICK, patience=0.3)
"""For tests in which patience ends."""
USUAL = (State.QUEUED, State.RUNNING, State.DONE)
BROKEN = (State.QUEUED, State.FAILED)
FAR = (State.QUEUED,)
"""A job that stays where it is."""


class Crash(BaseException):
    """The process is killed here."""


def submission(key: str = "5" * 64) -> Submission:
    circuit = QuantumCircuit(1)
    request = Request(circuit, np.zeros((2, 0)), 1, Core("scripted", 0, (0,)))
    return Submission(key, (Bundle((request,)),), shots=10, estimated=2.5)


JOB = submission()
RESULTS = [Expectations(np.array([[0.5], [0.25]]), np.array([[0.1], [0.2]]))]


@dataclass
class Job:
    """A job at the service; it moves on with every look."""

    job_id: str
    tag: str
    path: list[State]
    reason: str = ""
    retry: bool = True
    cancelled_while: State | None = None

    @property
    def state(self) -> State:
        return self.path[0]

    def look(self) -> JobStatus:
        now = self.state
        if len(self.path) > 1:
            self.path.pop(0)
        return JobStatus(self.job_id, now, self.reason, self.retry)


@dataclass
class Answer:
    """What comes instead of the answer: ``error``, before or after the request has been carried out."""

    error: BaseException
    after: bool = False
    then: Callable[[], object] = field(default=lambda: None)


LOST = Answer(Unreachable("no answer"))
AFTER = Answer(Unreachable("no answer"), after=True)


class ScriptedQPU(RemoteQPU):
    """Requests are answered by the script of their name as long as there is one."""

    def __init__(self, name: str = "scripted") -> None:
        self.name = name
        self.jobs: list[Job] = []
        self.paths: list[tuple[State, ...]] = []
        self.reasons: list[tuple[str, bool]] = []
        self.script: dict[str, list[Answer | None]] = {}
        self.online: list[bool] = []
        self.calls: list[str] = []
        self.hook: Callable[[str, bool], None] = lambda call, done: None
        self.seconds_charged: float | None = 1.5

    def make(self, tag: str, *path: State) -> Job:
        reason, retry = self.reasons.pop(0) if self.reasons else ("", True)
        chosen = path or (self.paths.pop(0) if self.paths else USUAL)
        self.jobs.append(Job(f"job{len(self.jobs)}", tag, list(chosen), reason, retry))
        return self.jobs[-1]

    @property
    def left_to_run(self) -> list[Job]:
        """Jobs that are or will be paid for."""
        return [job for job in self.jobs if job.state in (State.QUEUED, State.RUNNING, State.DONE)]

    def _request(self, name: str, carry_out: Callable[[], Any]) -> Any:
        self.calls.append(name)
        self.hook(name, False)
        answer = self.script[name].pop(0) if self.script.get(name) else None
        if answer is None:
            value = carry_out()
            self.hook(name, True)
            return value
        if answer.after:
            carry_out()
        answer.then()
        raise answer.error

    def _job(self, job_id: str) -> Job:
        for job in self.jobs:
            if job.job_id == job_id:
                return job
        raise Missing(f"no job {job_id}")

    def operational(self) -> bool:
        return bool(self._request("operational", lambda: self.online.pop(0) if self.online else True))

    def submit(self, submission: Submission, tag: str, stop: threading.Event) -> str:
        return str(self._request("submit", lambda: self.make(tag).job_id))

    def find(self, tag: str) -> list[JobStatus]:
        def found() -> list[JobStatus]:
            return [JobStatus(j.job_id, j.state, j.reason, j.retry) for j in self.jobs if j.tag == tag]

        return list(self._request("find", found))

    def status(self, job_id: str) -> JobStatus:
        status = self._request("status", lambda: self._job(job_id).look())
        assert isinstance(status, JobStatus)
        return status

    def fetch(self, job_id: str, submission: Submission) -> list[Expectations]:
        def results() -> list[Expectations]:
            assert self._job(job_id).state is State.DONE
            return RESULTS

        return list(self._request("fetch", results))

    def cancel(self, job_id: str) -> None:
        def cancelled() -> None:
            job = self._job(job_id)
            job.cancelled_while = job.state
            if not job.state.is_final:
                job.path = [State.CANCELLED]

        self._request("cancel", cancelled)

    def billed(self, job_id: str) -> float | None:
        seconds = self._request("billed", lambda: self.seconds_charged)
        return None if seconds is None else float(seconds)


class NotedLedger(MemoryLedger):
    """A ledger that says what was written when; ``qpu`` tells of its requests in the same list."""

    def __init__(self, qpu: ScriptedQPU | None = None) -> None:
        super().__init__()
        self.log: list[str] = [] if qpu is None else qpu.calls
        self.surplus_jobs: dict[str, str] = {}
        self.bills: dict[str, float] = {}
        self.reasons: list[str] = []
        self.hook: Callable[[str, bool], None] = lambda call, done: None

    def _write(self, name: str, write: Callable[[], Any]) -> Any:
        self.log.append(f"ledger.{name}")
        self.hook(name, False)
        value = write()
        self.hook(name, True)
        return value

    def intend(self, submission: Submission, qpu: str, number: int) -> Attempt:
        return self._write("intend", lambda: MemoryLedger.intend(self, submission, qpu, number))  # type: ignore[no-any-return]

    def accepted(self, attempt: Attempt, job_id: str) -> Attempt:
        return self._write("accepted", lambda: MemoryLedger.accepted(self, attempt, job_id))  # type: ignore[no-any-return]

    def store(self, submission: Submission, attempt: Attempt, results: list[Expectations]) -> None:
        self._write("store", lambda: MemoryLedger.store(self, submission, attempt, results))

    def ended(self, attempt: Attempt, outcome: Outcome, reason: str) -> None:
        self.reasons.append(reason)
        self._write("ended", lambda: MemoryLedger.ended(self, attempt, outcome, reason))

    def billed(self, job_id: str, seconds: float) -> None:
        self._write("billed", lambda: self.bills.update({job_id: seconds}))

    def surplus(self, attempt: Attempt, job_id: str, state: str) -> None:
        self._write("surplus", lambda: self.surplus_jobs.update({job_id: state}))


def check(qpu: ScriptedQPU, ledger: NotedLedger, jobs: int = 1) -> None:
    """The results are there, of one job, and nothing else is left to run."""
    stored = ledger.result(JOB)
    assert stored is not None
    np.testing.assert_array_equal(stored[0].values, RESULTS[0].values)
    done = [a for a in ledger.attempts(JOB) if a.outcome is Outcome.DONE]
    assert len(done) == 1 and not any(a.outcome.is_open for a in ledger.attempts(JOB))
    assert [job.job_id for job in qpu.left_to_run] == [done[0].job_id]
    assert len(qpu.jobs) == jobs
