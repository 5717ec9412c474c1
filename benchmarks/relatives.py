"""The relatives of the QLSTM that the paper names, side by side on the pendulum and NARMA-2, in exact simulation.

    python benchmarks/relatives.py               3 seeds, 40 epochs, two processes
    python benchmarks/relatives.py --seeds 10 --epochs 100

All forecast the next value from a window of 4 by a linear layer on the last h, and are trained alike: Adam 0.03 with cosine
decay and shuffling, batch 16, float64. Sizes are such that most have about 70 parameters; the QK-LSTM has more, since
its weights come with landmarks. "test R2" is over the held-out windows: mean, standard deviation and worst over the seeds;
"s" is CPU time of one training. A linear fit with 5 numbers stands beside them, for scale.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from collections.abc import Callable, Iterable
from itertools import product

import numpy as np
import torch
from torch import nn

from qlstm import Ansatz, Forecaster, tasks
from qlstm.relatives import QKLSTM, QTLSTM, Readout
from qlstm.tasks import Dataset
from qlstm.training import Federated, Recipe, Trainer

F64 = torch.float64
TASKS = ("pendulum", "narma2")
CLIENTS = 3


def qlstm() -> nn.Module:
    return Forecaster(1, 3, ansatz=Ansatz.chen2024(depth=4), dtype=F64)


MODELS: dict[str, Callable[[], nn.Module]] = {
    "QLSTM": qlstm,
    f"FedQLSTM, {CLIENTS} clients": qlstm,
    "L-QLSTM": lambda: Forecaster(1, 4, linear=3, ansatz=Ansatz.chen2024(depth=2), dtype=F64),
    "QK-LSTM, product": lambda: Readout(QKLSTM(1, 3, True, landmarks=6, uploads=1, dtype=F64)),
    "QK-LSTM, entangled": lambda: Readout(QKLSTM(1, 3, True, landmarks=6, uploads=2, dtype=F64)),
    "QT-LSTM": lambda: Readout(QTLSTM(1, 4, batch_first=True, dtype=F64)),
    "nn.LSTM": lambda: Readout(nn.LSTM(1, 3, batch_first=True, dtype=F64)),
}

Row = tuple[str, str, int, int | None, float, float]
"""Task, name, parameters, qubits, test R2 and seconds."""


def qubits(model: nn.Module) -> int | None:
    """Of the widest circuit; None without one."""
    if isinstance(model, Forecaster):
        return model.qlstm.division.width
    return getattr(model.recurrent, "qubits", None)  # type: ignore[no-any-return]


def trained(case: tuple[str, str, int, int]) -> Row:
    """One training, in a process of its own."""
    task, name, seed, epochs = case
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    data, model = Dataset.of(tasks.load(task)), MODELS[name]()
    recipe = Recipe(optimizer="adam", lr=0.03, cosine=True, shuffle=True, batch=16, epochs=epochs, seed=seed)
    federated = name.startswith("Fed")
    training = Federated(model, data, CLIENTS, recipe) if federated else Trainer(model, data, recipe)
    began = time.process_time()
    score = training.fit().rows[-1]["test_r2"]
    seconds = time.process_time() - began
    return task, name, sum(p.numel() for p in model.parameters()), qubits(model), score, seconds


def show(rows: Iterable[Row]) -> None:
    """A table per task on stdout."""
    rows = list(rows)
    for task in TASKS:
        print(f"\n{task:22}{'parameters':>11}{'qubits':>8}{'test R2':>10}{'sd':>8}{'worst':>9}{'s':>7}")
        for name in MODELS:
            _, _, parameters, width, _, _ = next(row for row in rows if row[:2] == (task, name))
            scores = np.array([row[4] for row in rows if row[:2] == (task, name)])
            seconds = np.mean([row[5] for row in rows if row[:2] == (task, name)])
            spread = scores.std(ddof=1) if len(scores) > 1 else 0.0
            print(
                f"{name:22}{parameters:>11}{width or '-':>8}{scores.mean():>10.4f}{spread:>8.4f}{scores.min():>9.4f}"
                f"{seconds:>7.1f}"
            )
        fit = tasks.linear_fit(Dataset.of(tasks.load(task)))
        print(f"{'linear fit':22}{fit.parameters:>11}{'-':>8}{fit.scores.test_r2:>10.4f}")


def main() -> None:
    """Train all, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--processes", type=int, default=2)
    chosen = parser.parse_args()
    cases = [(t, name, seed, chosen.epochs) for name, t, seed in product(MODELS, TASKS, range(chosen.seeds))]
    began = time.perf_counter()
    with multiprocessing.get_context("spawn").Pool(chosen.processes) as pool:
        rows = pool.map(trained, cases, chunksize=1)
    show(rows)
    print(f"\n{len(cases)} trainings in {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
