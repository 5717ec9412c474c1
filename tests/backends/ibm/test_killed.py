"""A training that is killed at any moment goes on to the same weights, and no job is run twice."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import torch
from localqpu.control_client import LocalqpuControl

from qlstm.training import checkpoint
from qpartition import Journal
from tests.backends.ibm.conftest import Nursery
from tests.backends.ibm.lab import AT_ONCE, NAMES, SMALL_ROUNDS

KILLS = int(os.environ.get("QLSTM_KILLS", "4"))
"""20 for the whole story, see CONTRIBUTING.md."""


def weights(folder: Path) -> dict[str, torch.Tensor]:
    found = checkpoint.load(folder / "checkpoint.pt")["trainer"]["weights"]
    assert isinstance(found, dict)
    return found


def jobs_of(control: LocalqpuControl) -> int:
    """All of them completed, as many on every device."""
    jobs = control.jobs()
    assert {job["status"] for job in jobs} == {"Completed"}
    assert {name: sum(job["backend"] == name for job in jobs) for name in NAMES} == dict.fromkeys(NAMES, SMALL_ROUNDS)
    return len(jobs)


def test_killed_at_random_moments(
    control: LocalqpuControl, nursery: Callable[..., Nursery], small: list[object], tmp_path: Path
) -> None:
    home = nursery()
    began = time.monotonic()
    assert home.run(*small, "--out", "whole", "--quiet") == 0, home.text("err.txt")
    usual = time.monotonic() - began
    total = jobs_of(control)
    control.reset()
    control.set_scenario(AT_ONCE)

    dice = random.Random(20)
    early = max(1, KILLS // 7)  # before the first job; the others at any job, and then at any moment of a round
    targets = [0] * early + sorted(dice.sample(range(1, total), KILLS - early))
    killed = 0
    for target in targets:
        pid = home.begin(*small, "--out", "killed", "--resume", "--quiet")
        deadline = time.monotonic() + 60
        while len(control.jobs()) < target and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(dice.uniform(0, 0.5 * usual if target == 0 else 0.3))
        os.kill(pid, signal.SIGKILL)
        code = home.end()
        assert code in (-signal.SIGKILL, 0), home.text("err.txt")
        killed += code != 0
    assert killed >= KILLS - 1  # the last one may come too late
    assert home.run(*small, "--out", "killed", "--resume", "--quiet") == 0, home.text("err.txt")

    assert jobs_of(control) == total == 2 * SMALL_ROUNDS
    once, again = weights(tmp_path / "whole"), weights(tmp_path / "killed")
    assert once.keys() == again.keys() and all(torch.equal(once[name], again[name]) for name in once)
    with Journal.read(tmp_path / "killed" / "journal.sqlite") as journal:
        entries = journal.entries()
    assert [entry.outcome for entry in entries] == ["done"] * total
    assert {entry.job_id for entry in entries} == {job["id"] for job in control.jobs()}
