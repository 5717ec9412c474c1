"""The ten-minute story: a QLSTM on IBM hardware within the 600 QPU seconds of IBM's Open plan.

    python examples/open_plan.py                                        on the least busy device of your account
    python examples/open_plan.py --qpu ibm:ibm_fez --qpu ibm:ibm_torino  on two devices at once
    python examples/open_plan.py --qpu fake:fez --qpu fake:torino        a rehearsal: the same without an account

1. Train exactly, in a simulation that expects shot noise.                                   0 QPU seconds
2. Adapt on twins: simulations of the very cores, from the calibration of this hour.         0 QPU seconds
3. Forecast the held-out windows on the devices.
4. Fine-tune a few steps there: values from the devices, slopes from their twins.
5. Forecast the held-out windows once more.

Everything on the devices is planned before anything runs, fine-tuning takes as many steps as the budget leaves room for,
and the budget is a hard stop. Every job is in FOLDER/journal.sqlite: interrupt this at any moment and run it again, and
nothing is paid twice. Prints test R2 and QPU seconds after each stage.
"""

from __future__ import annotations

import argparse
import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from backends import open_qpu
from backends.errors import BudgetError, InputError, PausedError
from qlstm import Ansatz, Forecaster, tasks
from qlstm.metrics import r2
from qlstm.tasks import Dataset
from qlstm.training import ProgressBar, Recipe, Trainer, predict
from qlstm.training.files import write_atomic
from qpartition import Dispatcher, Journal, Plan, Topology, Workload, plan

SHOTS, BATCH, MOST_STEPS = 1024, 8, 8
EPOCHS, TWIN_EPOCHS = 100, 4


def main(chosen: argparse.Namespace) -> None:
    """The five stages."""
    folder: Path = chosen.folder
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    data = Dataset.of(tasks.load("pendulum"), window=4)
    start = folder / "start.pt"
    torch.manual_seed(0)
    circuit = {"parts": 2, "partition": "shared-input", "ansatz": Ansatz.reupload()}
    model = Forecaster(1, 4, dtype=torch.float64, train_shots=SHOTS, gradient="twin", **circuit)

    recipe = Recipe(optimizer="adam", lr=0.05, cosine=True, shuffle=True, epochs=EPOCHS)
    if start.exists():  # the same weights to the bit, or the journal could not know the circuits
        model.load_state_dict(torch.load(start, weights_only=True))
    else:
        Trainer(model, data, recipe, callbacks=[ProgressBar()]).fit()
        save(model, start)
    say("1. trained exactly", r2(data.y_test, predict(model, data.x_test)), 0.0)

    # The calibration is kept with the run: a second start must make the same circuits, or the journal could not help.
    devices = list(opened(chosen.qpu, folder / "devices.json"))
    topology = Topology(devices, core_qubits=3)
    evaluation = planned(model, data, topology, len(data.x_test))
    step = planned(model, data, topology, BATCH)
    steps = min(MOST_STEPS, int((chosen.budget - 2 * evaluation.forward.qpu_seconds) / step.step.qpu_seconds))
    total = 2 * evaluation.forward.qpu_seconds + max(steps, 0) * step.step.qpu_seconds
    print(f"\n{step}\n")
    print(
        f"on the devices: 2 forecasts of {len(data.x_test)} windows at {evaluation.forward.qpu_seconds:.0f} QPU s, "
        f"{steps} training steps at {step.step.qpu_seconds:.1f} QPU s: {total:.0f} of {chosen.budget:.0f} QPU s\n"
    )
    if steps < 1:
        raise BudgetError(f"{chosen.budget:.0f} QPU seconds are too few for a training step; raise --budget")

    twins = Topology([qpu.twin() for qpu in devices], core_qubits=3)
    with Dispatcher(planned(model, data, twins, 16), seed=0) as simulated:
        model.executor = simulated
        recipe = Recipe(optimizer="adam", lr=0.005, cosine=True, shuffle=True, batch=16, epochs=TWIN_EPOCHS)
        Trainer(model, data, recipe, callbacks=[ProgressBar()]).fit()
        say("2. adapted on twins", r2(data.y_test, predict(model, data.x_test)), 0.0)

    with (
        Journal(folder / "journal.sqlite") as journal,
        Dispatcher(evaluation, journal=journal, budget_seconds=chosen.budget, seed=1) as real,
    ):
        model.executor = real
        say("3. forecast on the devices", r2(data.y_test, predict(model, data.x_test)), real.report().qpu_seconds)
        fine_tune(model, data, steps)
        say(f"4. {steps} training steps there", None, real.report().qpu_seconds)
        say("5. forecast once more", r2(data.y_test, predict(model, data.x_test)), real.report().qpu_seconds)
        print(f"\n{real.report()}")
    save(model, folder / "model.pt")
    print(f"weights and journal in {folder}; qlstm jobs {folder} shows every job")


def opened(specs: list[str], file: Path) -> Iterator:
    """The devices, with the calibration of the first time this was run in the folder."""
    try:
        known = json.loads(file.read_text()) if file.exists() else {}
    except ValueError as error:
        raise InputError(f"{file} is damaged ({error}); restore it, or use another --folder") from error
    for spec in specs:
        qpu = open_qpu(spec, known.get(spec))
        known[spec] = qpu.snapshot() if hasattr(qpu, "snapshot") else None
        yield qpu
    if list(known) != specs:
        raise InputError(f"{file.parent} is of {', '.join(known)}; name the same devices, or another --folder")
    write_atomic(file, json.dumps(known))


def planned(model: Forecaster, data: Dataset, topology: Topology, batch: int) -> Plan:
    """The price of ``batch`` windows, before anything runs."""
    workload = Workload.of(model, batch=batch, steps=data.window)
    return plan(workload, topology, "noise-aware", SHOTS, gradient="twin")


def fine_tune(model: Forecaster, data: Dataset, steps: int) -> None:
    """An ordinary torch loop; the executor of the model does the rest."""
    x, y = torch.from_numpy(data.x_train), torch.from_numpy(data.y_train)
    order = np.random.default_rng(0).permutation(len(x))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.002)
    for number in range(steps):
        batch = order[number * BATCH : (number + 1) * BATCH]
        loss = torch.nn.functional.mse_loss(model(x[batch]), y[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(f"   step {number + 1}: batch loss {loss.item():.5f}")


def save(model: Forecaster, path: Path) -> None:
    """The weights, whole or not at all."""
    buffer = io.BytesIO()
    torch.save(model.state_dict(), buffer)
    write_atomic(path, buffer.getvalue())


def say(stage: str, score: float | None, seconds: float) -> None:
    """A line per stage."""
    print(f"{stage:32}{'' if score is None else f'test R2 {score:.4f}':>16}{seconds:>10.1f} QPU s", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--qpu", action="append", help="a device; repeat it for more (default: ibm:least_busy)")
    parser.add_argument("--budget", type=float, default=600.0, help="QPU seconds that may be spent")
    parser.add_argument("--folder", type=Path, default=Path("runs/open-plan"), help="where the journal is kept")
    arguments = parser.parse_args()
    arguments.qpu = arguments.qpu or ["ibm:least_busy"]
    try:
        main(arguments)
    except InputError as error:
        parser.exit(2, f"{error}\n")
    except BudgetError as error:
        parser.exit(3, f"{error}\n")
    except PausedError as error:
        parser.exit(130, f"{error}; run the same command again to go on\n")
