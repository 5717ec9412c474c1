"""``--max-overhead``: the limit of what is cut, in every command that plans; with bridges also a bound in training."""

import json

import pytest

WAVES = ("waves.csv", "--target", "y", "--features", "y", "--window", 1, "--epochs", 1, "--ansatz", "chen2024")
CUT = ("--qpu", "exact", "--wide", "cut", "--depth", 1)
CHAIN = (*WAVES, *CUT, "--hidden", 3, "--core-qubits", 2, "--shots", 8)  # one CNOT between two halves: 9
MANY = (*WAVES, *CUT, "--hidden", 7, "--core-qubits", 1)  # seven CNOTs between eight qubits, each on its own


def refused(result):
    code, out, err = result
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    return err


def test_more_than_a_million_is_refused_without_the_option_and_accepted_with_it(here, qlstm):
    line = refused(qlstm("plan", *MANY))
    assert "cutting 7 gates has a sampling overhead of 4.78e+06, more than --max-overhead 1e+06; " in line
    assert line.endswith("or raise --max-overhead\n")
    code, out, _ = qlstm("plan", *MANY, "--max-overhead", 1e7, "--json")
    plan = json.loads(out)["plan"]
    assert code == 0
    assert max(cut["overhead"] for cut in plan["cuts"]) == pytest.approx(9.0**7)


@pytest.mark.parametrize("command", ["train", "plan", "compare"])
def test_a_lower_limit_refuses_a_cheap_cut(here, qlstm, command):
    mapping = ("--mapping", "greedy") if command == "compare" else ()
    line = refused(qlstm(command, *CHAIN, *mapping, "--max-overhead", 8))
    assert "cutting 1 gate has a sampling overhead of 9, more than --max-overhead 8; " in line
    assert sorted(path.name for path in here.iterdir()) == ["waves.csv"]


def test_a_training_within_the_limit_runs_and_resumes_with_it(here, qlstm):
    options = (*CHAIN, "--gradient", "exact", "--batch", 20, "--max-overhead", 9, "--out", "run", "--quiet")
    assert qlstm("train", *options) == (0, "", "")
    assert json.loads((here / "run" / "config.json").read_text())["settings"]["max_overhead"] == 9
    code, _, err = qlstm("train", "waves.csv", "--out", "run", "--resume", "--max-overhead", 1000)
    assert code == 2
    assert "--max-overhead is 1000.0, but the run was started with 9.0" in err
    assert qlstm("train", "waves.csv", "--out", "run", "--resume", "--quiet") == (0, "", "")


def test_ways_are_held_to_it_too(here, qlstm):
    ways = (*WAVES, "--hidden", 3, "--qpu", "exact", "--shots", 8, "--depth", 2)
    line = refused(qlstm("compare", *ways, "--wide", "split,cut", "--max-overhead", 80))
    assert "error: cut: sub-VQC 'l0.i.p0': cutting 2 gates has a sampling overhead of 81" in line
    line = refused(qlstm("compare", *ways, "--wide", "split,whole", "--max-overhead", 80))
    assert "--max-overhead 80 limits what cuts cost, split and whole cut nothing; leave it out" in line


def test_bridges_pass_at_their_worst_since_training_bounds_them_and_gates_count_in_full(here, qlstm):
    bridged = (*WAVES, *CUT, "--hidden", 3, "--parts", 2, "--bridges", 1, "--max-overhead", 3)
    assert qlstm("plan", *bridged, "--core-qubits", 2)[0] == 0  # a bridge at its worst costs 9
    line = refused(qlstm("plan", *bridged, "--core-qubits", 1))
    assert "more than --max-overhead 3 times 9 of the bridges at their worst; " in line


def test_where_nothing_is_cut_it_is_refused(here, qlstm):
    line = refused(qlstm("train", "waves.csv", "--target", "y", "--max-overhead", 3))
    assert (
        "--max-overhead 3 limits what cuts cost, and there are none; add --bridges or --wide cut, or leave it out"
        in line
    )
