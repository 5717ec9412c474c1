"""``--partition correlated``: parts from the data."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qlstm.training import RunSettings
from qlstm.training.assembly import build_data, build_model

SMALL = ("--hidden", 2, "--parts", 2, "--partition", "correlated", "--ansatz", "chen2024", "--depth", 1, "--quiet")
COMMAND = ("train", "four.csv", "--target", "y", "--features", "a,b,c,d", *SMALL)
PAIRS = [(0, 2, 4), (1, 3, 5)]  # one value of h each, then a with c, b with d


@pytest.fixture(autouse=True)
def _no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    from qlstm.training import Run
    from qlstm.training.forecasts import Forecast

    monkeypatch.setattr(Run, "draw", lambda run: None)
    monkeypatch.setattr(Forecast, "draw", lambda forecast, path: None)


@pytest.fixture
def four(here: Path) -> Path:
    """A file in which c follows a, and d follows b, until the windows that test: there c follows b, and d follows a."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 60))
    late = np.arange(60) >= 45
    c, d = np.where(late, 3 * b, a) + 0.1 * rng.normal(size=60), np.where(late, 3 * a, b) + 0.1 * rng.normal(size=60)
    lines = [",".join(map(repr, row)) for row in np.stack([a * b, a, b, c, d], axis=1).tolist()]
    (here / "four.csv").write_text("\n".join(["y,a,b,c,d", *lines]) + "\n")
    return here


def test_trained_resumed_and_used_with_the_same_parts(four: Path, qlstm: Callable[..., Any]) -> None:
    assert qlstm(*COMMAND, "--epochs", 1, "--out", "run")[0] == 0
    assert json.loads((four / "run/config.json").read_text())["settings"]["partition"] == "correlated"
    assert qlstm(*COMMAND, "--epochs", 2, "--out", "run", "--resume")[0] == 0
    from qlstm.training import Trained

    division = Trained.load(four / "run").model.qlstm.division
    assert list(division.inputs) == PAIRS
    header, *rows = (four / "four.csv").read_text().splitlines()
    (four / "new.csv").write_text("\n".join([header, *rows[45:]]) + "\n")  # other correlations
    code, _, err = qlstm("forecast", "run", "new.csv")
    assert code == 0, err


def test_only_the_windows_that_train_are_looked_at(four: Path) -> None:
    settings = RunSettings(
        task="four.csv", target="y", features=("a", "b", "c", "d"), hidden=2, parts=2, partition="correlated"
    )
    data = build_data(settings)
    assert list(build_model(settings, data).qlstm.division.inputs) == PAIRS
    assert np.abs(np.corrcoef(data.x.reshape(-1, 4).T)[0, 2]) < np.abs(np.corrcoef(data.x.reshape(-1, 4).T)[0, 3])


def test_planned(four: Path, qlstm: Callable[..., Any]) -> None:
    code, out, err = qlstm("plan", *COMMAND[1:-1], "--epochs", 1, "--qpu", "exact", "--json")
    assert code == 0, err
    assert json.loads(out.splitlines()[-1])["plan"]["circuits"][0]["qubits"] == 3


def test_more_parts_than_outputs(four: Path, qlstm: Callable[..., Any]) -> None:
    code, _, err = qlstm(*COMMAND, "--parts", 3)
    assert code == 2
    assert err == "error: parts=3 exceeds hidden_size=2: every part needs an output; use at most 2\n"
