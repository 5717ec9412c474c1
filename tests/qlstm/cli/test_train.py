"""``qlstm train``: what it writes and says."""

import json

import pytest
import torch

SMALL = ("--hidden", 2, "--ansatz", "chen2024", "--depth", 1, "--epochs", 2)
CSV = ("train", "waves.csv", "--target", "y")


def test_a_run_writes_its_files_and_says_where(here, qlstm, table):
    code, out, err = qlstm(*CSV, *SMALL)
    assert code == 0
    assert "runs/waves-0001" in out
    assert not err
    folder = here / "runs" / "waves-0001"
    names = ["checkpoint.pt", "config.json", "forecast.csv", "forecast.png", "loss.png", "metrics.csv"]
    assert sorted(path.name for path in folder.iterdir()) == names
    rows = table(folder / "metrics.csv")
    assert [row["epoch"] for row in rows] == ["1", "2"]
    record = json.loads((folder / "config.json").read_text())
    assert record["settings"]["hidden"] == 2
    assert record["model"]["hidden_size"] == 2
    assert torch.load(folder / "checkpoint.pt", weights_only=True)["trainer"]["epoch"] == 2


def test_json_is_the_only_thing_on_stdout(here, qlstm):
    code, out, err = qlstm(*CSV, *SMALL, "--json", "--features", "y,u", "--parts", 2)
    result = json.loads(out)
    assert code == 0
    assert not err
    assert out.count("\n") == 1
    assert result["status"] == "done"
    assert result["epochs"] == result["epochs_now"] == 2
    assert result["settings"]["features"] == ["y", "u"]
    assert result["devices"] is None
    assert result["metrics"]["test_mse"] > 0
    assert result["metrics"]["drop99_epoch"] in (1, 2)
    assert set(result["linear_fit"]) == {"train_mse", "test_mse", "test_r2", "whole_r2"}


def test_quiet_says_nothing(here, qlstm):
    assert qlstm(*CSV, *SMALL, "--quiet") == (0, "", "")


def test_the_seed_alone_decides(here, qlstm):
    losses = [
        json.loads(qlstm(*CSV, *SMALL, "--shuffle", "--seed", seed, "--json")[1])["metrics"]["train_mse"]
        for seed in (3, 3, 4)
    ]
    assert losses[0] == losses[1] != losses[2]


def test_training_on_devices_records_its_price(here, qlstm, table):
    devices = ("--qpu", "exact", "--qpu", "exact", "--shots", 32, "--batch", 8, "--window", 2)
    code, out, _ = qlstm(*CSV, *SMALL, *devices, "--json", "--out", "run")
    result = json.loads(out)
    assert code == 0
    plan = json.loads((here / "run" / "plan.json").read_text())
    assert plan["shots"] == 32
    assert {circuit["core"].split("/")[0] for circuit in plan["circuits"]} == {
        "exact",
        "exact#2",
    }
    # 18 windows train in 3 steps of 2 + 1 rounds, then 2 rounds evaluate; 2 devices
    assert result["metrics"]["rounds"] == 2 * (3 * 3 + 2)
    assert result["metrics"]["jobs"] == 2 * result["metrics"]["rounds"]
    assert result["devices"]["rounds"] == result["metrics"]["rounds"]
    rows = table(here / "run" / "metrics.csv")
    assert int(rows[0]["executions"]) * 2 == int(rows[1]["executions"]) == result["metrics"]["executions"]


def test_the_price_said_beforehand_is_the_price_paid(here, qlstm):
    from qlstm.training import open_run

    settings = {"task": "waves.csv", "target": "y", "hidden": 1, "ansatz": "chen2024", "depth": 1, "epochs": 1}
    run = open_run(settings | {"qpu": ("fake:manila",), "shots": 64, "batch": 11, "window": 2}, here / "run")
    run.fit()
    paid, said = run.dispatcher.report(), run.plan.run
    assert (paid.rounds, paid.jobs, paid.executions) == (said.rounds, said.jobs, said.executions)
    assert paid.qpu_seconds == pytest.approx(said.qpu_seconds, rel=1e-12)
    assert paid.qpu_seconds > 0


def test_exact_expectations_of_a_device_train_like_exact_simulation(here, qlstm):
    results = []
    for extra in ((), ("--qpu", "exact", "--shots", 0)):
        results.append(json.loads(qlstm(*CSV, *SMALL, *extra, "--json")[1])["metrics"]["train_mse"])
    assert results[0] == pytest.approx(results[1], rel=1e-9)


def test_a_budget_stops_a_run_that_costs_more_than_was_foreseen(here, qlstm, monkeypatch):
    from qlstm.training import opening

    monkeypatch.setattr(opening, "require_budget", lambda *arguments: None)
    devices = (
        "--qpu",
        "fake:manila",
        "--shots",
        16,
        "--batch",
        8,
        "--window",
        1,
        "--gradient",
        "exact",
        "--budget",
        5,
        "--out",
        "run",
    )
    code, out, err = qlstm(*CSV, *SMALL, *devices, "--json")
    assert code == 3
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert "budget is 5.0" in err
    state = torch.load(here / "run" / "checkpoint.pt", weights_only=True)["trainer"]
    again = "qlstm train waves.csv --out run --resume --budget SECONDS"
    assert err.endswith(f"; saved after {state['batch']} steps in run; go on with: {again}\n")
    result = json.loads(out)
    assert out.count("\n") == 1
    assert (result["status"], result["epochs_now"], result["folder"]) == ("stopped", 0, "run")
    assert err == f"error: {result['error']}\n"
    assert 0 < result["devices"]["qpu_seconds"] <= 5
    assert state["epoch"] == 0
    assert state["batch"] >= 1


def test_rounds_of_a_step_that_the_budget_broke_off_are_known_and_cost_nothing_again(here, qlstm, monkeypatch):
    """Two rounds a step: the budget is reached between the two of a step, and the run goes on with a larger one."""
    from qlstm.training import opening
    from qpartition import Journal

    monkeypatch.setattr(opening, "require_budget", lambda *arguments: None)
    devices = ("--qpu", "fake:manila", "--shots", 16, "--batch", 8, "--window", 1, "--epochs", 1, "--quiet")
    assert qlstm(*CSV, *SMALL, *devices, "--out", "whole")[0] == 0
    whole = torch.load(here / "whole" / "checkpoint.pt", weights_only=True)["trainer"]
    assert whole["executor"]["rounds"] > 3
    assert qlstm(*CSV, *SMALL, *devices, "--out", "run", "--budget", 7)[0] == 3
    broken = torch.load(here / "run" / "checkpoint.pt", weights_only=True)["trainer"]
    assert broken["batch"] == 1
    assert broken["executor"]["rounds"] == 2  # those of the finished step; the journal has the third
    with Journal.read(here / "run" / "journal.sqlite") as journal:
        assert [entry.round for entry in journal.entries()] == [0, 1, 2]
    assert qlstm(*CSV, *SMALL, *devices, "--out", "run", "--budget", 600, "--resume")[0] == 0
    ours = torch.load(here / "run" / "checkpoint.pt", weights_only=True)["trainer"]
    assert ours["executor"]["rounds"] == whole["executor"]["rounds"]
    with Journal.read(here / "run" / "journal.sqlite") as journal:
        assert sorted(entry.round for entry in journal.entries()) == list(range(whole["executor"]["rounds"]))
    assert all(torch.equal(ours["weights"][name], whole["weights"][name]) for name in whole["weights"])
