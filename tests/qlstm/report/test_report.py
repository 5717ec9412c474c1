"""The page of a run: every section, its numbers from independent sources, nothing from anywhere, nothing private."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
from pathlib import Path
from statistics import median

import numpy as np
import pytest
import torch
from qiskit_ibm_runtime.fake_provider import FakeManilaV2

from qlstm.report import collect, render, status
from qlstm.report.page import POLICY
from tests.qlstm.report.conftest import DEVICES, HOSTILE, SMALL, train
from tests.qlstm.report.pages import Page

SECTIONS = ["result", "loss", "forecast", "cost", "mapping", "error", "what"]
ERRORS = "Errors are mean squared errors in scaled units"


def last_row(run: Path) -> dict[str, float]:
    *_, last = csv.DictReader((run / "metrics.csv").read_text().splitlines())
    return {name: float(value) for name, value in last.items()}


@pytest.mark.parametrize("kind", ["exact", "device"])
def test_every_section_is_there(kind: str, request: pytest.FixtureRequest) -> None:
    page = Page(request.getfixturevalue(f"{kind}_page"))
    assert list(page.texts)[1:] == SECTIONS
    assert all(len(text.split()) > 5 for text in page.texts.values())
    assert page.tags.count("h1") == page.tags.count("title") - page.tags.count("svg") == 1
    assert (
        page.tags.count("figure")
        == page.tags.count("figcaption")
        == page.tags.count("svg")
        == (2 if kind == "exact" else 3)
    )


@pytest.mark.parametrize("kind", ["exact", "device"])
def test_nothing_is_loaded_and_nothing_runs(kind: str, request: pytest.FixtureRequest) -> None:
    html = request.getfixturevalue(f"{kind}_page")
    page = Page(html)
    assert page.policy == POLICY and "default-src 'none'" in POLICY
    assert not {"script", "iframe", "object", "embed", "form", "base"} & set(page.tags)
    assert all(link.startswith("#") or link == "data:," for link in page.links)
    assert set(re.findall(r"url\((.)", html)) <= {"#"}
    assert set(re.findall(r"https?://[^\"<\s]*", html)) == {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)


@pytest.mark.parametrize("kind", ["exact", "device"])
def test_names_are_harmless_and_nothing_private_is_said(kind: str, waves: Path, request: pytest.FixtureRequest) -> None:
    html = request.getfixturevalue(f"{kind}_page")
    assert HOSTILE not in html
    assert HOSTILE in Page(html).texts["what"]
    run = request.getfixturevalue(f"{kind}_run")
    for private in (str(waves.parent), waves.parent.name, str(run.parent), str(Path.home()) + "/"):
        assert private not in html
    assert "waves.csv" in html


def test_the_same_run_gives_the_same_bytes(device_run: Path, device_page: str) -> None:
    import matplotlib as mpl

    before = {file.name: file.read_bytes() for file in device_run.iterdir()}
    with mpl.rc_context({"svg.fonttype": "path", "axes.facecolor": "red", "font.size": 30}):  # of the user
        assert render(collect(device_run)) == device_page
    assert {file.name: file.read_bytes() for file in device_run.iterdir()} == before


def test_the_result_stands_beside_its_baselines(exact_run: Path, exact_page: str) -> None:
    page, last = Page(exact_page), last_row(exact_run)
    own, fit = page.row(ERRORS, "QLSTM"), page.row(ERRORS, "Linear least squares")
    same = page.row(ERRORS, "Persistence (last value)")
    assert float(own["test MSE"]) == pytest.approx(last["test_mse"], rel=1e-3)
    assert float(own["test R²"].replace("\N{MINUS SIGN}", "-")) == pytest.approx(last["test_r2"], abs=6e-5)
    assert own["parameters"] == str(4 * 3 + 2 + 1)  # 4 gates of 3 qubits, one layer; a head of 2 weights and an offset
    # independently: windows of one value, scaled by the training part
    y = np.sin(np.arange(24) / 3)
    train_windows = int(0.67 * 22)
    low, high = y[: train_windows + 1].min(), y[: train_windows + 1].max()
    scaled = 2 * (y - low) / (high - low) - 1
    x, target = scaled[:22], scaled[1:23]
    slope, offset = np.polyfit(x[:train_windows], target[:train_windows], 1)
    test = slice(train_windows, None)
    assert float(fit["test MSE"]) == pytest.approx(np.mean((slope * x[test] + offset - target[test]) ** 2), rel=1e-3)
    assert float(same["test MSE"]) == pytest.approx(np.mean((x[test] - target[test]) ** 2), rel=1e-3)


def test_an_exact_run_says_that_there_were_no_devices(exact_page: str) -> None:
    page = Page(exact_page)
    for section in ("cost", "mapping", "error"):
        assert "No devices were used" in page.texts[section]
    assert "no bands" in page.texts["loss"] and "no band" in page.texts["forecast"]


def test_bands_where_the_error_is_known(device_run: Path, device_page: str) -> None:
    page, last = Page(device_page), last_row(device_run)
    assert "two standard errors" in page.texts["loss"] and "two standard errors" in page.texts["forecast"]
    assert device_page.count("FillBetween") == 3
    value, error = page.row(ERRORS, "QLSTM, on the devices")["test MSE"].split(" ± ")
    assert float(value) == pytest.approx(last["test_mse"], abs=last["test_mse_stderr"] / 10)
    assert float(error) == pytest.approx(last["test_mse_stderr"], rel=0.05)


def test_the_ledger_is_that_of_the_journal_and_the_plan(device_run: Path, device_page: str) -> None:
    page = Page(device_page)
    with sqlite3.connect(device_run / "journal.sqlite") as base:
        jobs, executions, estimated = base.execute(
            "SELECT count(*), sum(executions), sum(estimated) FROM jobs"
        ).fetchone()
    planned = json.loads((device_run / "plan.json").read_text())["run"]
    row = page.row("Planned for the whole training, and run so far", "fake:manila")
    assert (row["jobs run"], row["executions run"]) == (f"{jobs:,}", f"{executions:,}")
    assert (row["jobs planned"], row["executions planned"]) == (f"{planned['jobs']:,}", f"{planned['executions']:,}")
    assert row["QPU s planned"] == f"{planned['qpu_seconds']:,.1f}" and row["QPU s estimated"] == f"{estimated:,.1f}"
    assert row["QPU s charged"] == "\N{EN DASH}" and "Nothing was charged" in page.texts["cost"]
    assert f"{estimated / 5000:.1%} used" in page.texts["cost"]


def test_the_mapping_is_drawn_and_listed(device_run: Path, device_page: str) -> None:
    circuits = json.loads((device_run / "plan.json").read_text())["circuits"]
    _, *rows = Page(device_page).tables["What runs where"]
    assert sorted(key for row in rows for key in row[1].split(", ")) == sorted(
        c["key"].removeprefix("l0.") for c in circuits
    )
    assert {row[0]: row[2] for row in rows} == {c["core"]: " ".join(map(str, c["physical"])) for c in circuits}
    labels = re.findall(r"<text[^>]*>([^<]+)</text>", device_page[device_page.index('id="mapping"') :])
    assert {"0", "1", "2", "3", "4"} <= {label.strip() for label in labels}


def test_device_errors_are_those_of_the_calibration(device_run: Path, device_page: str) -> None:
    page, target = Page(device_page), FakeManilaV2().target
    plan = json.loads((device_run / "plan.json").read_text())
    core = plan["circuits"][0]
    row = page.row("Calibration of the cores in use, medians over qubits and couplings", core["core"])
    readout = median(target["measure"][(q,)].error for q in core["physical"])
    t1 = median(target.qubit_properties[q].t1 for q in core["physical"])
    assert row["readout error"] == f"{readout:.3%}" and row["T1 µs"] == f"{1e6 * t1:.0f}"
    mean = np.mean([circuit["fidelity"] for circuit in plan["circuits"]])
    assert f"{mean:.3f} on average" in page.texts["error"]


def test_measured_stands_against_exact(device_run: Path, device_page: str) -> None:
    from qlstm import Forecaster
    from qlstm.tasks import Dataset, load

    state = torch.load(device_run / "checkpoint.pt", weights_only=True)
    settings = state["settings"]
    data = Dataset.of(load(settings["task"], target=HOSTILE), settings["window"])
    model = Forecaster.from_config(state["model"]).double()
    model.load_state_dict(state["trainer"]["weights"])
    with torch.no_grad():
        clean = np.mean((model(torch.from_numpy(np.array(data.x_test))).numpy() - data.y_test) ** 2)
    row = Page(device_page).row("The same weights", "test MSE")
    assert float(row["exact simulation"]) == pytest.approx(clean, rel=1e-3)
    assert float(row["on the devices"]) == pytest.approx(last_row(device_run)["test_mse"], rel=1e-3)


def test_the_command_gives_the_same_run(device_page: str, device_run: Path) -> None:
    text = Page(device_page).texts["what"]
    line = next(line for line in text.splitlines() if line.strip().startswith("qlstm train"))
    for words in ("--hidden 2", "--parts 2", "--qpu fake:manila", "--shots 64", "--mapping greedy", "--budget 5000"):
        assert words in line
    versions = json.loads((device_run / "config.json").read_text())["versions"]
    assert all(value in text for value in versions.values())


@pytest.mark.usefixtures("undrawn")
def test_an_unfinished_run_says_so(waves: Path, tmp_path: Path) -> None:
    run = train(tmp_path / "stopped", {"task": str(waves), **SMALL, "epochs": 5}, lambda run: run.trainer.steps == 3)
    record = collect(run)
    assert status(record)[0] == "unfinished"
    page = Page(render(record))
    assert "1 of 5 epochs and 1 step of the next" in page.texts["head"]
    assert "saved weights in exact simulation" in page.texts["forecast"]


@pytest.mark.usefixtures("undrawn")
def test_a_run_that_has_saved_nothing(exact_run: Path, device_run: Path, copied) -> None:
    for run in (exact_run, device_run):
        folder = copied(run)
        for name in ("checkpoint.pt", "metrics.csv", "forecast.csv", "journal.sqlite"):
            (folder / name).unlink(missing_ok=True)
        record = collect(folder)
        assert status(record)[0] == "not begun"
        page = Page(render(record, lstm=True))
        assert list(page.texts)[1:] == SECTIONS
        assert "no classical LSTM" in page.texts["result"]
        assert "no result" in page.texts["result"] and "no loss" in page.texts["loss"]


@pytest.mark.usefixtures("undrawn")
def test_what_is_missing_is_said_in_its_section(device_run: Path, copied) -> None:
    folder = copied(device_run)
    for name in ("plan.json", "journal.sqlite", "forecast.csv", "metrics.csv"):
        (folder / name).unlink()
    record = json.loads((folder / "config.json").read_text())
    del record["versions"]
    (folder / "config.json").write_text(json.dumps(record))
    page = Page(render(collect(folder)))
    assert "plan.json is missing" in page.texts["cost"] and "plan.json is missing" in page.texts["mapping"]
    assert "journal.sqlite is missing" in page.texts["cost"]
    assert "left no forecast of its own" in page.texts["forecast"]
    assert "calibration is missing" in page.texts["error"]
    assert "Versions were not recorded" in page.texts["what"]


@pytest.mark.usefixtures("undrawn")
def test_data_that_are_gone_or_others(device_run: Path, copied, tmp_path: Path) -> None:
    folder = copied(device_run)
    record = json.loads((folder / "config.json").read_text())
    gone = tmp_path / "secret folder" / "waves.csv"
    record["settings"]["task"] = str(gone)
    (folder / "config.json").write_text(json.dumps(record))
    page = Page(render(collect(folder)))
    assert "baselines are missing" in page.texts["result"] and "secret folder" not in page.html
    assert "as the run left it" in page.texts["forecast"].lower()
    gone.parent.mkdir()
    gone.write_text("\n".join([HOSTILE, *map(str, range(24))]) + "\n")
    assert "not those that the run was trained on" in Page(render(collect(folder))).texts["result"]


@pytest.mark.usefixtures("undrawn")
def test_a_real_device_is_reported_from_its_snapshot_offline(device_run: Path, copied) -> None:
    """With what it charged; nobody is asked: tests have no account."""
    folder, backend = copied(device_run), FakeManilaV2()
    for name in ("config.json", "plan.json"):
        text = (folder / name).read_text()
        (folder / name).write_text(text.replace("fake:manila", "ibm:ibm_manila"))
    described = {"configuration": backend._conf_dict, "properties": backend.properties().to_dict()}
    (folder / "devices.json").write_text(json.dumps({"ibm:ibm_manila": described}, default=str))
    with sqlite3.connect(folder / "journal.sqlite") as base:
        base.execute("UPDATE jobs SET qpu = 'ibm:ibm_manila', billed = 3")
        base.execute("UPDATE jobs SET outcome = 'failed', reason = 'crn:v1:secret' WHERE rowid = 1")
        (jobs,) = base.execute("SELECT count(*) FROM jobs").fetchone()
    page = Page(render(collect(folder)))
    row = page.row("Planned for the whole training, and run so far", "ibm:ibm_manila")
    assert row["QPU s charged"] == f"{3 * jobs:,.1f}" and row["jobs run"] == str(jobs - 1)
    assert "1 failed" in page.texts["cost"] and "3.0 QPU s, of failed" in page.texts["cost"]
    assert "crn:" not in page.html
    assert page.row("The same weights", "test MSE") and page.html.count("<svg") == 3
    (folder / "devices.json").unlink()
    assert "calibration of ibm:ibm_manila was not kept" in Page(render(collect(folder))).texts["mapping"]


@pytest.mark.usefixtures("undrawn")
def test_ideal_devices_have_nothing_to_draw(waves: Path, tmp_path: Path) -> None:
    given = {"task": str(waves), **SMALL, **DEVICES, "qpu": ("exact",), "epochs": 1, "shots": None}
    page = Page(render(collect(train(tmp_path / "ideal", given))))
    assert "ideal" in page.texts["mapping"] and "ideal" in page.texts["error"]
    assert "exact expectations, so" in page.texts["loss"]
