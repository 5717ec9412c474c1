"""Runs of two rounds on the two devices of localqpu, and waiting for what its server or another thread does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from localqpu.control_client import LocalqpuControl

from backends import open_qpu
from backends.ibm.qpu import IBMQPU
from backends.remote import RetryPolicy
from qpartition import Dispatcher, Journal, Plan, Topology, Workload, plan
from tests.qpartition import toy

NAMES = ("ibm_fez", "ibm_torino")
QUICK = RetryPolicy(first=0.02, longest=0.1, patience=60.0, offline=60.0, poll=0.01, slowest_poll=0.05)
"""Short waits; patience outlasts a busy machine."""
AT_ONCE = {"queue": {"polls_before_running": 0}}
"""A scenario whose jobs begin with the first look."""
HELD = {"queue": {"delay_seconds": 3600}}
"""A scenario whose jobs wait until another one is set."""
LONG = 60.0
"""Seconds that a test waits for another thread or the server before it fails."""
LISTED = [toy.circuit(key, qubits=2, outputs=1, inputs=1, depth=1) for key in ("a", "b")]
ROUNDS = 2
SMALL_ROUNDS = 16
"""Of a training with the arguments of the fixture `small`."""


def eventually(found: Callable[[], Any], wanted: Any = True) -> None:
    """Wait until ``found()`` is ``wanted``: the server lists a request a moment after it has answered."""
    until = time.monotonic() + LONG
    while (now := found()) != wanted and time.monotonic() < until:
        time.sleep(0.01)
    assert now == wanted, f"{now!r} and not {wanted!r} after {LONG:g} s"


@dataclass
class Lab:
    """Runs of two rounds on both devices."""

    control: LocalqpuControl
    folder: Path
    options: str = ""
    policy: RetryPolicy = QUICK
    names: tuple[str, ...] = NAMES
    mapping: Any = "round-robin"
    plans: dict[Any, Plan] = field(default_factory=dict)
    budget: float | None = None

    @property
    def journal(self) -> Path:
        return self.folder / "journal.sqlite"

    @property
    def plan(self) -> Plan:
        """Kept: transpiling takes longer than running."""
        key = (self.options, self.names)
        if self.mapping != "round-robin":
            return self._plan()
        if key not in self.plans:
            self.plans[key] = self._plan()
        return self.plans[key]

    def _plan(self) -> Plan:
        devices = [open_qpu(f"ibm:{name}{self.options}") for name in self.names]
        return plan(Workload.of(toy.Model(LISTED), 2, 1), Topology(devices, 2), self.mapping, shots=64)

    @property
    def qpus(self) -> list[IBMQPU]:
        assert self.plan.live is not None
        return list(self.plan.live.topology.qpus.values())  # type: ignore[arg-type]

    def run(self, rounds: int = ROUNDS, between: Callable[[int], object] = lambda done: None, **changes: Any) -> Any:
        """Every round starts from what the one before measured; the values of the last one."""
        inputs, weights = toy.angles(LISTED, rows=2)
        with (
            Journal(self.journal) as journal,
            Dispatcher(
                self.plan, journal=journal, retry=replace(self.policy, **changes), budget_seconds=self.budget
            ) as dispatcher,
        ):
            for done in range(rounds):
                between(done)
                values = dispatcher.values(inputs, weights)
                inputs = {key: inputs[key] + values[key].value for key in inputs}
        return np.concatenate([values[key].value for key in sorted(values)])

    def fresh(self, folder: str) -> Lab:
        """The same with a journal of its own."""
        path = self.folder / folder
        path.mkdir()
        return replace(self, folder=path)

    def in_thread(self, **changes: Any) -> Callable[[], Any]:
        """Start `run`; the function returned waits for its end."""
        ends: list[Any] = []

        def work() -> None:
            try:
                ends.append(self.run(**changes))
            except Exception as error:
                ends.append(error)

        thread = threading.Thread(target=work)
        thread.start()

        def end() -> Any:
            thread.join(2 * LONG)
            assert ends, "the run does not end"
            if isinstance(ends[0], Exception):
                raise ends[0]
            return ends[0]

        return end

    def wait_for(self, state: str, jobs: int = 1) -> list[str]:
        """Until so many jobs are in that state; their ids."""
        until = time.monotonic() + LONG
        while time.monotonic() < until:
            found = [job["id"] for job in self.control.jobs() if job["status"] == state]
            if len(found) >= jobs:
                return found
            time.sleep(0.01)
        raise AssertionError(f"no {jobs} jobs are {state}: {self.control.jobs()}")

    def submissions(self) -> list[Any]:
        """Status of every request to submit a job; None for a broken connection."""
        requests = self.control.requests()
        return [r["status"] for r in requests if (r["method"], r["path"]) == ("POST", "/api/v1/jobs")]

    def check(self, rounds: int = ROUNDS, others: tuple[str, ...] = ()) -> None:
        """One completed job per round and device, all of them used; beside them only jobs in the states ``others``."""
        jobs = self.control.jobs()
        done = [job for job in jobs if job["status"] == "Completed"]
        assert sorted(job["backend"] for job in done) == sorted(self.names * rounds)
        assert sorted(job["status"] for job in jobs if job["status"] != "Completed") == sorted(others)
        with Journal.read(self.journal) as journal:
            used = [entry for entry in journal.entries() if entry.outcome == "done"]
        assert {entry.job_id for entry in used} == {job["id"] for job in done}
        assert sorted((entry.round, entry.qpu) for entry in used) == [
            (number, f"ibm:{name}") for number in range(rounds) for name in sorted(self.names)
        ]
