"""Runs to report, trained once; and the page of each."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from markupsafe import Markup

from qlstm.report import chips, collect, curves, render
from qlstm.training import open_run

HOSTILE = "<script>alert(1)</script> & <b>"
SMALL: dict[str, Any] = {
    "target": HOSTILE,
    "window": 1,
    "hidden": 2,
    "ansatz": "chen2024",
    "depth": 1,
    "epochs": 2,
    "batch": 12,
}
DEVICES: dict[str, Any] = {"parts": 2, "qpu": ("fake:manila",), "shots": 64, "mapping": "greedy", "budget": 5000.0}


def train(folder: Path, given: dict[str, Any], stop: Callable[[Any], bool] = lambda run: False) -> Path:
    """As ``qlstm train`` does."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    run = open_run(given, folder)
    try:
        run.fit(lambda: stop(run))
        if run.trainer.finished:
            run.draw()
    finally:
        run.close()
        torch.set_num_threads(threads)
    return folder


@pytest.fixture(scope="session")
def waves(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CSV of 24 points whose column would be a script."""
    path = tmp_path_factory.mktemp("private data") / "waves.csv"
    path.write_text("\n".join([HOSTILE, *(repr(float(y)) for y in np.sin(np.arange(24) / 3))]) + "\n")
    return path


@pytest.fixture(scope="session")
def exact_run(waves: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """In exact simulation."""
    return train(tmp_path_factory.mktemp("runs") / "exact", {"task": str(waves), **SMALL})


@pytest.fixture(scope="session")
def device_run(waves: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """On a noisy simulated device, with shots."""
    return train(tmp_path_factory.mktemp("runs") / "manila", {"task": str(waves), **SMALL, **DEVICES})


@pytest.fixture
def copied(tmp_path: Path) -> Callable[[Path], Path]:
    """A copy of a run, to be changed."""
    return lambda run: Path(shutil.copytree(run, tmp_path / run.name))


@pytest.fixture(scope="session")
def exact_page(exact_run: Path) -> str:
    return render(collect(exact_run))


@pytest.fixture(scope="session")
def device_page(device_run: Path) -> str:
    return render(collect(device_run))


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures are left out, where a test is about words."""
    for module in (chips, curves):
        monkeypatch.setattr(module, "inline", lambda *_: Markup("<svg></svg>"))
