"""``qlstm compare --wide``: ways to run wide gates side by side."""

import json

import numpy as np
import pytest

from backends.errors import BudgetError, InputError
from qlstm.training.ways import HEADER, is_contest, named_ways, plan_ways

MODEL = ("waves.csv", "--target", "y", "--hidden", 3, "--ansatz", "chen2024", "--depth", 1, "--window", 2, "--batch", 2)
WAYS = "split,cut,whole,bridges=1,2"


def test_ways_at_equal_shots_and_at_equal_executions(here, qlstm):
    options = ("--qpu", "exact", "--shots", 256, "--epochs", 1, "--partition", "shared-input", "--out", "cmp")
    code, out, err = qlstm("compare", *MODEL, "--wide", WAYS, *options)
    assert (code, err) == (0, "")
    for word in (*HEADER, "at equal shots", "at equal executions", "sampling overhead"):
        assert word in out, word
    assert "\ncut: " in out and "cut: cut" not in out
    assert sorted(path.name for path in (here / "cmp").iterdir()) == ["compare.json", "compare.png"]
    rows = json.loads((here / "cmp" / "compare.json").read_text())["ways"]
    names = list(named_ways(WAYS))
    shots = {row["way"]: row for row in rows if row["equal"] == "shots"}
    fair = {row["way"]: row for row in rows if row["equal"] == "executions"}
    assert list(shots) == list(fair) == names
    assert {row["shots"] for row in shots.values()} == {256}
    cheapest = min(row["executions"] for row in shots.values())
    for name in names:
        assert fair[name]["executions"] <= cheapest < fair[name]["executions"] + shots[name]["executions"] / 256
    assert shots["split"]["overhead"] == shots["whole"]["overhead"] == 1
    assert shots["bridges=1"]["overhead"] == pytest.approx(9) and shots["bridges=2"]["overhead"] == pytest.approx(81)
    assert 1 <= shots["bridges=1"]["overhead_here"] < 9
    assert shots["cut"]["core_qubits"] <= shots["split"]["core_qubits"] < shots["whole"]["core_qubits"]
    assert shots["cut"]["exact_r2"] == shots["whole"]["exact_r2"] != shots["split"]["exact_r2"]  # one model, two ways
    assert fair["cut"]["error"] > 2 * shots["cut"]["error"] > 2 * 0.5 / np.sqrt(256)
    assert all(row["gradient_error"] > 0 and row["r2"] < 1 for row in rows)


def test_bridges_alone_and_json(here, qlstm):
    code, out, _ = qlstm(
        "compare",
        *MODEL,
        "--wide",
        "bridges=1",
        "--qpu",
        "fake:manila",
        "--shots",
        64,
        "--epochs",
        1,
        "--parts",
        2,
        "--json",
    )
    found = json.loads(out)
    assert code == 0 and found["status"] == "done"
    assert {row["way"] for row in found["ways"]} == {"bridges=1"} and found["ways"][0]["qpu_seconds"] > 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--wide", "split,cot", "--qpu", "exact"), "unknown way 'cot'"),
        (("--wide", "split,split", "--qpu", "exact"), "split is there twice"),
        (("--wide", "bridges=0", "--qpu", "exact"), "unknown way 'bridges=0'"),
        (("--wide", "split,cut"), "compare needs devices"),
        (("--wide", "split,cut", "--qpu", "exact", "--shots", 0), "give --shots of at least 1"),
        (("--wide", "split,cut", "--qpu", "exact", "--mapping", "greedy", "--mapping", "random"), "give --mapping once"),
        (("--wide", "split,cut", "--qpu", "exact", "--gradient", "spsa"), "--gradient spsa means nothing to a comparison"),
        (("--wide", "split,bridges=9", "--qpu", "exact"), "bridges=9 is more than"),
        (("--wide", "split,cut,whole", "--qpu", "exact", "--core-qubits", 8),
         "cut: nothing is cut, since circuits of 5 qubits fit cores of 8; give --core-qubits less than 5"),
        (("--wide", "split,cut", "--qpu", "exact", "--ansatz", "chen2020", "--depth", 2, "--hidden", 4),
         "more than --max-overhead 1e+06; use fewer entangling gates across (the linear entangler"),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_one_line(here, qlstm, options, message):
    code, _, err = qlstm("compare", *MODEL, "--epochs", 1, *options)
    assert code == 2, err
    assert message in err
    assert err.count("\n") == 1
    assert [path.name for path in here.iterdir()] == ["waves.csv"]


def test_the_budget_holds_for_all_that_is_measured(here):
    given = {"task": "pendulum", "hidden": 3, "ansatz": "chen2024", "depth": 1, "qpu": ("fake:manila",)}
    with pytest.raises(BudgetError, match=r"would take .* QPU seconds"):
        plan_ways({**given, "wide": "split,cut", "budget": 1.0})


def test_names():
    assert named_ways("split, cut,bridges=1,3") == ("split", "cut", "bridges=1", "bridges=3")
    assert [is_contest(text) for text in ("cut", "whole", "split", "bridges=2", "cut,whole", None)] == [
        False, False, True, True, True, False,
    ]  # fmt: skip
    for text in ("", "3", "bridges", "split,2", "bridges=²"):
        with pytest.raises(InputError, match="unknown way"):
            named_ways(text)
