"""Pages of runs that forecast several steps, have bridges, or run circuits in pieces."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qlstm.report import chips, collect, curves, render
from qlstm.report.classical import train_classical
from qlstm.report.cuts import CAPTION
from qlstm.report.results import BY_STEPS
from tests.qlstm.report.conftest import DEVICES, SMALL, train
from tests.qlstm.report.pages import Page

SPSA: dict[str, Any] = {"gradient": "spsa", "batch": 20, "epochs": 1}


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text().splitlines()))


@pytest.fixture(scope="module")
def joint_run(waves: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three steps ahead with bridges, on a noisy device with shots."""
    further = {"horizon": 3, "bridges": 1, "partition": "shared-input", "max_overhead": 3.0}
    given = {"task": str(waves), **SMALL, **DEVICES, **SPSA, **further}
    return train(tmp_path_factory.mktemp("runs") / "joint", given)


def test_several_steps_ahead(joint_run: Path) -> None:
    record = collect(joint_run)
    page, last = Page(render(record)), table(joint_run / "metrics.csv")[-1]
    for step in (1, 2, 3):
        row = page.row(BY_STEPS, str(step))
        assert float(row["QLSTM test MSE"]) == pytest.approx(float(last[f"test_mse_{step}"]), rel=1e-3)
    # the last value again, independently: windows of one value, scaled by the points that training sees
    y, windows = np.sin(np.arange(24) / 3), 24 - 1 - 3
    trained = int(0.67 * windows)
    low, high = y[: trained + 3].min(), y[: trained + 3].max()
    scaled = 2 * (y - low) / (high - low) - 1
    test = np.arange(trained, windows)
    for step in (1, 2, 3):
        error = np.mean((scaled[test] - scaled[test + step]) ** 2)
        assert float(page.row(BY_STEPS, str(step))["last value test MSE"]) == pytest.approx(error, rel=1e-3)
    assert record.measured is not None and f"first and the last of 3 steps ahead, from {windows} windows" in page.html
    assert page.html.count("1 step ahead</text>") == page.html.count("3 steps ahead</text>") == 1
    assert "As measured on the devices" in page.texts["forecast"]
    assert "the next 3 are forecast" in page.texts["what"]
    assert page.html.count("FillBetween") == 4  # both losses, both panels


def test_the_forecasts_and_their_errors_are_kept_by_step(joint_run: Path) -> None:
    rows, last = table(joint_run / "forecast.csv"), table(joint_run / "metrics.csv")[-1]
    assert list(rows[0])[:2] == ["point", "step"] and len(rows) == 3 * 20
    assert all(float(row[name]) > 0 for row in rows for name in row if name.startswith("stderr_"))
    assert float(last["test_mse_stderr"]) > 0


def test_bridges_and_their_overhead(joint_run: Path) -> None:
    page, last = Page(render(collect(joint_run))), table(joint_run / "metrics.csv")[-1]
    overhead = f"{float(last['bridge_overhead']):.3g}"
    assert page.tables["Every epoch"][1][page.tables["Every epoch"][0].index("overhead of cut bridges")] == overhead
    assert f"to cut them takes {overhead} times the shots, kept below 3 by a penalty" in page.texts["what"]


@pytest.mark.usefixtures("undrawn")
def test_the_lstm_beside_a_run_of_several_steps(joint_run: Path) -> None:
    record = collect(joint_run)
    assert record.data is not None
    again = train_classical(record.data, record.settings, 1, 40)  # its recipe has a bound for bridges, an LSTM has none
    assert again.scores.test_mse == pytest.approx(np.mean([again.by_step[f"test_mse_{step}"] for step in (1, 2, 3)]))
    assert "LSTM test MSE" in Page(render(record, lstm=True)).tables[BY_STEPS][0]


@pytest.mark.usefixtures("undrawn")
def test_several_steps_without_the_data(joint_run: Path, copied, tmp_path: Path, monkeypatch) -> None:
    folder = copied(joint_run)
    record = json.loads((folder / "config.json").read_text())
    record["settings"]["task"] = str(tmp_path / "gone.csv")
    (folder / "config.json").write_text(json.dumps(record))
    drawn = []
    monkeypatch.setattr(curves, "inline", lambda draw, name, *_: drawn.append(draw()) or "")
    page = Page(render(collect(folder)))
    assert page.tables[BY_STEPS][0] == ["steps ahead", "QLSTM test MSE", "QLSTM test R²"]
    assert [axes.get_ylabel() for axes in drawn[-1].axes] == ["1 step ahead", "3 steps ahead"]


def test_cut_circuits(waves: Path, tmp_path: Path) -> None:
    given = {"task": str(waves), **SMALL, **SPSA, "qpu": ("fake:manila",), "shots": 64, "wide": "cut", "core_qubits": 2}
    run = train(tmp_path / "cut", given)
    page, plan = Page(render(collect(run))), json.loads((run / "plan.json").read_text())
    (cut,) = plan["cuts"]
    _, row = page.tables[CAPTION]
    keys = ", ".join(key.removeprefix("l0.") for key in cut["keys"])
    assert row == [
        keys, str(cut["qubits"]), " + ".join(map(str, cut["widths"])), str(cut["gates"]), str(cut["wires"]),
        f"{cut['overhead']:g}", str(cut["circuits"]), str(cut["subexperiments"]),
    ]  # fmt: skip
    assert (cut["qubits"], cut["gates"], cut["overhead"]) == (3, 1, pytest.approx(9))  # one CNOT: (2 * 1 + 1)^2
    assert f"{len(plan['circuits'])} pieces of 4 sub-VQCs that are cut" in page.texts["mapping"]
    assert f"{cut['subexperiments']} parameter sets are run" in page.texts["cost"]
    assert {key.strip() for row in page.tables["What runs where"][1:] for key in row[1].split(",")} == {
        circuit["key"].removeprefix("l0.") for circuit in plan["circuits"]
    }
    assert page.html.count("<svg") == 3
    # the error is not that of plain shots, so nothing is recorded of it
    assert "since circuits are cut" in page.texts["loss"] and "since circuits are cut" in page.texts["forecast"]
    assert not [name for name in table(run / "metrics.csv")[0] if name.endswith("_stderr")]
    assert not [name for name in table(run / "forecast.csv")[0] if name.startswith("stderr_")]
    line = next(line for line in page.texts["what"].splitlines() if line.strip().startswith("qlstm train"))
    assert "--wide cut" in line and "--core-qubits 2" in line


def test_words_for_what_is_whole_and_what_is_not(device_run: Path) -> None:
    plan = collect(device_run).plan
    assert plan is not None and chips._circuits(plan) == f"{len(plan.circuits)} sub-VQCs"
