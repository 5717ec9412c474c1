"""Errors of the devices: what their calibration says, what the plan expected, what the forecasts show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..metrics import mse, r2
from .blocks import Block, Section, Table, Text
from .chips import by_core
from .record import Record
from .wording import NONE, error, microseconds, middle, number, sentence, signed, span
from .wording import r2 as r2_text

if TYPE_CHECKING:
    from backends.core import Core
    from qpartition import Plan, Topology

    from ..training.forecasts import Forecast

CORES = (
    "core", "1q error", "2q error", "readout error", "T1 µs", "T2 µs", "summed error", "expected fidelity",
)  # fmt: skip
QUBITS = ("core", "qubit", "1q error", "readout error", "T1 µs", "T2 µs")


def section(record: Record) -> Section:
    """Device error."""
    if not record.on_devices:
        text = "No devices were used: expectations are exact, so neither noise nor shots added any error."
        return Section("error", "Device error", [Text(text)])
    blocks: list[Block] = []
    if record.plan is not None:
        blocks.append(Text(_expected(record.plan)))
    blocks += _measured(record)
    if record.plan is not None and record.topology is not None:
        blocks += _calibration(record.plan, record.topology)
    else:
        blocks.append(Text(f"The calibration is missing: {record.topology_note}.", note=True))
    return Section("error", "Device error", blocks)


def _expected(plan: Plan) -> str:
    worst = min(plan.circuits, key=lambda circuit: circuit.fidelity)
    what = "a sub-VQC, or a piece of one that is cut," if plan.cuts else "a sub-VQC"
    return (
        f"From the calibration {what} is expected to run without any error with probability {plan.fidelity:.3f} on "
        f"average, {worst.fidelity:.3f} at worst ({worst.key} on {worst.core})."
    )


def _measured(record: Record) -> list[Block]:
    """The saved weights on the devices beside the same weights without noise."""
    last, data, exact = record.last, record.data, record.exact
    if last is None or data is None or exact is None or not record.settled:
        why = record.exact_note or (
            "no epoch is finished" if last is None else "the saved weights are in the middle of an epoch"
        )
        return [Text(f"Nothing was measured against exact simulation: {why}.", note=True)]
    scaled = data.scaler.transform_target(exact.values).reshape(data.y.shape)[data.train :]
    clean, clean_r2 = mse(data.y_test, scaled), r2(data.y_test, scaled)
    rows = [
        ["test MSE", number(last["test_mse"]), number(clean), signed(f"{last['test_mse'] - clean:+.2g}")],
        ["test R²", r2_text(last["test_r2"]), r2_text(clean_r2), signed(f"{last['test_r2'] - clean_r2:+.4f}")],
    ]
    found: list[Block] = [Table("The same weights", ("", "on the devices", "exact simulation", "difference"), rows)]
    measured = record.measured
    if measured is not None:
        found.append(Text(_apart(measured, exact)))
    return found


def _apart(measured: Forecast, exact: Forecast) -> str:
    """How far forecasts on the devices are from exact ones, and how much of that is the noise of shots."""
    square = float(np.mean((measured.values - exact.values) ** 2))
    text = f"Forecasts on the devices are {number(square**0.5, 3)} from those of exact simulation (root mean square, in units)"
    if measured.stderr is None:
        return sentence(text)
    variance = measured.by_window(measured.stderr) ** 2
    shots = float(np.mean(variance))
    text += f"; the noise of the shots makes {number(shots**0.5, 3)} of that"
    # two standard deviations of a mean square, at most: where all forecasts of a window err alike
    chance = 2 * (2 * float(np.sum(variance.sum(axis=(1, 2)) ** 2))) ** 0.5 / variance.size
    if square - shots <= chance:
        return sentence(text + ", so that errors of the devices cannot be told from it")
    return sentence(text + f", errors of the devices {number((square - shots) ** 0.5, 3)} (in squares the two add up)")


def _calibration(plan: Plan, topology: Topology) -> list[Block]:
    cores = {name: topology.core(name) for name in by_core(plan)}
    if all(core.calibration.is_ideal for core in cores.values()):
        return [Text("The devices are ideal: they have no calibration, and no error but that of the shots.", note=True)]
    rows = [
        [*_core(core), span([c.fidelity for c in circuits], ".3f")]
        for core, circuits in ((cores[name], circuits) for name, circuits in by_core(plan).items())
    ]
    dates = sorted({f"{core.qpu}: {core.calibration.date[:10]}" for core in cores.values() if core.calibration.date})
    qubits = [row for core in cores.values() for row in _qubits(core)]
    return [
        Table("Calibration of the cores in use, medians over qubits and couplings", CORES, rows),
        Table("Qubit by qubit", QUBITS, qubits, folded=True),
        Text(f"Calibrated on {'; '.join(dates)}." if dates else "The calibration has no date.", note=True),
    ]


def _core(core: Core) -> list[str]:
    known = core.calibration
    return [
        core.name, error(middle(known.one_qubit)), error(middle(known.two_qubit)), error(middle(known.readout)),
        microseconds(middle(known.t1)), microseconds(middle(known.t2)), error(core.error) if core.error else NONE,
    ]  # fmt: skip


def _qubits(core: Core) -> list[list[str]]:
    known = core.calibration
    return [
        [
            core.name, str(physical), error(known.one_qubit.get(q)), error(known.readout.get(q)),
            microseconds(known.t1.get(q)), microseconds(known.t2.get(q)),
        ]
        for q, physical in enumerate(core.qubits)
    ]  # fmt: skip
