"""Trials of several seeds as one line: mean, standard deviation and worst seed, beside what the paper prints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from statistics import fmean, median, stdev

from .setups import Row, Setup
from .tables import Cell, Table
from .trials import Trial

Trials = Mapping[tuple[Setup, int], Trial]
"""By setup and seed."""
SUMMARY = (
    "model", "parameters", "seeds", "paper R2", "whole R2", "sd", "worst", "test R2", "test sd", "test worst",
    "paper epoch", "drop99", "argmin",
)  # fmt: skip
"""whole: all windows; test: held-out ones; worst: of all seeds; drop99, argmin: medians of the two kinds of epoch."""
RUNS = ("model", "seed", "parameters", "whole R2", "test R2", "drop99", "argmin", "train mse", "test mse")


def trials_of(row: Row, trials: Trials) -> list[Trial]:
    """The finished trials of a row, by seed."""
    return sorted((trial for (setup, _), trial in trials.items() if setup == row.setup), key=lambda trial: trial.seed)


def summaries(rows: Iterable[Row], trials: Trials) -> list[Table]:
    """One table per group, and one with every single trial."""
    tables = []
    for group, members in groupby(rows, key=lambda row: row.group):
        known = [(row, found) for row in members if (found := trials_of(row, trials))]
        tables += [Table("summary", group, SUMMARY, tuple(_line(row, found) for row, found in known))]
        runs = tuple(_run(row, trial) for row, found in known for trial in found)
        tables += [Table("runs", group, RUNS, runs, listed=False)]
    return tables


def _line(row: Row, found: Sequence[Trial]) -> tuple[Cell, ...]:
    printed = row.printed
    return (
        row.name,
        found[0].parameters,
        len(found),
        printed.r2 if printed else None,
        *_spread([trial.whole_r2 for trial in found]),
        *_spread([trial.test_r2 for trial in found]),
        printed.epoch if printed else None,
        _median([trial.drop99 for trial in found]),
        _median([trial.best_epoch for trial in found]),
    )


def _run(row: Row, trial: Trial) -> tuple[Cell, ...]:
    losses = [float(loss[-1]) if len(loss) else None for loss in (trial.train_mse, trial.test_mse)]
    numbers = (trial.whole_r2, trial.test_r2, trial.drop99, trial.best_epoch)
    return (row.name, trial.seed, trial.parameters, *numbers, *losses)


def _spread(values: Sequence[float]) -> tuple[float, float | None, float]:
    """Mean, standard deviation (None for one value) and the worst."""
    return fmean(values), stdev(values) if len(values) > 1 else None, min(values)


def _median(epochs: Sequence[int | None]) -> float | None:
    known = [epoch for epoch in epochs if epoch is not None]
    return float(median(known)) if known else None
