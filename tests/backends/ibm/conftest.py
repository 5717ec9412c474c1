"""localqpu in place of IBM Quantum: two devices over HTTP on loopback. Nothing else is ever contacted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import localqpu
import numpy as np
import pytest
import qiskit_ibm_runtime
from localqpu.app import start_server
from localqpu.context import ServerConfig
from localqpu.control_client import LocalqpuControl
from localqpu.scenario import ScenarioState
from localqpu.server import RunningServer

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


def eventually(found: Callable[[], Any], wanted: Any = True) -> None:
    """Wait until ``found()`` is ``wanted``: the server lists a request a moment after it has answered."""
    until = time.monotonic() + LONG
    while (now := found()) != wanted and time.monotonic() < until:
        time.sleep(0.01)
    assert now == wanted


@pytest.fixture(scope="session")
def server() -> Iterator[RunningServer]:
    """One server for the session; the same circuits and angles have the same shots, whatever ran before them."""
    kept = {name: os.environ.get(name) for name in ("IAM_URL", "NO_PROXY", "no_proxy")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ScenarioState, "derive_seed", lambda self: 7)
        running = start_server(ServerConfig(port=0, backends=NAMES))
        yield running
        running.stop()
    for name, value in kept.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value


@pytest.fixture
def control(server: RunningServer) -> Iterator[LocalqpuControl]:
    """The server without jobs and faults."""
    remote = LocalqpuControl(server.url)
    remote.reset()
    remote.set_scenario(AT_ONCE)
    yield remote
    remote.reset()


@pytest.fixture
def ibm(server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """The account of this process is one of localqpu, made when it is first asked for."""

    def connect() -> Any:
        return localqpu.connect(server.port, server.host)

    monkeypatch.setattr(qiskit_ibm_runtime, "QiskitRuntimeService", connect)
    return connect


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


_PLANS: dict[Any, Plan] = {}
_FAULTLESS: list[Any] = []


@pytest.fixture
def lab(control: LocalqpuControl, server: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """Devices and plans are kept for the session, and so is their connection."""
    monkeypatch.setattr(qiskit_ibm_runtime, "QiskitRuntimeService", _kept(server))
    return Lab(control, tmp_path, plans=_PLANS)


_CONNECT: dict[str, Callable[[], Any]] = {}


def _kept(server: RunningServer) -> Callable[[], Any]:
    return _CONNECT.setdefault(server.url, lambda: localqpu.connect(server.port, server.host))


@pytest.fixture
def faultless(lab: Lab) -> Any:
    """The numbers of a run without faults."""
    if not _FAULTLESS:
        other = lab.fresh("faultless")
        _FAULTLESS.append(other.run())
        other.check()
        lab.control.reset()
        lab.control.set_scenario(AT_ONCE)
    return _FAULTLESS[0]


ROOT = Path(__file__).parents[3]


@dataclass
class Nursery:
    """Commands in processes of their own; see ``nursery.py``."""

    process: subprocess.Popen[str]
    folder: Path

    def begin(self, *arguments: object) -> int:
        """Start a command; its process id."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps([str(argument) for argument in arguments]) + "\n")
        self.process.stdin.flush()
        return int(self._line("began"))

    def end(self) -> int:
        """Wait for the end of the command; its exit code, negative for a signal."""
        return int(self._line("ended"))

    def run(self, *arguments: object) -> int:
        """Both."""
        self.begin(*arguments)
        return self.end()

    def text(self, name: str) -> str:
        """What all commands together have printed."""
        return (self.folder / name).read_text()

    def _line(self, word: str) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith(word), f"the nursery has ended: {line!r}"
        return line.removeprefix(word)


@pytest.fixture
def nursery(server: RunningServer, tmp_path: Path) -> Iterator[Callable[..., Nursery]]:
    """Start one, with more environment variables."""
    started: list[subprocess.Popen[str]] = []

    def start(**environment: str) -> Nursery:
        process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("nursery.py")), str(server.port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **environment},
        )
        started.append(process)
        made = Nursery(process, tmp_path)
        made._line("ready")
        return made

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def small(tmp_path: Path) -> list[object]:
    """Arguments of a training of 16 rounds on two devices: ``train series.csv ...``; 10 points are written there."""
    rows = [f"{np.sin(t / 3)!s}" for t in range(10)]
    (tmp_path / "series.csv").write_text("\n".join(["y", *rows]) + "\n")
    sizes = {
        "window": 2,
        "hidden": 2,
        "parts": 2,
        "ansatz": "chen2024",
        "depth": 1,
        "batch": 3,
        "epochs": 2,
        "shots": 16,
    }
    options = [text for name, value in sizes.items() for text in (f"--{name}", value)]
    return ["train", tmp_path / "series.csv", *options, *(text for name in NAMES for text in ("--qpu", f"ibm:{name}"))]


SMALL_ROUNDS = 16
