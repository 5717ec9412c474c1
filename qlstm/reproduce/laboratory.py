"""From names of experiments to files: train what is missing, write what is known, and stop when asked to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path

from ..training.files import write_atomic
from .experiments import EXPERIMENTS, Experiment
from .kept import KeptTrials
from .pool import Work, run_all
from .setups import Row, Setup
from .tables import Table, to_csv
from .trials import Trial, same_windows


@dataclass
class Laboratory:
    """Runs experiments; what two of them share is trained once.

    Attributes:
        seeds: Of every training.
        processes: Trainings at the same time.
        fast: Very few epochs: a check that everything runs, not a result.
        trials: Everything that was trained, by setup and seed.
        kept: Where every finished trial is written at once; None to write none.
    """

    seeds: Sequence[int]
    processes: int
    fast: bool = False
    trials: dict[tuple[Setup, int], Trial] = field(default_factory=dict)
    kept: KeptTrials | None = None

    def rows(self, name: str) -> tuple[Row, ...]:
        """The rows of an experiment, as they are trained here."""
        return tuple(replace(row, setup=self._setup(row.setup)) for row in EXPERIMENTS[name].rows)

    def _setup(self, setup: Setup) -> Setup:
        quick = setup.fast() if self.fast else setup
        return replace(quick, data=same_windows(setup.data))

    def missing(self, names: Sequence[str]) -> list[Work]:
        """What has to be trained, seed by seed, so that whatever stops it leaves whole columns of models."""
        setups = dict.fromkeys(row.setup for name in names for row in self.rows(name))
        work = [(s, seed) for seed in self.seeds for s in setups if s.seeded or seed == self.seeds[0]]
        return [(s, seed) for s, seed in work if (s, seed) not in self.trials]

    def recall(self, names: Sequence[str]) -> list[Work]:
        """Take over the kept trials that are needed, and say which these are.

        Raises:
            InputError: If one of their files is damaged.
        """
        if self.kept is None:
            return []
        found = {(setup, seed): self.kept.find(setup, seed) for setup, seed in self.missing(names)}
        taken = {work: trial for work, trial in found.items() if trial is not None}
        self.trials |= taken
        return list(taken)

    def train(self, name: str, stop: Callable[[], bool], done: Callable[[Trial], None] = lambda trial: None) -> bool:
        """Train what an experiment still needs; False if it was stopped before the end.

        Args:
            name: Of the experiment.
            stop: See `run_all`.
            done: Told about every trial.
        """
        work = self.missing([name])
        for trial in run_all(work, self.processes, stop):
            if self.kept is not None:
                self.kept.keep(trial)
            self.trials[trial.setup, trial.seed if trial.setup.seeded else self.seeds[0]] = trial
            done(trial)
        return not self.missing([name])

    def write(self, name: str, folder: Path) -> list[Table]:
        """Write tables and figures of what is known, one CSV per kind of table, and return the tables.

        Raises:
            InputError: If a file cannot be written.
        """
        experiment: Experiment = EXPERIMENTS[name]
        tables = experiment.report(self.rows(name), self.trials, folder)
        for kind, members in groupby(sorted(tables, key=lambda table: table.name), key=lambda table: table.name):
            write_atomic(folder / f"{kind}.csv", to_csv(list(members)))
        return tables
