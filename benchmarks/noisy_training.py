"""What helps on noisy devices: the pendulum on snapshots of two chips, trained and run in different ways.

    python benchmarks/noisy_training.py                  5 seeds, fake:fez + fake:torino, 1024 shots
    python benchmarks/noisy_training.py --seeds 6 --shots 20000 --mapping round-robin --qpu fake:brisbane --qpu fake:torino

2 parts x 3 qubits, `Ansatz.reupload()` on the `shared-input` partition, hidden size 4, window 4; Adam 0.05 with
cosine decay and shuffling, 100 epochs in exact simulation. Then, on the devices, test R2 over the held-out windows:

    exact             exact training and exact expectations
    shots only        exact training, sampled shots, no gate noise
    (a) noisy         exact training, noisy devices
    (b) train-shots   as (a), trained with simulated shot noise
    (c) fine-tuned    as (a), then some epochs of noisy parameter-shift training on the devices
    (b+c)             (b), then fine-tuned
    (d) readout, zne  as (a), with error mitigation
    (b+d), (b+c+d)    together

Each row: mean, standard deviation and worst over the seeds, the gain over (a) seed by seed with its standard error, and
the QPU seconds the real devices would bill for it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from harness import results

from backends import open_qpu
from qlstm import Ansatz, Forecaster, tasks
from qlstm.metrics import r2
from qlstm.tasks import Dataset
from qlstm.training import Recipe, Trainer, predict
from qpartition import Dispatcher, Topology, Workload, plan

BASE = "(a) noisy"


@dataclass
class Row:
    """R2 of every seed, and what one seed costs."""

    scores: list[float] = field(default_factory=list)
    qpu_seconds: float = 0.0


class Bench:
    """One configuration of devices, and the ways to train and run on it."""

    def __init__(self, chosen: argparse.Namespace) -> None:
        """Data and devices."""
        self.chosen = chosen
        self.data = Dataset.of(tasks.load("pendulum"), window=4)
        self.devices = Topology([open_qpu(spec) for spec in chosen.qpu], core_qubits=3)
        self.ideal = Topology([open_qpu("exact")], core_qubits=3)
        self.rows: dict[str, Row] = {}

    def run(self, seed: int) -> None:
        """All rows for one seed."""
        exact, noisy = self._trained(seed, None), self._trained(seed, self.chosen.shots)
        self._note("exact", r2(self.data.y_test, predict(exact, self.data.x_test)))
        self._score("shots only", exact, seed, self.ideal)
        self._score("train-shots, shots only", noisy, seed, self.ideal)
        for name, model in ((BASE, exact), ("(b) train-shots", noisy)):
            self._score(name, model, seed)
            for methods in (("readout",), ("zne",), ("readout", "zne")):
                self._score(f"{name} + {'+'.join(methods)}", model, seed, mitigation=methods)
            spent = self._fine_tune(model, seed)
            self._score(f"{name} + (c) fine-tuned", model, seed, extra=spent)
            self._score(f"{name} + (c) + readout", model, seed, mitigation=("readout",), extra=spent)

    def _trained(self, seed: int, train_shots: int | None) -> Forecaster:
        torch.manual_seed(seed)
        model = Forecaster(
            1,
            4,
            parts=2,
            partition="shared-input",
            ansatz=Ansatz.reupload(),
            dtype=torch.float64,
            train_shots=train_shots,
        )
        recipe = Recipe(optimizer="adam", lr=0.05, cosine=True, shuffle=True, epochs=self.chosen.epochs, seed=seed)
        Trainer(model, self.data, recipe).fit()
        return model

    def _plan(self, model: Forecaster, topology: Topology, batch: int, mitigation: Sequence[str] = ()) -> Any:
        mapping = self.chosen.mapping if topology is self.devices else "round-robin"
        workload = Workload.of(model, batch=batch, steps=self.data.window)
        return plan(workload, topology, mapping, self.chosen.shots, mitigation=mitigation)

    def _score(
        self,
        name: str,
        model: Forecaster,
        seed: int,
        topology: Topology | None = None,
        mitigation: Sequence[str] = (),
        extra: float = 0.0,
    ) -> None:
        made = self._plan(model, topology or self.devices, len(self.data.x_test), mitigation)
        with Dispatcher(made, seed=seed) as devices:
            model.executor = devices
            self._note(
                name, r2(self.data.y_test, predict(model, self.data.x_test)), devices.report().qpu_seconds + extra
            )
        model.executor = None

    def _fine_tune(self, model: Forecaster, seed: int) -> float:
        """Parameter-shift steps on the devices; returns their QPU seconds."""
        recipe = Recipe(
            optimizer="adam",
            lr=self.chosen.lr,
            cosine=True,
            shuffle=True,
            batch=16,
            epochs=self.chosen.fine_tune,
            seed=seed,
        )
        with Dispatcher(self._plan(model, self.devices, 16), seed=seed) as devices:
            model.executor = devices
            trainer = Trainer(model, self.data, recipe)
            while trainer.epoch < recipe.epochs:
                trainer.fit(stop=lambda: trainer.batch == trainer.batches)
                if trainer.batch == trainer.batches:
                    trainer.epoch, trainer.batch = trainer.epoch + 1, 0  # no evaluation after every epoch
            spent = devices.report().qpu_seconds
        model.executor = None
        return spent

    def _note(self, name: str, score: float, qpu_seconds: float = 0.0) -> None:
        row = self.rows.setdefault(name, Row())
        row.scores.append(score)
        row.qpu_seconds = qpu_seconds


def show(rows: dict[str, Row]) -> None:
    """A table on stdout."""
    print(f"{'':34}{'mean R2':>9}{'sd':>8}{'worst':>9}{'gain over (a)':>18}{'QPU s':>10}")
    for name, row in rows.items():
        scores = np.array(row.scores)
        spread = scores.std(ddof=1) if len(scores) > 1 else 0.0
        gain = scores - np.array(rows[BASE].scores)
        error = gain.std(ddof=1) / np.sqrt(len(gain)) if len(gain) > 1 else 0.0
        shown = "" if name == BASE else f"{gain.mean():+.4f} +- {error:.4f}"
        print(f"{name:34}{scores.mean():9.4f}{spread:8.4f}{scores.min():9.4f}{shown:>18}{row.qpu_seconds:10,.0f}")


def main() -> None:
    """Run all seeds; the table so far is printed after each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--shots", type=int, default=1024)
    parser.add_argument("--epochs", type=int, default=100, help="of exact training (default %(default)s)")
    parser.add_argument("--fine-tune", type=int, default=4, help="epochs on the devices (default %(default)s)")
    parser.add_argument("--lr", type=float, default=0.02, help="there (default %(default)s)")
    parser.add_argument("--mapping", default="noise-aware")
    parser.add_argument("--qpu", action="append", help="default fake:fez and fake:torino")
    parser.add_argument("--json", type=Path, metavar="FILE")
    chosen = parser.parse_args()
    chosen.qpu = chosen.qpu or ["fake:fez", "fake:torino"]
    bench = Bench(chosen)
    for seed in range(chosen.seeds):
        began = time.perf_counter()
        bench.run(seed)
        print(f"\nafter seed {seed} ({time.perf_counter() - began:.0f} s)")
        show(bench.rows)
    results.save(chosen.json, {name: row.scores for name, row in bench.rows.items()})


if __name__ == "__main__":
    main()
