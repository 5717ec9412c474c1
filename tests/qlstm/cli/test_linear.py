"""``--linear``: circuits between linear layers, of a width that the hidden size does not set."""

import json

import pytest
import torch

MODEL = ("waves.csv", "--target", "y", "--features", "y,u", "--hidden", 5, "--linear", 3, "--ansatz", "chen2020",
         "--depth", 1, "--window", 2, "--batch", 20)  # fmt: skip


def test_a_run_with_linear_layers_is_saved_resumed_used_and_reported(here, qlstm):
    code, out, err = qlstm("train", *MODEL, "--epochs", 1, "--out", "run")
    assert (code, err) == (0, "")
    assert "36 quantum parameters" in out  # 4 gates x 3 qubits x 3 angles, whatever the hidden size
    record = json.loads((here / "run" / "config.json").read_text())
    assert record["settings"]["linear"] == record["model"]["linear"] == 3
    weights = torch.load(here / "run" / "checkpoint.pt", weights_only=True)["trainer"]["weights"]
    assert weights["qlstm.linears.l0.into.weight"].shape == (3, 5 + 2)
    assert weights["qlstm.linears.l0.out.weight"].shape == (5, 3)
    code, _, err = qlstm("train", "waves.csv", "--out", "run", "--resume", "--linear", 4)
    assert (code, err.startswith("error: --linear is 4, but the run was started with 3")) == (2, True)
    resumed = json.loads(qlstm("train", "waves.csv", "--out", "run", "--resume", "--epochs", 2, "--json")[1])["metrics"]
    whole = json.loads(qlstm("train", *MODEL, "--epochs", 2, "--json")[1])["metrics"]
    assert {**resumed, "seconds": 0} == {**whole, "seconds": 0}
    assert qlstm("forecast", "run", "waves.csv")[::2] == (0, "")
    assert qlstm("report", "run")[::2] == (0, "")
    page = (here / "run" / "report.html").read_text()
    assert "to 3 qubits and back (L-QLSTM)" in page
    assert "--linear 3" in page


def test_devices_evaluate_it_as_exact_simulation_does(here, qlstm):
    found = []
    for devices in ((), ("--qpu", "exact", "--shots", 0)):
        found.append(json.loads(qlstm("train", *MODEL, "--epochs", 1, *devices, "--json")[1])["metrics"]["train_mse"])
    assert found[0] == pytest.approx(found[1], rel=1e-9)


def test_its_circuits_are_planned_divided_and_compared(here, qlstm):
    devices = ("--qpu", "exact", "--shots", 16, "--epochs", 1)
    plan = json.loads(qlstm("plan", *MODEL, "--parts", 2, *devices, "--json")[1])["plan"]
    assert sorted({circuit["qubits"] for circuit in plan["circuits"]}) == [1, 2]
    code, out, _ = qlstm("compare", *MODEL, *devices, "--wide", "split,bridges=1", "--json")
    ways = {row["way"]: row for row in json.loads(out)["ways"]}
    assert code == 0
    assert {row["core_qubits"] for row in ways.values()} == {2}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--linear", 0), "linear=0 must be an integer of at least 1"),
        (("--linear", 25), "25 qubits, exact simulation takes at most 20; use more --parts or a smaller --linear"),
        (("--parts", 4), "parts=4 exceeds linear=3"),
        (("--partition", "shared-input"), "partition='shared-input' has no meaning with linear=3"),
    ],
)
def test_what_cannot_be_built_is_one_line(here, qlstm, options, message):
    code, _, err = qlstm("train", *MODEL, *options)
    assert (code, err.count("\n")) == (2, 1)
    assert message in err
