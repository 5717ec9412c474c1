"""``qlstm reproduce`` killed and resumed: the files of an uninterrupted run, and no training done twice."""

import json
import signal
import time

import pytest

from qlstm.reproduce import pool
from qlstm.reproduce.experiments import EXPERIMENTS, Experiment
from qlstm.reproduce.identity import made_with
from qlstm.reproduce.setups import Data, Quantum, Row, Setup
from qlstm.training import Recipe
from qlstm.training.lock import FolderLock

WHOLE = ("reproduce", "fig3", "--fast", "--seeds", 3)
COUNT = 3 * 5
"""Trainings of these: seeds, models."""
SMALL = ("reproduce", "table1", "--fast", "--processes", 1)
"""With `two_models`: three trainings for one seed, two for each one more."""


@pytest.fixture
def two_models(monkeypatch):
    """Table I, much reduced."""
    data, recipe = Data(task="pendulum"), Recipe(batch=80)
    models = {"wide": Quantum(2, 1, "contiguous", "chen2024", 1), "narrow": Quantum(1, 1, "contiguous", "chen2024", 1)}
    rows = (*(Row("g", name, Setup(data, m, recipe)) for name, m in models.items()), Row("g", "fit", Setup(data, None)))
    monkeypatch.setitem(EXPERIMENTS, "table1", Experiment("t", lambda: rows))


@pytest.fixture
def trained(monkeypatch):
    """What is trained in this process, as it goes on: (setup, seed)."""
    original, seen = pool.run, []

    def run(setup, seed, stop):
        seen.append((setup, seed))
        return original(setup, seed, stop)

    monkeypatch.setattr(pool, "run", run)
    return seen


def kept(folder):
    return {path.name: path.read_bytes() for path in (folder / "trials").glob("*.json")}


def results(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in (".csv", ".png")}


def test_killed_from_outside_and_resumed(here, qlstm, spawn, trained):
    process = spawn(*WHOLE, "--processes", 2, "--out", "cut")
    while len(kept(here / "cut")) < 4:
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    process.kill()
    process.communicate()
    before = kept(here / "cut")
    assert 4 <= len(before) < COUNT
    assert not results(here / "cut")

    code, out, err = qlstm("reproduce", "fig3", "--out", "cut", "--resume", "--processes", 1, "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["trainings"] == {"reused": len(before), "now": len(trained)}
    assert len(before) + len(trained) == COUNT
    assert sum(len(row["seeds"]) for row in found["reused"]) == len(before)
    assert not {(row["model"], seed) for row in found["reused"] for seed in row["seeds"]} & {
        (f"centric, {setup.model.hidden + 1} qubits" if setup.model.parts == 1 else "distributed, 2 x 3", seed)
        for setup, seed in trained
    }
    assert before.items() <= kept(here / "cut").items()

    assert qlstm(*WHOLE, "--out", "whole", "--processes", 1, "--quiet")[0] == 0
    assert results(here / "cut") == results(here / "whole")
    assert set(results(here / "whole")) == {"summary.csv", "runs.csv", "loss.csv", "loss.png"}
    assert [path.name for path in here.glob("*/.*")] == []


def test_ctrl_c_twice_keeps_what_is_finished(here, qlstm, two_models, trained, monkeypatch):
    counted = pool.run

    def interrupted(*arguments):
        if len(trained) == 2:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
        return counted(*arguments)

    monkeypatch.setattr(pool, "run", interrupted)
    code, _, err = qlstm(*SMALL, "--out", "cut dir", "--quiet")
    assert code == 130
    assert err.splitlines()[-1] == (
        "interrupted at once; finished trainings are kept, go on with: qlstm reproduce table1 --out 'cut dir' --resume"
    )
    assert len(kept(here / "cut dir")) == 2


def test_resumed_with_more_seeds_and_again(here, qlstm, two_models, trained):
    resume = ("reproduce", "table1", "--processes", 1, "--out", "run", "--resume")
    assert qlstm(*SMALL, "--seeds", 1, "--first-seed", 7, "--out", "run")[0] == 0
    assert len(trained) == 3
    code, out, _ = qlstm(*resume, "--seeds", 2)
    assert code == 0
    assert "3 of 5 trainings are taken from run/trials" in out
    assert [seed for _, seed in trained[3:]] == 2 * [8]
    whole = results(here / "run")
    code, out, _ = qlstm(*resume)
    assert "5 of 5 trainings are taken from run/trials" in out
    named = [words for line in out.splitlines() if len(words := line.split()) == 3 and words[0] == "g"]
    assert named == [["g", "wide", "7-8"], ["g", "narrow", "7-8"], ["g", "fit", "any"]]
    assert (len(trained), results(here / "run")) == (5, whole)


def test_trials_of_another_code_are_not_used(here, qlstm, two_models, trained, monkeypatch):
    assert qlstm(*SMALL, "--seeds", 1, "--out", "run", "--quiet")[0] == 0
    monkeypatch.setattr("qlstm.reproduce.identity.best_level", lambda: -1)
    made_with.cache_clear()
    code, out, _ = qlstm(*SMALL, "--out", "run", "--resume")
    made_with.cache_clear()
    assert code == 0
    assert "0 of 3 trainings are taken from run/trials" in out
    assert "3 more there are of other seeds, settings, versions or code, and are not used" in out
    assert len(trained) == len(kept(here / "run")) == 6


def test_what_cannot_be_resumed_is_one_line(here, qlstm, two_models):
    assert qlstm(*SMALL, "--seeds", 1, "--out", "run", "--quiet")[0] == 0
    (here / "full").mkdir()
    (here / "full" / "x").touch()
    before = {path: path.read_bytes() for path in here.rglob("*") if path.is_file()}
    for arguments, message in (
        (("table1", "--out", "run"), "run is not empty; add --resume to go on with that run, or choose another folder"),
        (("table1", "--resume"), "--resume does not say which run to go on with; name its folder with --out"),
        (("fig4", "--out", "run", "--resume"), "WHAT is fig4, but the run was started with table1"),
        (
            ("table1", "--out", "run", "--resume", "--first-seed", 1),
            "--first-seed is 1, but the run was started with 0",
        ),
        (("table1", "--out", "full", "--resume"), "full is not empty; choose another folder"),
    ):
        code, out, err = qlstm("reproduce", *arguments)
        assert (code, out) == (2, "")
        assert message in err
        assert err.count("\n") == 1
    assert {path: path.read_bytes() for path in here.rglob("*") if path.is_file()} == before


def test_one_process_at_a_time(here, qlstm, two_models):
    (here / "run").mkdir()
    lock = FolderLock(here / "run")
    code, _, err = qlstm(*SMALL, "--out", "run")
    lock.release()
    assert (code, err) == (2, "error: run is in use by another run; wait for it or choose another folder\n")


def test_a_damaged_trial_is_named(here, qlstm, two_models):
    resume = (*SMALL, "--out", "run", "--resume", "--quiet")
    assert qlstm(*SMALL, "--seeds", 1, "--out", "run", "--quiet")[0] == 0
    broken = next((here / "run" / "trials").iterdir())
    whole = broken.read_bytes()
    for content in (whole.replace(b"0.", b"1.", 1), whole[:40], b"", b"[]"):
        broken.write_bytes(content)
        code, out, err = qlstm(*resume)
        assert (code, out) == (2, "")
        assert (
            err == f"error: run/trials/{broken.name} is damaged, or was changed; delete it, and it is trained again\n"
        )
    broken.unlink()
    assert qlstm(*resume) == (0, "", "")


def test_resume_without_a_run_begins_one(here, qlstm, two_models):
    code, _, err = qlstm(*SMALL, "--out", "new", "--resume", "--quiet")
    assert (code, err) == (0, "nothing to resume in new, starting a new run\n")
    asked = json.loads((here / "new" / "reproduce.json").read_text())
    assert (asked["what"], asked["seeds"], asked["fast"]) == ("table1", 0, True)
