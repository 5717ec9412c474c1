"""Loss and forecast, with bands where the error is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..tasks import linear_fit
from ..training.history import OVERHEAD, SIGNAL, STDERR
from ..training.spread import REPLICATES
from .blocks import Block, Picture, Section, Table, Text
from .cuts import cuts
from .record import Record
from .svg import CURVES, inline
from .wording import count, number, r2, uncertain

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..training.forecasts import Forecast

_FAR = 1e3
"""A baseline is not drawn where its loss is so many times smaller, or larger, than the run's."""
_CUT = ", since circuits are cut: every <Z> is put together from the shots of many pieces"
_ROWS = 12
"""Epochs in the table, spread over the training."""


def loss_section(record: Record) -> Section:
    """Loss per epoch."""
    if not record.rows:
        return Section("loss", "Loss", [Text("No epoch is finished yet, so there is no loss to draw.")])

    floor = None if record.data is None else linear_fit(record.data).scores.test_mse
    far = floor is not None and not _lowest(record) / _FAR < floor < _FAR * _lowest(record)

    def draw() -> Figure:
        from ..figures import loss_figure

        return loss_figure(record.rows, None if floor is None or far else ("linear fit, test", floor))

    last = record.rows[-1]
    label = (
        f"Mean squared error over {count(len(record.rows))} epochs, on a logarithmic axis: training "
        f"{number(record.rows[0]['train_mse'], 2)} to {number(last['train_mse'], 2)}, "
        f"test {number(record.rows[0]['test_mse'], 2)} to {number(last['test_mse'], 2)}"
    )
    outside = f"The test error of the linear fit, {number(floor)}, lies far outside the figure." if far else ""
    caption = ("Loss of every epoch, in scaled units.", _band_note(record), outside)
    blocks: list[Block] = [
        Picture(inline(draw, "loss", label, CURVES), " ".join(filter(None, caption)), least=26),
        _table(record),
    ]
    return Section("loss", "Loss", blocks)


def _lowest(record: Record) -> float:
    return min(row[name] for row in record.rows for name in ("train_mse", "test_mse"))


def _band_note(record: Record) -> str:
    if any(STDERR[1] in row for row in record.rows):
        return (
            f"The bands are two standard errors to either side, from the noise of {count(record.settings.shots)} shots: "
            f"{REPLICATES} repetitions in simulation around the noiseless circuits."
        )
    if not record.on_devices:
        return "There are no bands: expectations were simulated exactly, so the loss has no statistical error."
    if record.settings.shots is None:
        return "There are no bands: the devices gave exact expectations, so the loss has no statistical error."
    if cuts(record):
        return f"There are no bands: the error of these losses is not known{_CUT}."
    return (
        "There are no bands: the error of these losses is not known (it is recorded where no mitigation is used, "
        "circuits are not too wide, and --signal is on)."
    )


def _table(record: Record) -> Table:
    chosen = np.unique(np.linspace(0, len(record.rows) - 1, min(_ROWS, len(record.rows))).round().astype(int))
    rows = [record.rows[i] for i in chosen]
    further = {
        name: title
        for name, title in ((OVERHEAD, "overhead of cut bridges"), (SIGNAL, "gradient signal / noise"))
        if any(name in row for row in rows)
    }
    cells = [
        [
            count(int(row["epoch"])), uncertain(row["train_mse"], row.get(STDERR[0])),
            uncertain(row["test_mse"], row.get(STDERR[1])), r2(row["test_r2"]), number(row["seconds"], 3),
            *(number(row.get(name), 3) for name in further),
        ]
        for row in rows
    ]  # fmt: skip
    header = (
        "epoch",
        "train MSE",
        "test MSE",
        "test R²",
        "wall seconds",
        *further.values(),
    )
    some = f"{len(rows)} of {len(record.rows)} epochs" if len(rows) < len(record.rows) else "Every epoch"
    return Table(some, header, cells, folded=True)


def forecast_section(record: Record) -> Section:
    """Forecast against truth."""
    known, source = _forecast(record)
    if known is None:
        return Section("forecast", "Forecast", [Text(f"There is no forecast to draw: {source}.")])
    boundary = None if record.data is None else record.data.boundary

    def draw() -> Figure:
        return known.figure(boundary)

    windows = count(len(known.points) // known.horizon)
    where = f" at {windows} points"
    if known.horizon > 1:
        where = f", the first and the last of {count(known.horizon)} steps ahead, from {windows} windows"
    label = f"Forecast and truth of {', '.join(known.targets)}{where}"
    band = _forecast_note(record, known)
    picture = Picture(inline(draw, "forecast", label, CURVES), f"{label}, in units. {source} {band}", least=36)
    return Section("forecast", "Forecast", [picture])


def _forecast(record: Record) -> tuple[Forecast | None, str]:
    """A forecast, and where it comes from; else why there is none."""
    measured = record.measured
    if measured is not None:
        where = "As measured on the devices" if record.on_devices else "As the run left it"
        return measured, f"{where} at the end of the last epoch."
    if record.exact is not None:
        why = (
            "the run has left no forecast of its own"
            if record.forecast is None
            else "that of the run is of an earlier epoch"
        )
        return record.exact, f"From the saved weights in exact simulation: {why}."
    if record.forecast is not None and record.data is None:
        return record.forecast, "As the run left it; the data were not compared."
    return None, record.exact_note or record.data_note


def _forecast_note(record: Record, known: Forecast) -> str:
    if known.stderr is not None:
        return "The band is two standard errors to either side, from the noise of the shots."
    if not record.on_devices or record.settings.shots is None or known is record.exact:
        return "There is no band: these expectations are exact."
    return f"There is no band: the error of this forecast is not known{_CUT if cuts(record) else ''}."
