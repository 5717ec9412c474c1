"""Devices behind a network that are all in memory: exact answers, goes off line when told, every job in its book."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import fsum
from pathlib import Path
from typing import Any

import numpy as np
from qiskit import QuantumCircuit

from backends.checks import opened
from backends.core import Core
from backends.ideal import ExactQPU
from backends.qpu import Bundle, Expectations, Limits, Profile, Request
from backends.remote import JobStatus, Missing, RemoteQPU, RetryPolicy, State, Submission
from qpartition import Dispatcher, Journal, Plan
from tests.qpartition import toy

QUICK = RetryPolicy(
    first=0.001, longest=0.002, patience=0.3, offline=0.02, wait=None, attempts=3, poll=0.0005, slowest_poll=0.001
)


@dataclass
class CloudJob:
    """What the service knows of a job."""

    tag: str
    submission: Submission
    state: State


class CloudQPU(RemoteQPU):
    """Off line while ``off``, and once it has taken ``capacity`` jobs. What it reads is offset + slope <Z>.

    Jobs are done at once; those submitted while ``holding`` wait for ever, or until they are cancelled.
    """

    num_qubits = 12
    coupling_map = ((0, 1), (1, 0))
    calibration = toy.CountingQPU.calibration
    limits = Limits()

    def __init__(
        self, name: str, capacity: float = np.inf, offset: float = 0.0, slope: float = 1.0, most: int | None = None
    ) -> None:
        self.name, self.capacity, self.offset, self.slope = name, capacity, offset, slope
        self.limits = Limits(max_executions=most)
        self.off = self.holding = False
        self._lock = threading.RLock()
        self.jobs: dict[str, CloudJob] = {}
        self._toy, self._exact = toy.CountingQPU(name, num_qubits=self.num_qubits), ExactQPU()

    @property
    def done(self) -> list[Submission]:
        """Everything that was paid for here."""
        return [job.submission for job in self.jobs.values() if job.state is State.DONE]

    def cores(self, core_qubits: int | None = None, guard: int = 0) -> tuple[Core, ...]:
        return self._toy.cores(core_qubits, guard)

    def transpile(self, circuit: QuantumCircuit, core: Core) -> QuantumCircuit:
        return circuit

    def profile(self, circuit: QuantumCircuit, core: Core, outputs: int) -> Profile:
        return self._toy.profile(circuit, core, outputs)

    def seconds(self, requests: Sequence[Request | Bundle], shots: int | None) -> float:
        return self._toy.seconds(requests, shots)

    def operational(self) -> bool:
        with self._lock:  # jobs of a round ask at the same time, each before it is submitted
            if self.off or self.holding or self.capacity < 1:
                return False
            self.capacity -= 1
            return True

    def submit(self, submission: Submission, tag: str, stop: threading.Event) -> str:
        assert all(request.core.qpu == self.name for request in opened(submission.requests))
        job_id = f"{self.name}-{len(self.jobs)}"
        self.jobs[job_id] = CloudJob(tag, submission, State.QUEUED if self.holding else State.DONE)
        return job_id

    def find(self, tag: str) -> list[JobStatus]:
        return [JobStatus(job_id, job.state) for job_id, job in self.jobs.items() if job.tag == tag]

    def status(self, job_id: str) -> JobStatus:
        if job_id not in self.jobs:
            raise Missing(job_id)
        return JobStatus(job_id, self.jobs[job_id].state)

    def fetch(self, job_id: str, submission: Submission) -> list[Expectations]:
        found = self._exact._execute(opened(submission.requests), None, None)
        return [Expectations(self.offset + self.slope * one.values, one.stderr) for one in found]

    def cancel(self, job_id: str) -> None:
        if self.jobs[job_id].state is State.QUEUED:
            self.jobs[job_id].state = State.CANCELLED

    def billed(self, job_id: str) -> float | None:
        return self.jobs[job_id].submission.estimated


def paid(devices: Sequence[CloudQPU]) -> list[Submission]:
    """Jobs that were done, on all devices together."""
    return [submission for device in devices for submission in device.done]


def run_and_replay(
    plan: Plan, devices: Sequence[CloudQPU], path: Path, work: Callable[[Dispatcher], Any]
) -> Dispatcher:
    """Do some work; then again, from the journal, whoever is on line: the same values, and nothing is submitted."""
    with Journal(path) as journal, Dispatcher(plan, journal=journal, retry=QUICK, budget_seconds=1e6) as first:
        values = work(first)
        assert journal.spent().seconds == fsum(submission.estimated for submission in paid(devices))
    jobs = [len(device.jobs) for device in devices]
    for off in (False, True):
        for device in devices:
            device.off, device.holding, device.capacity = off, False, np.inf
        with Journal(path) as journal, Dispatcher(plan, journal=journal, retry=QUICK) as again:
            np.testing.assert_array_equal(work(again), values)
    with Journal.read(path) as reader, Dispatcher(plan, journal=reader) as third:
        np.testing.assert_array_equal(work(third), values)
        assert third.report().counts == again.report().counts
    assert [len(device.jobs) for device in devices] == jobs
    return first
