"""``qlstm reproduce``: tables and figures of the paper, here with very few epochs."""

import json
import signal

import pytest

import qlstm.reproduce.resource_plans as plans
from qlstm.reproduce.experiments import EXPERIMENTS

QUICK = ("--fast", "--seeds", 1, "--processes", 1)


def test_a_table_has_the_papers_column_beside_ours(here, qlstm, table):
    code, out, err = qlstm("reproduce", "table1", *QUICK, "--out", "t1")
    assert (code, err) == (0, "")
    assert "the numbers mean nothing" in out
    assert "0.9898" in out
    rows = table(here / "t1" / "summary.csv")
    assert [row["model"] for row in rows][:5] == [
        "centric, 3 qubits", "centric, 4 qubits", "centric, 5 qubits", "centric, 6 qubits", "distributed, 2 x 3",
    ]  # fmt: skip
    assert [row["paper epoch"] for row in rows][:6] == ["81", "68", "38", "27", "31", ""]
    assert {row["group"].partition(",")[0] for row in rows} == {"paper's setting", "ours"}
    linear = [row for row in rows if row["model"] == "linear least squares"]
    assert all(float(row["test R2"]) > 0.9999 for row in linear)
    assert all(int(row["parameters"]) <= 300 for row in rows)
    assert {row["seed"] for row in table(here / "t1" / "runs.csv")} == {"0"}


@pytest.mark.parametrize(("name", "kind"), [("fig3", "loss"), ("fig4", "forecast")])
def test_a_figure_and_its_numbers(here, qlstm, table, name, kind):
    code, out, _ = qlstm("reproduce", name, *QUICK, "--json", "--first-seed", 5)
    assert code == 0
    found = json.loads(out)
    assert (found["status"], found["fast"], found["seeds"]) == ("done", True, [5])
    assert found["folder"] == f"reproduced/{name}-0001"
    folder = here / found["folder"]
    assert (folder / f"{kind}.png").read_bytes().startswith(b"\x89PNG")
    rows = table(folder / f"{kind}.csv")
    assert {row["seed"] for row in rows} == {"5"}
    per_model = {"loss": 2, "forecast": 235}[kind]  # epochs; windows of the pendulum
    assert len(rows) == per_model * len(EXPERIMENTS[name].rows)


def test_resources(here, qlstm, table, monkeypatch):
    monkeypatch.setattr(plans, "DEVICE", "fake:manila")
    monkeypatch.setattr(plans, "PLANS", (plans.Planned(2),))
    assert qlstm("reproduce", "resources", "--out", "r")[0] == 0
    closed, counted = table(here / "r" / "plans.csv")
    for name in ("parameters", "qubits per QPU", "rounds", "jobs", "sets", "executions"):
        assert closed[name] == counted[name]
    assert (here / "r" / "resources.png").exists()
    widths = [row["qubits per QPU"] for row in table(here / "r" / "resources.csv") if row["group"] == "M grows"]
    assert widths == ["16", "8", "4", "2"]


def test_bad_input_is_one_line(here, qlstm):
    (here / "full").mkdir()
    (here / "full" / "x").touch()
    for arguments, message in (
        (("tabel1",), "unknown experiment 'tabel1': did you mean 'table1'?"),
        (("table1", "--out", "full"), "full is not empty; choose another folder"),
        (("table1", "--seeds", 0), "'--seeds': Input should be greater than or equal to 1"),
        (("table1", "--processes", "x"), "'--processes'"),
    ):
        code, out, err = qlstm("reproduce", *arguments)
        assert (code, out) == (2, "")
        assert message in err
        assert err.count("\n") == 1
    assert not (here / "reproduced").exists()


def test_ctrl_c_leaves_what_is_finished(here, qlstm, table, monkeypatch):
    from qlstm.reproduce import pool

    original, calls = pool.run, iter(range(100))

    def interrupted(*arguments):
        if next(calls) == 3:
            signal.raise_signal(signal.SIGINT)
        return original(*arguments)

    monkeypatch.setattr(pool, "run", interrupted)
    code, out, err = qlstm("reproduce", "table1", *QUICK, "--out", "cut", "--json")
    assert code == 130
    assert (
        err.splitlines()[-1]
        == "interrupted; what was finished is in cut, go on with: qlstm reproduce table1 --out cut --resume"
    )
    assert json.loads(out)["status"] == "interrupted"
    names = [row["model"] for row in table(here / "cut" / "summary.csv")]
    assert names == 2 * ["centric, 3 qubits", "centric, 4 qubits", "centric, 5 qubits"]  # both scalings are the same
