"""Killed at any moment and resumed: the weights of an uninterrupted run, to the bit."""

import csv
import json
import os
import signal
import time

import pytest
import torch

SMALL = ("train", "waves.csv", "--target", "y", "--hidden", 2, "--ansatz", "chen2024", "--depth", 1)
EXACT = (*SMALL, "--epochs", 5, "--batch", 4, "--optimizer", "adam", "--cosine", "--shuffle", "--seed", 5)
DEVICES = (*SMALL, "--epochs", 3, "--batch", 6, "--window", 2, "--qpu", "exact", "--shots", 32)
FAKE = (*SMALL, "--epochs", 2, "--batch", 10, "--window", 1, "--qpu", "fake:manila", "--gradient", "exact")


def killing(where: str, call: int) -> str:
    """Python that sends SIGKILL to itself in call number ``call`` (from 0) of a function, before it does anything."""
    return f"""
import os, signal
import {"os" if where.startswith("os") else where.rsplit(".", 2)[0]}
calls, original = iter(range(10**9)), {where}
def deadly(*arguments, **options):
    if next(calls) == {call}:
        os.kill(os.getpid(), signal.SIGKILL)
    return original(*arguments, **options)
{where} = deadly
"""


@pytest.fixture(autouse=True)
def _no_figures(monkeypatch):
    from qlstm.training import Run

    monkeypatch.setattr(Run, "draw", lambda run: None)


def state(folder):
    return torch.load(folder / "checkpoint.pt", weights_only=True)["trainer"]


def losses(folder):
    return [
        (row["epoch"], row["train_mse"], row["test_mse"])
        for row in csv.DictReader((folder / "metrics.csv").read_text().splitlines())
    ]


def same_as_uninterrupted(folder, whole):
    ours, theirs = state(folder), state(whole)
    assert ours["weights"].keys() == theirs["weights"].keys()
    assert all(torch.equal(ours["weights"][name], theirs["weights"][name]) for name in theirs["weights"])
    assert (ours["epoch"], ours["executor"]) == (theirs["epoch"], theirs["executor"])
    assert losses(folder) == losses(whole)
    assert not [path.name for path in folder.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize(
    ("arguments", "where", "call"),
    [
        (EXACT, "os.replace", 0),  # while config.json is written
        (EXACT, "os.replace", 2),  # while the first checkpoint is written
        (EXACT, "os.replace", 5),  # between a checkpoint and its metrics.csv
        (EXACT, "os.fsync", 8),  # a later checkpoint, half way to the disk
        (EXACT, "qlstm.training.optimisers.Adam.step", 13),  # in the middle of an epoch
        (DEVICES, "qlstm.training.optimisers.RMSprop.step", 4),
        (FAKE, "qlstm.training.optimisers.RMSprop.step", 3),
    ],
)
def test_killed_at_a_point_and_resumed(here, qlstm, spawn, arguments, where, call):
    process = spawn(*arguments, "--out", "cut", before=killing(where, call))
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    told = "" if (here / "cut" / "config.json").exists() else "nothing to resume in cut, starting a new run\n"
    assert qlstm(*arguments, "--out", "cut", "--resume", "--quiet") == (0, "", told)
    assert qlstm(*arguments, "--out", "whole", "--quiet") == (0, "", "")
    same_as_uninterrupted(here / "cut", here / "whole")


def wait_for(folder, process, epochs):
    """Until that many epochs are in metrics.csv."""
    path = folder / "metrics.csv"
    while not (path.exists() and path.read_text().count("\n") > epochs):
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)


def test_killed_twice_from_outside_and_resumed(here, qlstm, spawn):
    long = (*EXACT, "--epochs", 40)
    for extra, epochs in (((), 3), (("--resume",), 12)):
        process = spawn(*long, "--out", "cut", *extra)
        wait_for(here / "cut", process, epochs)
        process.kill()
        process.communicate()
    assert qlstm(*long, "--out", "cut", "--resume", "--quiet")[0] == 0
    assert qlstm(*long, "--out", "whole", "--quiet")[0] == 0
    same_as_uninterrupted(here / "cut", here / "whole")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_and_exits_130(here, spawn, number):
    process = spawn(*EXACT, "--epochs", 10**6, "--out", "cut", "--json")
    wait_for(here / "cut", process, 2)
    process.send_signal(number)
    out, err = process.communicate()
    assert process.returncode == 130
    assert "--resume" in err
    assert "Traceback" not in err
    result = json.loads(out)
    assert result["status"] == "interrupted"
    saved = state(here / "cut")
    assert saved["epoch"] == result["epochs"] == len(losses(here / "cut")) >= 2


def test_a_signal_in_the_middle_of_an_epoch_loses_no_step(here, qlstm, monkeypatch):
    from qlstm.training.optimisers import Adam

    step, calls = Adam.step, iter(range(100))

    def interrupted(self, *arguments):
        if next(calls) == 6:
            os.kill(os.getpid(), signal.SIGINT)
        return step(self, *arguments)

    monkeypatch.setattr(Adam, "step", interrupted)
    assert qlstm(*EXACT, "--out", "cut", "--quiet")[0] == 130
    monkeypatch.undo()
    monkeypatch.chdir(here)
    saved = state(here / "cut")
    assert (saved["epoch"], saved["batch"]) == (1, 3)  # 4 steps an epoch
    assert qlstm(*EXACT, "--out", "cut", "--resume", "--quiet")[0] == 0
    assert qlstm(*EXACT, "--out", "whole", "--quiet")[0] == 0
    same_as_uninterrupted(here / "cut", here / "whole")


def test_a_finished_run_is_left_alone_or_trained_further(here, qlstm):
    plain = (*SMALL, "--epochs", 2)
    assert qlstm(*plain, "--out", "cut", "--quiet")[0] == 0
    before = (here / "cut" / "checkpoint.pt").read_bytes()
    code, out, _ = qlstm(*plain, "--out", "cut", "--resume")
    assert code == 0
    assert "already finished after 2 epochs" in out
    assert (here / "cut" / "checkpoint.pt").read_bytes() == before

    code, out, _ = qlstm("train", "waves.csv", "--epochs", 4, "--out", "cut", "--resume", "--json")
    assert code == 0
    assert json.loads(out)["epochs_now"] == 2
    assert qlstm(*SMALL, "--epochs", 4, "--out", "whole", "--quiet")[0] == 0
    same_as_uninterrupted(here / "cut", here / "whole")
    assert json.loads((here / "cut" / "config.json").read_text())["settings"]["epochs"] == 4


def test_resume_without_a_run_begins_one(here, qlstm):
    code, _, err = qlstm(*SMALL, "--epochs", 1, "--out", "new", "--resume", "--quiet")
    assert (code, err) == (0, "nothing to resume in new, starting a new run\n")
    assert state(here / "new")["epoch"] == 1


def test_a_deleted_table_of_a_finished_run_is_written_again(here, qlstm):
    assert qlstm(*SMALL, "--epochs", 2, "--out", "run", "--quiet")[0] == 0
    table = (here / "run" / "metrics.csv").read_bytes()
    (here / "run" / "metrics.csv").unlink()
    assert qlstm("train", "waves.csv", "--out", "run", "--resume", "--quiet") == (0, "", "")
    assert (here / "run" / "metrics.csv").read_bytes() == table


def test_fewer_epochs_than_done_are_refused(here, qlstm):
    assert qlstm(*SMALL, "--epochs", 2, "--out", "run", "--quiet")[0] == 0
    before = {path: path.read_bytes() for path in (here / "run").iterdir()}
    code, _, err = qlstm("train", "waves.csv", "--epochs", 1, "--out", "run", "--resume")
    assert code == 2
    assert "--epochs is 1" in err
    assert "at least 2" in err
    assert {path: path.read_bytes() for path in (here / "run").iterdir()} == before
