"""The gradient menu on the command line: trained, interrupted in the middle of an epoch, resumed to the bit."""

import os
import signal

import pytest
import torch

SMALL = (
    "train", "waves.csv", "--target", "y", "--hidden", 2, "--ansatz", "chen2024", "--depth", 1, "--epochs", 2,
    "--batch", 6, "--window", 2, "--optimizer", "adam", "--seed", 5,
)  # fmt: skip
DEVICES = (*SMALL, "--qpu", "exact", "--shots", 64)
RUNS = {
    "parameter-shift": DEVICES,
    "sampled-shift": (*DEVICES, "--gradient", "sampled-shift", "--samples", 3),
    "spsa": (*DEVICES, "--gradient", "spsa", "--perturbation", 0.2),
    "twin": (*DEVICES, "--gradient", "twin"),
    "train-shots": (*SMALL, "--train-shots", 32),
    "train-shots and head": (*SMALL, "--train-shots", 32, "--head", "vqc"),
}
SNR = {"parameter-shift", "sampled-shift", "twin"}


@pytest.fixture(autouse=True)
def _no_figures(monkeypatch):
    from qlstm.training import Run

    monkeypatch.setattr(Run, "draw", lambda run: None)


def state(folder):
    return torch.load(folder / "checkpoint.pt", weights_only=True)["trainer"]


def without_time(rows):
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


@pytest.mark.parametrize("name", RUNS)
def test_interrupted_and_resumed_is_uninterrupted(here, qlstm, table, monkeypatch, name):
    from qlstm.training.optimisers import Adam

    step, calls = Adam.step, iter(range(100))

    def interrupted(self, *arguments):
        if next(calls) == 1:
            os.kill(os.getpid(), signal.SIGINT)
        return step(self, *arguments)

    with monkeypatch.context() as patched:
        patched.setattr(Adam, "step", interrupted)
        assert qlstm(*RUNS[name], "--out", "cut", "--quiet")[0] == 130
    assert state(here / "cut")["batch"] == 2
    torch.manual_seed(1)
    assert qlstm(*RUNS[name], "--out", "cut", "--resume", "--quiet") == (0, "", "")
    torch.manual_seed(2)
    assert qlstm(*RUNS[name], "--out", "whole", "--quiet") == (0, "", "")
    ours, theirs = state(here / "cut"), state(here / "whole")
    assert all(torch.equal(ours["weights"][key], theirs["weights"][key]) for key in theirs["weights"])
    assert ours["executor"] == theirs["executor"]
    assert without_time(ours["history"]) == without_time(theirs["history"])
    rows = table(here / "whole" / "metrics.csv")
    assert all(("gradient_snr" in row) == (name in SNR) for row in rows)
    assert all(0.1 < float(row.get("gradient_snr", 1)) < 100 for row in rows)


def test_the_ratio_can_be_left_out_and_changes_nothing(here, qlstm, table):
    assert qlstm(*DEVICES, "--out", "with", "--quiet")[0] == 0
    assert qlstm(*DEVICES, "--no-signal", "--out", "without", "--quiet")[0] == 0
    assert qlstm(*DEVICES[:-2], "--shots", 0, "--out", "exact", "--quiet")[0] == 0
    ours, theirs = state(here / "with"), state(here / "without")
    assert all(torch.equal(ours["weights"][key], theirs["weights"][key]) for key in theirs["weights"])
    assert ours["executor"] == theirs["executor"]
    for folder in ("without", "exact"):
        assert "gradient_snr" not in table(here / folder / "metrics.csv")[0]


def test_shot_noise_in_training_changes_the_weights_and_not_the_start(here, qlstm):
    for name, options in (("quiet", ()), ("noisy", ("--train-shots", 32)), ("again", ("--train-shots", 32))):
        assert qlstm(*SMALL, *options, "--out", name, "--quiet")[0] == 0
    quiet, noisy, again = (state(here / name)["weights"]["qlstm.weight_l0_p0"] for name in ("quiet", "noisy", "again"))
    assert torch.equal(noisy, again)
    assert not torch.equal(noisy, quiet)
    assert (noisy - quiet).abs().max() < 0.1  # eight steps of 0.01
