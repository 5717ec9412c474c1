"""``qlstm train`` on two devices: exit codes, what is saved, and that going on costs nothing twice."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from localqpu.control_client import LocalqpuControl

from backends.ibm.jobs import Jobs
from backends.remote import watch
from qlstm.training import checkpoint
from tests.backends.ibm.lab import AT_ONCE, HELD, NAMES, SMALL_ROUNDS, Lab

ROUNDS = SMALL_ROUNDS // 2
EXHAUSTED = {**AT_ONCE, "usage": {"limit_seconds": 600, "consumed_seconds": 600}}


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def small(small: list[object]) -> list[object]:
    """One epoch will do."""
    return [*small, "--epochs", 1]


@pytest.fixture
def qlstm(capfd: pytest.CaptureFixture[str], lab: Lab) -> Callable[..., tuple[int, str, str]]:
    """Run a command in this process: exit code, stdout, stderr."""
    from qlstm.cli import run

    def call(*arguments: object) -> tuple[int, str, str]:
        capfd.readouterr()
        code = run([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return code, out, err

    return call


def weights(folder: Path) -> dict[str, torch.Tensor]:
    found = checkpoint.load(folder / "checkpoint.pt")["trainer"]["weights"]
    assert isinstance(found, dict)
    return found


def completed(control: LocalqpuControl) -> int:
    jobs = control.jobs()
    assert all(job["status"] in ("Completed", "Cancelled", "Failed") for job in jobs), jobs
    return sum(job["status"] == "Completed" for job in jobs)


@pytest.fixture
def after(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, Callable[[], object]], None]:
    """Do something with the job of that number, before anybody looks at it or at a later one."""

    def start(number: int, action: Callable[[], object]) -> None:
        original, submitted, lock = Jobs.submit, itertools.count(1), threading.Lock()

        def submit(self: Jobs, *given: Any) -> str:
            job_id = original(self, *given)
            with lock:
                if next(submitted) == number:
                    action()
            return job_id

        monkeypatch.setattr(Jobs, "submit", submit)

    return start


_WHOLE: list[dict[str, torch.Tensor]] = []


@pytest.fixture
def whole(qlstm: Callable[..., Any], small: list[object], control: LocalqpuControl, tmp_path: Path) -> Any:
    """Weights of a training that nothing happens to."""
    if not _WHOLE:
        code, _, err = qlstm(*small, "--out", tmp_path / "whole", "--quiet")
        assert (code, err) == (0, "") and completed(control) == 2 * ROUNDS
        _WHOLE.append(weights(tmp_path / "whole"))
        control.reset()
        control.set_scenario(AT_ONCE)
    return _WHOLE[0]


def check(folder: Path, whole: dict[str, torch.Tensor], control: LocalqpuControl) -> None:
    again = weights(folder)
    assert whole.keys() == again.keys() and all(torch.equal(whole[name], again[name]) for name in whole)
    assert completed(control) == 2 * ROUNDS


def test_the_usage_limit(
    qlstm: Callable[..., Any], small: list[object], control: LocalqpuControl, tmp_path: Path, whole: Any, after: Any
) -> None:
    after(9, lambda: control.set_scenario(EXHAUSTED))
    out = tmp_path / "run"
    code, _, err = qlstm(*small, "--out", out, "--quiet")
    assert code == 3, err
    (line,) = [line for line in err.splitlines() if line.startswith("error: ")]
    told = (
        "has used 600 of 600 QPU seconds, nothing is left; wait for its next period, or use another",
        "no time left",
    )
    assert any(text in line for text in told)  # asked before a submission, or refused at it
    assert "saved after" in line and "--resume" in line
    steps = checkpoint.load(out / "checkpoint.pt")["trainer"]
    assert steps["epoch"] == 0 and steps["batch"] in (1, 2)
    control.set_scenario(AT_ONCE)
    code, _, err = qlstm(*small, "--out", out, "--resume", "--quiet")
    assert code == 0, err
    check(out, whole, control)


def test_a_token_that_is_rejected(
    qlstm: Callable[..., Any], small: list[object], control: LocalqpuControl, tmp_path: Path, ibm: Callable[[], Any]
) -> None:
    control.set_scenario({"auth": {"reject_tokens": True}})
    code, _, err = qlstm(*small, "--out", tmp_path / "run")
    assert code == 2 and "does not accept the account" in err and "QISKIT_IBM_TOKEN" in err
    assert err.count("\n") == 1 and not (tmp_path / "run").exists()


def test_a_token_that_is_rejected_while_it_trains(
    qlstm: Callable[..., Any], small: list[object], control: LocalqpuControl, tmp_path: Path, whole: Any, after: Any
) -> None:
    fault = {"method": "POST", "path": "/api/v1/jobs", "status": 401, "times": 99}
    after(9, lambda: control.set_scenario({**AT_ONCE, "http_faults": [fault]}))
    out = tmp_path / "run"
    code, _, err = qlstm(*small, "--out", out, "--quiet")
    assert code == 2 and "does not accept the account any more" in err
    assert checkpoint.load(out / "checkpoint.pt")["trainer"]["batch"] in (1, 2)
    control.set_scenario(AT_ONCE)
    assert qlstm(*small, "--out", out, "--resume", "--quiet")[0] == 0
    check(out, whole, control)


class Fast:
    """A clock that runs 300 times as fast from the moment on that `hurry` is called."""

    since: float | None = None

    def hurry(self) -> None:
        self.since = time.monotonic()

    def monotonic(self) -> float:
        now = time.monotonic()
        return now if self.since is None else now + 300 * (now - self.since)


def test_a_queue_that_is_too_long(
    qlstm: Callable[..., Any],
    small: list[object],
    control: LocalqpuControl,
    tmp_path: Path,
    whole: Any,
    after: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Fast()
    monkeypatch.setattr(watch, "time", clock)
    after(9, lambda: (control.set_scenario(HELD), clock.hurry()))
    out = tmp_path / "run"
    code, _, err = qlstm(*small, "--out", out, "--wait", 600, "--quiet")
    assert code == 130, err
    (line,) = [line for line in err.splitlines() if line.startswith("paused: ")]
    assert "is queued after 600 s; it goes on" in line and "saved after" in line and "--resume" in line
    control.set_scenario(AT_ONCE)
    clock.since = None
    code, out_text, err = qlstm(*small, "--out", out, "--wait", 900, "--resume", "--json")
    assert code == 0, err
    devices = json.loads(out_text)["devices"]
    assert devices["rounds"] == ROUNDS and devices["retries"] == 0
    check(out, whole, control)
    code, text, _ = qlstm("jobs", out, "--json")
    listed = json.loads(text)
    assert code == 0 and listed["jobs"] == 2 * ROUNDS and listed["not_done"] == 0


def test_trained_through_a_bad_network(
    qlstm: Callable[..., Any], small: list[object], control: LocalqpuControl, tmp_path: Path, whole: Any
) -> None:
    faults = [
        {"method": "POST", "path": "/api/v1/jobs", "status": 503, "phase": "after", "times": 3},
        {"method": "POST", "path": "/api/v1/jobs", "drop_connection": True, "times": 2},
        {"method": "POST", "path": "/api/v1/jobs", "status": 429, "retry_after": 1},
        {"method": "GET", "path": "/api/v1/jobs/*", "drop_connection": True, "times": 6},
        {"method": "GET", "path": "/api/v1/jobs/*/results", "status": 404, "times": 2},
    ]
    failed = {"outcome": "failed", "reason": "calibrating", "reason_code": 1517}
    control.set_scenario({**AT_ONCE, "http_faults": faults, "next_jobs": [failed, {"outcome": "cancelled"}]})
    out = tmp_path / "run"
    code, _, err = qlstm(*small, "--out", out, "--quiet")
    assert code == 0, err
    check(out, whole, control)
    assert all(fault["times"] == 0 for fault in control.scenario()["http_faults"])


_EXACT: list[float] = []


@pytest.mark.parametrize("mode", ["batch", "session", "job"])
def test_pendulum_on_two_devices_is_near_exact(
    qlstm: Callable[..., Any], control: LocalqpuControl, tmp_path: Path, mode: str
) -> None:
    """One step of training that moves next to nothing, and the forecasts of all windows: the error of the exact model."""
    sizes = {
        "window": 1,
        "hidden": 2,
        "parts": 2,
        "ansatz": "chen2024",
        "depth": 1,
        "epochs": 1,
        "batch": 200,
        "lr": 1e-9,
    }
    command = ["train", "pendulum", *(text for name, value in sizes.items() for text in (f"--{name}", value)), "--json"]
    if not _EXACT:
        code, out, err = qlstm(*command, "--out", tmp_path / "exact")
        assert code == 0, err
        _EXACT.append(json.loads(out)["metrics"]["train_mse"])
    devices = [text for name in NAMES for text in ("--qpu", f"ibm:{name}?mode={mode}")]
    code, out, err = qlstm(*command, *devices, "--shots", 128, "--gradient", "spsa", "--out", tmp_path / "run")
    assert code == 0, err
    measured = json.loads(out)
    assert measured["metrics"]["train_mse"] == pytest.approx(_EXACT[0], rel=0.2)
    lanes = {(job["backend"], job["session_id"] is not None) for job in control.jobs()}
    assert lanes == {(name, mode != "job") for name in NAMES}
    assert completed(control) == 2 * measured["devices"]["rounds"] == len(control.jobs())


def test_a_run_is_not_resumed_without_its_journal(
    qlstm: Callable[..., Any], small: list[object], control: LocalqpuControl, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    assert qlstm(*small, "--out", out, "--quiet")[0] == 0
    jobs = len(control.jobs())
    (out / "journal.sqlite").rename(tmp_path / "kept.sqlite")
    code, _, err = qlstm(*small[:2], "--out", out, "--resume", "--epochs", 3, "--quiet")
    assert code == 2
    assert "is not the journal that" in err and "put the run's own journal back" in err
    (tmp_path / "kept.sqlite").replace(out / "journal.sqlite")
    assert len(control.jobs()) == jobs
    assert qlstm(*small[:2], "--out", out, "--resume", "--epochs", 3, "--quiet")[0] == 0
