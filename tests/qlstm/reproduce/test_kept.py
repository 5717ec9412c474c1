"""Trials on disk: found again by everything that decides their numbers, and by nothing less."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from qlstm.reproduce.identity import identity, made_with
from qlstm.reproduce.kept import KeptTrials
from qlstm.reproduce.pool import Work
from qlstm.reproduce.reused import by_row, in_words
from qlstm.reproduce.setups import Classical, Data, Quantum, Row, Setup
from qlstm.reproduce.trials import Trial
from qlstm.training import Recipe

SETUP = Setup(Data(task="narma2"), Quantum(2, 1, "contiguous", "chen2024", 1), Recipe(epochs=3))
MODEL = SETUP.model


def trial(setup: Setup = SETUP, seed: int = 4) -> Trial:
    generator = np.random.default_rng(0)
    curves = [generator.standard_normal(3) * 10.0**power for power in (-300, 0, 300)]
    return Trial(setup, seed, 63, 1 / 3, -0.1 + 0.3, *curves)


def test_a_kept_trial_is_the_same_to_the_bit(tmp_path: Path) -> None:
    kept, one = KeptTrials(tmp_path / "trials"), trial()
    kept.keep(one)
    again = KeptTrials(tmp_path / "trials").find(SETUP, 4)
    assert again is not None
    for field in fields(Trial):
        ours, theirs = getattr(one, field.name), getattr(again, field.name)
        assert ours.tobytes() == theirs.tobytes() if isinstance(ours, np.ndarray) else ours == theirs
    assert (kept.count(), kept.find(SETUP, 5)) == (1, None)


@pytest.mark.parametrize(
    "other",
    [
        lambda: (SETUP, 5),
        lambda: (replace(SETUP, recipe=replace(SETUP.recipe, epochs=4)), 4),
        lambda: (replace(SETUP, recipe=replace(SETUP.recipe, lr=0.02)), 4),
        lambda: (replace(SETUP, model=replace(MODEL, depth=2)), 4),
        lambda: (replace(SETUP, model=Classical(2)), 4),
        lambda: (replace(SETUP, data=replace(SETUP.data, y0=0.0)), 4),
        lambda: (replace(SETUP, data=replace(SETUP.data, scaling="train")), 4),
        lambda: (replace(SETUP, model=None), 4),
    ],
    ids=["seed", "epochs", "rate", "depth", "kind", "start", "scaling", "linear"],
)
def test_another_trial_is_not_found(tmp_path: Path, other: Callable[[], Work]) -> None:
    kept = KeptTrials(tmp_path)
    kept.keep(trial())
    assert kept.find(*other()) is None


@pytest.mark.parametrize("what", ["qpartition", "torch", "code", "kernel level"])
def test_a_trial_of_another_code_is_not_found(tmp_path: Path, what: str) -> None:
    KeptTrials(tmp_path, made_with() | {what: "another"}).keep(trial())
    assert KeptTrials(tmp_path).find(SETUP, 4) is None


def test_other_data_of_the_same_name_are_another_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    before = identity(SETUP, 0, {})
    monkeypatch.setattr("qlstm.reproduce.identity.describe", lambda data: {"sha256": "another"})
    assert identity(SETUP, 0, {}) != before


def test_the_linear_fit_has_no_seed(tmp_path: Path) -> None:
    linear, kept = replace(SETUP, model=None), KeptTrials(tmp_path)
    kept.keep(trial(linear, seed=0))
    again = kept.find(linear, 12)
    assert again is not None
    assert again.seed == 0


def test_the_code_is_fingerprinted(monkeypatch: pytest.MonkeyPatch) -> None:
    before = made_with()
    made_with.cache_clear()
    assert made_with() == before
    monkeypatch.setattr(Path, "read_bytes", lambda path: b"" if path.name == "trials.py" else path.name.encode())
    made_with.cache_clear()
    changed = made_with()
    made_with.cache_clear()
    assert changed["code"] != before["code"]
    assert {**changed, "code": ""} == {**before, "code": ""}


def test_what_was_taken_in_words() -> None:
    rows = [Row("a", "m", SETUP), Row("b", "m", SETUP), Row("b", "n", replace(SETUP, model=None))]
    assert by_row(rows, [(SETUP, 3), (SETUP, 1)]) == [(rows[0], [1, 3])]
    assert in_words([0, 1, 2, 5, 7, 8]) == "0-2, 5, 7-8"
    assert in_words([]) == ""
