"""A small CSV, and the command line run inside the test process or in one of its own."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Tests share a machine; a second thread only waits."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def table() -> Callable[[Path], list[dict[str, str]]]:
    """Read a CSV file."""
    return lambda path: list(csv.DictReader(path.read_text().splitlines()))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder with ``waves.csv``: columns y and u, 30 points."""
    monkeypatch.chdir(tmp_path)
    t = np.arange(30)
    rows = [f"{y!r},{u!r}" for y, u in zip(np.sin(t / 3).tolist(), np.cos(t / 5).tolist(), strict=True)]
    (tmp_path / "waves.csv").write_text("\n".join(["y,u", *rows]) + "\n")
    return tmp_path


@pytest.fixture
def qlstm(capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run a command in this process: exit code, stdout, stderr."""
    from qlstm.cli import run

    def call(*arguments: object) -> tuple[int, str, str]:
        capfd.readouterr()
        code = run([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return code, out, err

    return call


@pytest.fixture
def spawn() -> Callable[..., Any]:
    """Start the command line in a process of its own; ``before`` is Python that runs there first."""
    processes = []

    def start(*arguments: object, before: str = "") -> Any:
        script = f"{before}\nfrom qlstm.cli import main\nmain()\n"
        process = subprocess.Popen(
            [sys.executable, "-c", script, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()
