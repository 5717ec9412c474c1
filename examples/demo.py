"""The whole way in one file: train a distributed QLSTM exactly, then run it on two noisy devices.

    python examples/demo.py [FOLDER]

The model is a QLSTM with 4 hidden units whose gates are each split into 2 circuits of 3 qubits. It learns a damped
pendulum in simulation that expects the noise of 1024 shots, forecasts the held-out part with 1024 shots on snapshots of
two IBM devices (noise included), and takes a few parameter-shift training steps there. Figures go to FOLDER
(runs/demo), written over those of an earlier demo. Under a minute on a laptop.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import torch
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from backends import open_qpu
from qlstm import Ansatz, Forecaster, figures, tasks
from qlstm.metrics import r2
from qlstm.tasks import Dataset
from qlstm.training import ProgressBar, Recipe, Trainer, predict
from qpartition import Dispatcher, Topology, Workload, plan

SHOTS, BATCH, STEPS_ON_DEVICES = 1024, 4, 3


def main(folder: Path) -> None:
    """Train, run on devices, show what came out and what it cost."""
    folder.mkdir(parents=True, exist_ok=True)

    # 1. Data and model. Windows of 4 past values forecast the next one.
    data = Dataset.of(tasks.load("pendulum"), window=4)
    torch.manual_seed(0)
    circuit = {"parts": 2, "partition": "shared-input", "ansatz": Ansatz.reupload()}
    model = Forecaster(input_size=1, hidden_size=4, dtype=torch.float64, train_shots=SHOTS, **circuit)

    # 2. Train in exact simulation, with the noise of SHOTS shots added: a model that was trained without is lost in it.
    began = time.perf_counter()
    recipe = Recipe(optimizer="adam", lr=0.05, cosine=True, shuffle=True, epochs=100)
    history = Trainer(model, data, recipe, callbacks=[ProgressBar()]).fit()
    rows = [("exact", history.rows[-1]["test_r2"], None, time.perf_counter() - began)]
    figures.loss_curves(history.rows, folder / "loss.png")
    draw(model, data, folder / "forecast-exact.png", "pendulum, exact simulation")

    # 3. Two devices, divided into cores of 3 qubits. The plan says the price before anything runs.
    topology = Topology([open_qpu("fake:torino"), open_qpu("fake:fez")], core_qubits=3)
    workload = Workload.of(model, batch=BATCH, steps=data.window)
    the_plan = plan(workload, topology, shots=SHOTS)
    print(f"\n{the_plan}\n")

    # 4. The same weights on the devices: forecast every window.
    with Dispatcher(the_plan, seed=0) as devices:
        model.executor = devices
        began = time.perf_counter()
        forecast = draw(model, data, folder / "forecast-devices.png", f"pendulum, noisy devices, {SHOTS} shots")
        score = r2(data.y_test, forecast[data.train :])
        rows.append(("devices", score, devices.report(), time.perf_counter() - began))

    # 5. A few optimiser steps there: an ordinary torch loop, gradients come from parameter shifts.
    x, y = torch.from_numpy(data.x_train), torch.from_numpy(data.y_train)
    order = np.random.default_rng(0).permutation(len(x))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.002)
    with Dispatcher(the_plan, seed=1) as devices:
        model.executor = devices
        began = time.perf_counter()
        for step in range(STEPS_ON_DEVICES):
            batch = order[step * BATCH : (step + 1) * BATCH]
            loss = torch.nn.functional.mse_loss(model(x[batch]), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            print(f"step {step + 1} on devices: batch loss {loss.item():.5f}")
        rows.append(("devices, training", None, devices.report(), time.perf_counter() - began))

    # 6. The held-out windows once more, with the weights after those steps.
    with Dispatcher(the_plan, seed=2) as devices:
        model.executor = devices
        began = time.perf_counter()
        score = r2(data.y_test, predict(model, data.x_test))
        rows.append(("devices, trained", score, devices.report(), time.perf_counter() - began))

    Console().print(results(rows))
    print(f"figures in {folder}")


def draw(model: Forecaster, data: Dataset, path: Path, name: str) -> np.ndarray:
    """Forecast every window and draw it against the truth; returns the forecasts, scaled."""
    forecast = predict(model, data.x)
    boundary = data.points[data.train] - 0.5
    units = data.scaler.inverse(forecast)
    figures.forecast(units, path, truth=data.truth, points=data.points, boundary=boundary, name=name)
    return forecast


def results(rows: list[tuple]) -> Table:
    """One row per stage; QPU seconds: what the real devices would bill by IBM's usage rule."""
    table = Table(title="Distributed QLSTM", box=SIMPLE, pad_edge=False, caption="* estimated")
    for name in ("", "test R2", "rounds", "jobs", "executions", "QPU s*", "wall s"):
        table.add_column(name, no_wrap=True, justify="right" if name else "left")
    for label, score, report, seconds in rows:
        shown = "" if score is None else f"{score:.4f}"
        cost = ("", "", "", "")
        if report is not None:
            cost = (str(report.rounds), str(report.jobs), f"{report.executions:,}", f"{report.qpu_seconds:,.0f}")
        table.add_row(label, shown, *cost, f"{seconds:.1f}")
    return table


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "runs/demo"))
