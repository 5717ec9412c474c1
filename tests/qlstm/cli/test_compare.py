"""``qlstm compare``: mappings side by side on a task."""

import json

import pytest

MODEL = ("waves.csv", "--target", "y", "--hidden", 2, "--parts", 2, "--ansatz", "chen2024", "--depth", 1, "--window", 2)
DEVICES = ("--qpu", "fake:fez", "--qpu", "fake:torino", "--shots", 64, "--epochs", 2)


def test_mappings_are_trained_once_and_compared(here, qlstm):
    options = ("--mapping", "round-robin", "--mapping", "noise-aware", "--out", "cmp")
    code, out, err = qlstm("compare", *MODEL, *DEVICES, *options)
    assert code == 0
    assert not err
    assert "noise-aware" in out
    assert sorted(path.name for path in (here / "cmp").iterdir()) == ["compare.json", "compare.png"]
    result = json.loads((here / "cmp" / "compare.json").read_text())
    found = {entry["mapping"]: entry for entry in result["mappings"]}
    assert set(found) == {"round-robin", "noise-aware"}
    for entry in found.values():
        assert entry["measured"] > entry["measured_stderr"] > 0
        assert entry["r2"] < 1
        assert entry["r2_stderr"] > 0
        assert entry["jobs"] > 0
    assert found["noise-aware"]["core_error"] < found["round-robin"]["core_error"]


def test_every_mapping_is_compared_by_default(here, qlstm):
    code, out, _ = qlstm("compare", *MODEL, "--qpu", "fake:manila", "--shots", 0, "--epochs", 1, "--json")
    result = json.loads(out)
    assert code == 0
    assert result["folder"] == "runs/compare-waves-0001"
    assert {e["mapping"] for e in result["mappings"]} >= {"round-robin", "random", "greedy", "noise-aware", "optimal"}
    assert all(entry["r2_stderr"] == 0 for entry in result["mappings"])


def test_bad_input_is_one_line(here, qlstm):
    for options, message in (
        ((), "compare needs devices"),
        (("--qpu", "fake:manila", "--mapping", "optimum"), "unknown mapping 'optimum'"),
        (("--qpu", "fake:manila", "--out", "."), "is not empty"),
    ):
        code, _, err = qlstm("compare", *MODEL, "--epochs", 1, *options)
        assert code == 2
        assert message in err
        assert err.count("\n") == 1
    assert [path.name for path in here.iterdir()] == ["waves.csv"]


@pytest.fixture
def untrained(monkeypatch):
    """No training is begun."""
    from qlstm.training.trainer import Trainer

    monkeypatch.setattr(Trainer, "fit", None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--mapping optimum", "unknown mapping 'optimum'"),
        ("--mapping random --mapping random", "'random' is given twice"),
        ("--shots 1000000", "1000000 shots exceed"),
        ("--out /proc/nope/x", "cannot create /proc/nope/x"),
        ("--out waves.csv", "waves.csv"),
        ("--mapping optimum --out new/cmp", "unknown mapping"),
    ],
)
def test_input_is_checked_before_the_training(here, qlstm, untrained, options, message):
    code, out, err = qlstm("compare", *MODEL, *DEVICES, *options.split(), "--json")
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert [path.name for path in here.iterdir()] == ["waves.csv"]


@pytest.mark.parametrize("mitigation", [(), ("--mitigation", "readout")])
def test_the_whole_price_is_known_before_the_training(here, qlstm, monkeypatch, mitigation):
    """Against what the devices are then asked for."""
    from qlstm.training.comparing import contest_seconds, plan_contest
    from qpartition import dispatch

    spent = []
    close = dispatch.Dispatcher.close
    monkeypatch.setattr(dispatch.Dispatcher, "close", lambda d: (spent.append(d.report().qpu_seconds), close(d)))
    options = ("--mapping", "round-robin", "--mapping", "random", *mitigation)
    assert qlstm("compare", *MODEL, *DEVICES, *options, "--epochs", 1, "--quiet")[0] == 0
    given = {"task": "waves.csv", "target": "y", "hidden": 2, "parts": 2, "ansatz": "chen2024", "depth": 1, "window": 2}
    given |= {"qpu": ("fake:fez", "fake:torino"), "shots": 64, "mitigation": mitigation[1:]}
    contest = plan_contest(given, ["round-robin", "random"])
    price = sum(contest_seconds(contest, name) for name in contest.plans)
    assert sum(spent) == pytest.approx(price, rel=1e-9)
    assert price > 10


def test_a_budget_is_refused_before_the_training_by_its_own_number(here, qlstm, untrained):
    options = ("--mapping", "round-robin", "--mapping", "random", "--budget", 20, "--out", "c2")
    code, out, err = qlstm("compare", *MODEL, *DEVICES, *options, "--json")
    assert code == 3
    assert "the budget is 20.0" in err
    assert "would take" in err
    result = json.loads(out)
    assert result["status"] == "refused"
    assert err == f"error: {result['error']}\n"
    assert [path.name for path in here.iterdir()] == ["waves.csv"]


@pytest.mark.parametrize("out", [(), ("--out", "new/cmp")])
def test_a_training_that_fails_leaves_no_folder(here, qlstm, out):
    code, _, err = qlstm("compare", *MODEL, *DEVICES, "--mapping", "random", "--lr", 1e300, "--quiet", *out)
    assert code == 2
    assert "loss is" in err
    assert [path.name for path in here.iterdir()] == ["waves.csv"]


def test_a_folder_that_is_not_empty_cannot_be_resumed(here, qlstm):
    (here / "old").mkdir()
    (here / "old" / "checkpoint.pt").write_text("x")
    code, _, err = qlstm("compare", *MODEL, *DEVICES, "--out", "old")
    assert code == 2
    assert err == "error: old is not empty; choose another folder\n"
