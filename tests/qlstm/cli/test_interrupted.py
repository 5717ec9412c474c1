"""Ctrl-C at any moment: one line and exit code 130."""

import signal

import pytest
import torch

SMALL = ("train", "waves.csv", "--target", "y", "--hidden", 2, "--ansatz", "chen2024", "--depth", 1)


def during(module):
    """Python that sends Ctrl-C to itself when a module is imported."""
    return f"""
import builtins, os, signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs, CI among them, ignore it
original = builtins.__import__
def interrupted(name, *arguments, **options):
    if name == "{module}":
        builtins.__import__ = original
        os.kill(os.getpid(), signal.SIGINT)
    return original(name, *arguments, **options)
builtins.__import__ = interrupted
"""


@pytest.mark.parametrize("module", ["typer", "rich.console"])
def test_while_modules_are_imported(here, spawn, module):
    process = spawn("qpus", before=during(module))
    assert (*process.communicate(), process.returncode) == ("", "interrupted\n", 130)


def test_an_abort_of_the_parser(qlstm, monkeypatch):
    import typer

    def aborted(app):
        raise typer.Abort

    monkeypatch.setattr("typer.main.get_command", aborted)
    assert qlstm("qpus") == (130, "", "interrupted\n")


def test_twice_says_what_is_saved(here, qlstm, monkeypatch):
    from qlstm.training.optimisers import RMSprop

    step, calls = RMSprop.step, iter(range(100))

    def interrupted(self, *arguments):
        if next(calls) == 4:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
        return step(self, *arguments)

    monkeypatch.setattr(RMSprop, "step", interrupted)
    code, _, err = qlstm(*SMALL, "--epochs", 3, "--batch", 6, "--out", "cut", "--quiet")
    assert code == 130
    saved = torch.load(here / "cut" / "checkpoint.pt", weights_only=True)["trainer"]
    assert (saved["epoch"], saved["batch"]) == (1, 0)  # 3 steps an epoch; the broken one is not kept
    assert err.splitlines()[-1] == (
        "interrupted at once, saved after 3 steps; go on with: qlstm train waves.csv --out cut --resume"
    )
    monkeypatch.setattr(RMSprop, "step", step)
    assert qlstm(*SMALL, "--epochs", 3, "--batch", 6, "--out", "cut", "--resume", "--quiet")[0] == 0
