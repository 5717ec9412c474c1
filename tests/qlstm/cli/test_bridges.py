"""Bridges on the command line: trained, bounded, resumed, planned, and folders from before there were any."""

import json

import torch

SPLIT = ("waves.csv", "--target", "y", "--features", "y,u", "--hidden", 2, "--parts", 2, "--ansatz", "chen2020",
         "--depth", 1, "--window", 2, "--optimizer", "adam", "--lr", 0.05)  # fmt: skip
BRIDGED = (*SPLIT, "--bridges", 1)


def test_a_bridged_run_says_the_overhead_it_reached(here, qlstm, table):
    code, out, err = qlstm("train", *BRIDGED, "--epochs", 3, "--out", "run")
    assert (code, err) == (0, "")
    assert "52 quantum parameters" in out  # 4 gates x (2 parts x 2 qubits x 3 angles + 1)
    rows = table(here / "run" / "metrics.csv")
    assert f"bridge overhead {float(rows[-1]['bridge_overhead']):.6g}" in " ".join(out.split())
    model = json.loads((here / "run" / "config.json").read_text())["model"]
    assert model["bridges"] == 1
    weights = torch.load(here / "run" / "checkpoint.pt", weights_only=True)["trainer"]["weights"]
    largest = weights["qlstm.bridge_l0"].sin().abs().max()
    assert float(rows[-1]["bridge_overhead"]) == float((1 + 2 * largest) ** 2)
    code, out, err = qlstm("forecast", "run", "waves.csv")
    assert (code, err) == (0, "")


def test_the_bound_holds_where_the_same_training_without_it_goes_further(here, qlstm):
    epochs = ("--epochs", 40)
    free = json.loads(qlstm("train", *BRIDGED, *epochs, "--json")[1])["metrics"]
    code, out, err = qlstm("train", *BRIDGED, *epochs, "--max-overhead", 1.3, "--json")
    bounded = json.loads(out)["metrics"]
    assert (code, err) == (0, "")
    assert 1 < bounded["bridge_overhead"] <= 1.3 < free["bridge_overhead"]


def test_an_overhead_above_the_bound_is_said(here, qlstm):
    code, _, err = qlstm("train", *BRIDGED, "--epochs", 1, "--lr", 0.5, "--max-overhead", 1.0001)
    assert code == 0
    assert "above --max-overhead 1.0001: the penalty did not hold it" in err


def test_a_resumed_run_is_the_run_and_keeps_its_bridges(here, qlstm):
    options = (*BRIDGED, "--max-overhead", 2)
    qlstm("train", *options, "--epochs", 2, "--out", "a")
    code, _, err = qlstm("train", *SPLIT, "--epochs", 4, "--out", "a", "--resume", "--bridges", 0)
    assert code == 2
    assert "--bridges is 0, but the run was started with 1" in err
    resumed = json.loads(qlstm("train", *SPLIT, "--epochs", 4, "--out", "a", "--resume", "--json")[1])["metrics"]
    whole = json.loads(qlstm("train", *options, "--epochs", 4, "--json")[1])["metrics"]
    assert {**resumed, "seconds": 0} == {**whole, "seconds": 0}


def test_a_run_from_before_there_were_bridges_goes_on(here, qlstm):
    qlstm("train", *SPLIT, "--epochs", 1, "--out", "old")
    config = here / "old" / "config.json"
    record = json.loads(config.read_text())
    for name in ("bridges", "max_overhead"):
        del record["settings"][name]
        assert name not in record["model"]
    config.write_text(json.dumps(record))
    code, out, err = qlstm("train", *SPLIT, "--epochs", 2, "--out", "old", "--resume", "--json")
    assert (code, err) == (0, "")
    assert "bridge_overhead" not in json.loads(out)["metrics"]


def test_devices_that_are_wide_enough_run_it_whole(here, qlstm):
    devices = ("--qpu", "exact", "--shots", 0, "--epochs", 1, "--batch", 20)
    widths = json.loads(qlstm("plan", *BRIDGED, *devices, "--json")[1])["plan"]
    assert widths["run"]["executions"] > 0
    on_device = json.loads(qlstm("train", *BRIDGED, *devices, "--json")[1])["metrics"]
    exact = json.loads(qlstm("train", *BRIDGED, "--epochs", 1, "--batch", 20, "--json")[1])["metrics"]
    for name in ("train_mse", "bridge_overhead"):
        assert abs(on_device[name] / exact[name] - 1) < 1e-8


def test_mappings_are_compared_with_bridges(here, qlstm):
    code, out, _ = qlstm("compare", *BRIDGED, "--qpu", "exact", "--shots", 64, "--epochs", 1, "--mapping", "greedy",
                         "--max-overhead", 2, "--json")  # fmt: skip
    assert code == 0
    assert json.loads(out)["settings"]["max_overhead"] == 2
