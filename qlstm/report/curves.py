"""Loss and forecast, with bands where the error is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..tasks import linear_fit
from ..training.history import SIGNAL, STDERR
from ..training.spread import REPLICATES
from .blocks import Block, Picture, Section, Table, Text
from .record import Array, Record
from .svg import CURVES, inline
from .wording import count, number, r2, uncertain

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FAR = 1e3
"""A baseline is not drawn where its loss is so many times smaller, or larger, than the run's."""
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
    return (
        "There are no bands: the error of these losses is not known (it is recorded where no mitigation is used, "
        "circuits are not too wide, and --signal is on)."
    )


def _table(record: Record) -> Table:
    chosen = np.unique(np.linspace(0, len(record.rows) - 1, min(_ROWS, len(record.rows))).round().astype(int))
    rows = [record.rows[i] for i in chosen]
    snr = any(SIGNAL in row for row in rows)
    cells = [
        [
            count(int(row["epoch"])), uncertain(row["train_mse"], row.get(STDERR[0])),
            uncertain(row["test_mse"], row.get(STDERR[1])), r2(row["test_r2"]), number(row["seconds"], 3),
            *([number(row.get(SIGNAL), 3)] if snr else []),
        ]
        for row in rows
    ]  # fmt: skip
    header = (
        "epoch",
        "train MSE",
        "test MSE",
        "test R²",
        "wall seconds",
        *(("gradient signal / noise",) if snr else ()),
    )
    some = f"{len(rows)} of {len(record.rows)} epochs" if len(rows) < len(record.rows) else "Every epoch"
    return Table(some, header, cells, folded=True)


def forecast_section(record: Record) -> Section:
    """Forecast against truth."""
    values, stderr, source = _forecast(record)
    data, known = record.data, record.forecast
    if values is None:
        return Section("forecast", "Forecast", [Text(f"There is no forecast to draw: {source}.")])
    if data is not None:
        truth, points, boundary = data.truth, data.points, float(data.points[data.train]) - 0.5
        names = data.series.target_names
    else:
        assert known is not None
        truth, points, boundary, names = known.truth, known.points, None, known.targets

    def draw() -> Figure:
        from ..figures import forecast_figure

        return forecast_figure(values, truth=truth, points=points, boundary=boundary, stderr=stderr)

    label = f"Forecast and truth of {', '.join(names)} at {count(len(values))} points"
    band = _forecast_note(record, stderr)
    picture = Picture(inline(draw, "forecast", label, CURVES), f"{label}, in units. {source} {band}", least=36)
    return Section("forecast", "Forecast", [picture])


def _forecast(record: Record) -> tuple[Array | None, Array | None, str]:
    """Values, their standard errors, and where they come from; else why there are none."""
    measured = record.measured
    if measured is not None:
        where = "As measured on the devices" if record.on_devices else "As the run left it"
        return measured.values, measured.stderr, f"{where} at the end of the last epoch."
    if record.exact is not None:
        why = (
            "the run has left no forecast of its own"
            if record.forecast is None
            else "that of the run is of an earlier epoch"
        )
        return record.exact, None, f"From the saved weights in exact simulation: {why}."
    if record.forecast is not None and record.data is None:
        return record.forecast.values, record.forecast.stderr, "As the run left it; the data were not compared."
    return None, None, record.exact_note or record.data_note


def _forecast_note(record: Record, stderr: Array | None) -> str:
    if stderr is not None:
        return "The band is two standard errors to either side, from the noise of the shots."
    if not record.on_devices or record.settings.shots is None or record.measured is None:
        return "There is no band: these expectations are exact."
    return "There is no band: the error of this forecast is not known."
