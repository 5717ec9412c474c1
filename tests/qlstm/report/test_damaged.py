"""Damaged files: one line that names the file, and no page."""

from __future__ import annotations

from pathlib import Path

import pytest

from qlstm.cli import run

NAMES = ("config.json", "metrics.csv", "forecast.csv", "checkpoint.pt", "plan.json", "journal.sqlite")


@pytest.mark.parametrize("name", NAMES)
def test_one_line(device_run: Path, copied, capfd: pytest.CaptureFixture[str], name: str) -> None:
    folder = copied(device_run)
    content = (folder / name).read_bytes()
    for damage in (b"", b"\0\xff garbage", content[: len(content) // 2 + 3]):
        (folder / name).write_bytes(damage)
        assert run(["report", str(folder)]) == 2
        out, err = capfd.readouterr()
        assert not out
        assert err.startswith("error: ") and err.count("\n") == 1 and name in err
    assert not (folder / "report.html").exists()


def test_calibration_that_cannot_be_read(device_run: Path, copied, capfd: pytest.CaptureFixture[str]) -> None:
    folder = copied(device_run)
    (folder / "devices.json").write_text("[]")
    assert run(["report", str(folder)]) == 2
    assert "devices.json cannot be read" in capfd.readouterr().err


def test_numbers_that_no_run_leaves(exact_run: Path, copied, capfd: pytest.CaptureFixture[str]) -> None:
    folder = copied(exact_run)
    text = (folder / "metrics.csv").read_text()
    for other in (text.replace("\n2,", "\n3,"), text.replace("test_r2", "test_r3"), text.replace("\n1,", "\n1,x")):
        (folder / "metrics.csv").write_text(other)
        assert run(["report", str(folder)]) == 2
        assert "metrics.csv is damaged" in capfd.readouterr().err
