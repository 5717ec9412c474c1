"""Bridges on the command line: trained, bounded, resumed, planned, and folders from before there were any."""

import json

import pytest
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


def test_pairs_of_qubits_are_saved_resumed_used_and_reported(here, qlstm):
    pairs = (*SPLIT, "--bridges", "3-0,1-2")
    assert qlstm("train", *pairs, "--epochs", 1, "--out", "run", "--quiet") == (0, "", "")
    record = json.loads((here / "run" / "config.json").read_text())
    assert record["settings"]["bridges"] == record["model"]["bridges"] == [[0, 3], [1, 2]]
    code, _, err = qlstm("train", "waves.csv", "--out", "run", "--resume", "--bridges", "1-2")
    assert (code, "--bridges is 1-2, but the run was started with 0-3,1-2" in err) == (2, True)
    again = ("train", "waves.csv", "--out", "run", "--resume", "--bridges", "0-3,1-2", "--epochs", 2, "--json")
    resumed = json.loads(qlstm(*again)[1])["metrics"]
    whole = json.loads(qlstm("train", *pairs, "--epochs", 2, "--json")[1])["metrics"]
    assert {**resumed, "seconds": 0} == {**whole, "seconds": 0}
    assert qlstm("forecast", "run", "waves.csv")[::2] == (0, "")
    assert qlstm("report", "run")[::2] == (0, "")
    page = (here / "run" / "report.html").read_text()
    assert "2 a layer, 0-3,1-2" in page
    assert "--bridges 0-3,1-2" in page


def test_pairs_are_cut_where_they_stand_and_compared(here, qlstm):
    devices = ("--qpu", "exact", "--shots", 8, "--epochs", 1, "--batch", 20)
    code, out, _ = qlstm("plan", *SPLIT, "--bridges", "0-3", *devices, "--core-qubits", 2, "--wide", "cut", "--json")
    assert code == 0
    assert {(cut["gates"], tuple(cut["widths"])) for cut in json.loads(out)["plan"]["cuts"]} == {(1, (2, 2))}
    code, out, _ = qlstm("compare", *SPLIT, *devices, "--wide", "split,bridges=0-2+1-3", "--json")
    overhead = {row["way"]: row["overhead"] for row in json.loads(out)["ways"]}
    assert code == 0
    assert overhead["split"] == 1 < 80 < overhead["bridges=0-2+1-3"] < 82


@pytest.mark.parametrize(
    ("bridges", "message"),
    [
        ("0_3", "Invalid value for '--bridges': bridges '0_3' must be a number of bridges per layer, or pairs"),
        ("", "must be a number of bridges per layer, or pairs of qubits such as 0-3,1-4"),
        ("-1", "bridges=-1 must be an integer of at least 0"),
        ("5", "bridges=5 is more than the 2 pairs"),
        ("0-1", "bridge (0, 1) lies within one part"),
        ("0-9", "must be two qubits of 0..3"),
        ("0-3,3-0", "bridge (0, 3) is named twice"),
    ],
)
def test_bridges_that_cannot_be_built_are_one_line(here, qlstm, bridges, message):
    code, _, err = qlstm("train", *SPLIT, "--bridges", bridges)
    assert (code, err.count("\n")) == (2, 1)
    assert message in err
