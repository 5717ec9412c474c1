"""``qlstm compare``: mappings side by side on a task."""

import json

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
