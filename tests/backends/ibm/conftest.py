"""localqpu in place of IBM Quantum: two devices over HTTP on loopback. Nothing else is ever contacted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
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

from qpartition import Plan
from tests.backends.ibm.lab import AT_ONCE, NAMES, Lab


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
