"""A planted token is in nothing that a run leaves, and what a run leaves is its owner's alone."""

from __future__ import annotations

import logging
import pickle
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import localqpu
import pytest
import qiskit_ibm_runtime
from localqpu.control_client import LocalqpuControl
from localqpu.server import RunningServer

from backends import open_qpu
from backends.errors import InputError
from backends.ibm.connection import connect
from qlstm.training import checkpoint
from tests.backends.ibm.conftest import Nursery
from tests.backends.ibm.lab import AT_ONCE, Lab

TOKEN = "planted-token-8f1c2ba0"


def traces(folder: Path) -> list[str]:
    """Files in which the token is, zipped and doubly encoded ones too."""
    found = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        texts = [path.read_bytes()]
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                texts += [archive.read(name) for name in archive.namelist()]
        if any(text.find(form) >= 0 for text in texts for form in (TOKEN.encode(), TOKEN.encode("utf-16-le"))):
            found.append(path.name)
    return found


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(f"apikey {TOKEN}")
    with zipfile.ZipFile(tmp_path / "b.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data", TOKEN)
    assert traces(tmp_path) == ["a.txt", "b.pt"]


def private(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert not mode & 0o077 or path.suffix == ".png", f"{path.name}: {mode:o}"


FAILURES: dict[str, tuple[int, dict[str, Any]]] = {
    "usage": (3, {"usage": {"limit_seconds": 1, "consumed_seconds": 1}}),
    "echoed": (2, {"http_faults": [{"path": "/api/v1/jobs", "status": 400, "message": f"bad {TOKEN}", "times": 99}]}),
    "rejected": (2, {"auth": {"reject_tokens": True}}),
    "failed": (130, {"next_jobs": [{"outcome": "failed", "reason": f"1517 {TOKEN}", "reason_code": 1517}] * 99}),
    "crash": (70, {}),
}


def test_the_token_stays_where_it_is(
    control: LocalqpuControl, nursery: Callable[..., Nursery], small: list[object], tmp_path: Path
) -> None:
    home = nursery(QISKIT_IBM_TOKEN=TOKEN, QISKIT_IBM_INSTANCE="crn:v1:localqpu", PYTHONDEVMODE="")
    arguments = [*small, "--wait", 600]
    codes = {}
    for name, (_, scenario) in FAILURES.items():
        control.reset()
        control.set_scenario({**AT_ONCE, **scenario})
        home.begin(*arguments, "--out", name, *(["--crash"] if name == "crash" else []))
        assert TOKEN.encode() not in Path(f"/proc/{home.process.pid}/cmdline").read_bytes()  # forks have the same
        codes[name] = home.end()
    control.reset()
    control.set_scenario(AT_ONCE)
    assert home.run(*arguments, "--epochs", 1, "--out", "good") == 0, home.text("err.txt")
    assert home.run("jobs", "good") == 0
    control.set_scenario({"auth": {"reject_tokens": True}})  # a report asks nobody
    assert home.run("report", "good") == 0, home.text("err.txt")
    page = (tmp_path / "good" / "report.html").read_text()
    assert "ibm:" in page and "crn:v1" not in page and str(tmp_path) not in page
    assert codes == {name: code for name, (code, _) in FAILURES.items()}
    said = home.text("err.txt")
    assert "***" in said and "Traceback" in said, "the service repeats the token, and it is struck out"
    assert traces(tmp_path) == []
    for name in ("good", "failed", "usage"):
        private(tmp_path / name)


@pytest.fixture
def planted(server: RunningServer, control: LocalqpuControl, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An account with that token."""
    real = localqpu.client.QiskitRuntimeService  # `localqpu.connect` says all the rest
    monkeypatch.setattr(localqpu.client, "QiskitRuntimeService", lambda **options: real(**{**options, "token": TOKEN}))
    return lambda: localqpu.connect(server.port, server.host)


def refused(status: int) -> dict[str, Any]:
    return {"http_faults": [{"method": "POST", "path": "/api/v1/jobs", "status": status, "message": TOKEN, "times": 9}]}


def test_errors_and_logs_without_the_token(
    lab: Lab, planted: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(qiskit_ibm_runtime, "QiskitRuntimeService", planted)
    caplog.set_level(logging.DEBUG, "qpartition")
    lab.plans = {}
    failed = {"outcome": "failed", "reason": TOKEN, "reason_code": 1305}
    for scenario in (refused(400), refused(401), refused(403), {"next_jobs": [failed] * 9}):
        lab.control.reset()
        lab.control.set_scenario({**AT_ONCE, **scenario})
        with pytest.raises(Exception) as caught:  # noqa: PT011
            lab.run()
        assert "***" in str(caught.value)
        assert TOKEN not in str(caught.getrepr(chain=True, showlocals=False)) and TOKEN not in caplog.text
    assert TOKEN not in repr(lab.qpus[0].account) + repr(lab.qpus[0]) + repr(lab.qpus[0].snapshot())
    assert traces(lab.folder) == []


def test_an_account_that_is_refused_does_not_show_its_token(
    planted: Any, control: LocalqpuControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QISKIT_IBM_TOKEN", TOKEN)
    monkeypatch.setattr(qiskit_ibm_runtime, "QiskitRuntimeService", planted)
    control.set_scenario({"auth": {"reject_tokens": True}})
    with pytest.raises(InputError) as caught:
        connect()
    assert TOKEN not in str(caught.getrepr(chain=True))


class Evil:
    def __reduce__(self) -> Any:
        return Path.touch, (Path(self.path),)

    def __init__(self, path: Path) -> None:
        self.path = str(path)


def test_nothing_of_a_stranger_is_executed(tmp_path: Path) -> None:
    target = tmp_path / "executed"
    evil = pickle.dumps(Evil(target))
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(evil)
    with pytest.raises(InputError, match="is damaged or not a checkpoint"):
        checkpoint.load(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", evil)
        archive.writestr("archive/version", "3")
    with pytest.raises(InputError, match="is damaged or not a checkpoint"):
        checkpoint.load(path)
    for strange in ({"configuration": "__import__('os')"}, {"configuration": {}, "properties": {}}):
        with pytest.raises(InputError, match="not the snapshot of an IBM device"):
            open_qpu("ibm:ibm_fez", strange).cores(2)
    assert not target.exists()
