"""Help and version answer without loading what they do not need."""

import re

import pytest

from backends.errors import InputError
from qlstm.ansatz import PRESETS
from qlstm.reproduce.experiments import EXPERIMENTS
from qlstm.tasks import TASKS
from qlstm.training.recipe import OPTIMIZERS
from qpartition.partition import STRATEGIES

HEAVY = ("torch", "numpy", "qiskit", "qiskit_aer", "matplotlib", "networkx", "scipy", "pandas")
REPORT = f"""
import atexit, sys
atexit.register(lambda: sys.stderr.write(" ".join(m for m in {HEAVY} if m in sys.modules)))
"""


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["--version"], ["train", "--epochz", "3"]])
def test_nothing_heavy_is_imported(spawn, arguments):
    process = spawn(*arguments, before=REPORT)
    out, err = process.communicate()
    assert process.returncode == (2 if "--epochz" in arguments else 0)
    assert err == ("" if process.returncode == 0 else err.splitlines(keepends=True)[0])
    assert out or process.returncode


def test_without_arguments_help_is_shown(qlstm):
    code, out, err = qlstm()
    assert code == 0
    assert "train" in out
    assert "forecast" in out
    assert "qpus" in out
    assert not err


def test_help_names_every_choice(qlstm):
    text = re.sub(r"[\s│]+", " ", qlstm("train", "--help")[1])
    for name in (*TASKS, *PRESETS, *STRATEGIES, *OPTIMIZERS, "linear", "vqc", "deferred", "fused", "train", "all"):
        assert name in text


def test_help_names_every_experiment(qlstm):
    text = re.sub(r"[\s│]+", " ", qlstm("reproduce", "--help")[1])
    assert ", ".join(EXPERIMENTS) in text


def test_main_exits_with_the_code(monkeypatch):
    from qlstm.cli import main

    with pytest.raises(SystemExit) as ended:
        main(["trian"])
    assert ended.value.code == 2
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0


def test_a_bug_is_not_dressed_up_as_bad_input(monkeypatch):
    from qlstm.cli import run

    def broken(*arguments, **options):
        raise ZeroDivisionError

    monkeypatch.setattr("typer.main.get_command", broken)
    with pytest.raises(ZeroDivisionError):
        run([])
    monkeypatch.setattr("typer.main.get_command", lambda *a, **k: (_ for _ in ()).throw(InputError("x")))
    assert run([]) == 2
