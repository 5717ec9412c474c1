"""What bridges between the parts of a split are good for: test R2 with and without, at equal or fewer parameters.

    python benchmarks/bridges.py
    python benchmarks/bridges.py --seeds 10 --task product

Two tasks, both with a round-robin partition: one feature goes to part 0, the other to part 1, and neither part ever sees
the other's share of h. So a split forecasts F(past of one feature) + G(past of the other), however deep it is.

    product   a_t and b_t are independent noise, y_{t+1} = a_t b_t. No sum F + G explains any of it: the best R2 is 0
    narma10   features y_t and u_t; the products in it are of y with y and of u with u, so the parts hardly need each other

Rows: the split; the split with one more layer, which has more parameters than any bridged model; one bridge a layer
without and with a bound on the sampling overhead; two bridges with a bound; and, as a reference, a split whose parts
both see both features, which takes wider parts. The overhead is the factor in shots that cutting the bridges costs at
the trained angles, of the worst of the four gates' circuits, and the mean over seeds. Simulated exactly; one thread, so
the numbers depend on the seeds alone.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from harness import report

from qlstm import Ansatz, Forecaster
from qlstm.metrics import r2
from qlstm.tasks import Dataset, Series, load
from qlstm.training import Recipe, Trainer

BOUND = 3.0


@dataclass(frozen=True)
class Task:
    """A series, what a model of it needs, and how long it is trained."""

    series: Callable[[], Series]
    window: int
    hidden: int
    epochs: int


@dataclass(frozen=True)
class Contestant:
    """A model; depth 1 and no bridges unless changed."""

    depth: int = 1
    bridges: int = 0
    bound: float | None = None
    partition: str = "round-robin"


def product(points: int = 300) -> Series:
    """y_{t+1} = a_t b_t, with a and b uniform in [-1, 1]."""
    inputs = np.random.default_rng(0).uniform(-1, 1, (points + 1, 2))
    target = np.concatenate([[0.0], inputs[:-1].prod(axis=1)])[:, None]
    return Series("product", inputs, target, ("a", "b"), ("y",), "y_{t+1} = a_t b_t of uniform noise")


TASKS = {
    "product": Task(product, window=1, hidden=2, epochs=60),
    "narma10": Task(lambda: load("narma10", with_u=True), window=10, hidden=4, epochs=30),
}
CONTESTANTS = {
    "split": Contestant(),
    "split, one more layer": Contestant(depth=2),
    "1 bridge": Contestant(bridges=1),
    f"1 bridge, overhead < {BOUND:g}": Contestant(bridges=1, bound=BOUND),
    f"2 bridges, overhead < {BOUND:g}": Contestant(bridges=2, bound=BOUND),
    "split, both features in each": Contestant(partition="shared-input"),
}


def trained(task: Task, data: Dataset, contestant: Contestant, seed: int) -> tuple[float, float, int]:
    """Test R2, overhead and quantum parameters of one training."""
    torch.manual_seed(seed)
    model = Forecaster(
        data.x.shape[2],
        task.hidden,
        parts=2,
        partition=contestant.partition,
        bridges=contestant.bridges,
        ansatz=Ansatz.reupload(2, contestant.depth, rotation="rot"),
        dtype=torch.float64,
    )
    recipe = Recipe(
        optimizer="adam",
        lr=0.05,
        cosine=True,
        shuffle=True,
        batch=20,
        epochs=task.epochs,
        seed=seed,
        max_overhead=contestant.bound,
    )
    last = Trainer(model, data, recipe).fit().rows[-1]
    return last["test_r2"], float(model.bridge_overhead().detach().max()), model.n_quantum_parameters


def additive(data: Dataset, degree: int = 7) -> float:
    """Test R2 of the least-squares fit of F + G, polynomials of the last value of each feature."""
    powers = data.x[:, -1, :, None] ** np.arange(1, degree + 1)
    columns = np.column_stack([np.ones(len(data.x)), powers.reshape(len(data.x), -1)])
    solution = np.linalg.lstsq(columns[: data.train], data.y[: data.train], rcond=None)[0]
    return r2(data.y[data.train :], columns[data.train :] @ solution)


def compare(name: str, seeds: int) -> None:
    """Train every contestant and print the table of one task."""
    task, began = TASKS[name], time.perf_counter()
    data = Dataset.of(task.series(), task.window)
    rows = []
    for title, contestant in CONTESTANTS.items():
        results = [trained(task, data, contestant, seed) for seed in range(seeds)]
        scores, overheads = (np.array([result[k] for result in results]) for k in (0, 1))
        spread = scores.std(ddof=1) if seeds > 1 else 0.0
        numbers = (f"{scores.mean():.4f}", f"{spread:.4f}", f"{scores.min():.4f}", f"{overheads.mean():.3g}")
        rows.append((title, str(results[0][2]), *numbers))
    print(f"\n{name}: {seeds} seeds, {time.perf_counter() - began:.0f} s")
    print(report.table(("", "angles", "test R2", "sd", "worst", "overhead"), rows), flush=True)
    if task.window == 1:
        print(f"least squares on sums of polynomials, what a split could reach: {additive(data):.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5, help="trainings per row (default %(default)s)")
    parser.add_argument("--task", choices=tuple(TASKS), action="append", help="default: both")
    chosen = parser.parse_args()
    if chosen.seeds < 1:
        parser.error("--seeds must be at least 1")
    torch.set_num_threads(1)
    for name in chosen.task or TASKS:
        compare(name, chosen.seeds)


if __name__ == "__main__":
    main()
