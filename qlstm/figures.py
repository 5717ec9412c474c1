"""Figures of a run: loss curves, and the forecast against the truth. Without a display, as figures or PNG files."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from backends.errors import InputError

from .training.files import write_atomic
from .training.history import STDERR

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TRAIN, TEST, TRUTH = "#1f6f8b", "#d1495b", "#444444"
_SIGMAS = 2
"""Half width of a band, in standard errors."""


def loss_curves(rows: Sequence[Mapping[str, float]], path: Path | str) -> Path:
    """Training and test loss per epoch, on a logarithmic axis; see `loss_figure`.

    Args:
        rows: The rows of a `History`.
        path: PNG file to replace.

    Raises:
        InputError: If there is no epoch, or the file cannot be written.
    """
    return _save(loss_figure(rows), path)


def loss_figure(rows: Sequence[Mapping[str, float]], floor: tuple[str, float] | None = None) -> Figure:
    """The figure of `loss_curves`; a band of two standard errors where the rows have them.

    Args:
        rows: The rows of a `History`.
        floor: Name and test loss of something to compare with, a horizontal line.

    Raises:
        InputError: If there is no epoch.
    """
    from matplotlib.ticker import MaxNLocator

    if not rows:
        raise InputError("there is no finished epoch to draw; train for at least one")
    figure, (axes,) = _figure(width=6.4)
    marker = "o" if len(rows) == 1 else None
    for name, error, colour in (("train", STDERR[0], TRAIN), ("test", STDERR[1], TEST)):
        loss = [row[f"{name}_mse"] for row in rows]
        axes.semilogy([row["epoch"] for row in rows], loss, color=colour, marker=marker, label=name)
        _loss_band(axes, rows, f"{name}_mse", error, colour)
    if floor is not None:
        axes.axhline(floor[1], color=TRUTH, linewidth=1.0, linestyle=(0, (4, 3)), label=floor[0])
    axes.set(xlabel="epoch", ylabel="mean squared error (scaled)")
    axes.xaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10], integer=True))
    axes.legend(frameon=False)
    return figure


def _loss_band(axes: Axes, rows: Sequence[Mapping[str, float]], name: str, error: str, colour: str) -> None:
    """Two standard errors around a loss, in the epochs that have them; what reaches below 0 ends at a tenth."""
    known = [(row["epoch"], row[name], _SIGMAS * row[error]) for row in rows if error in row]
    if known:
        epochs, loss, band = np.array(known, dtype=np.float64).T
        axes.fill_between(epochs, np.maximum(loss - band, loss / 10), loss + band, color=colour, alpha=0.2, linewidth=0)


def forecast(
    prediction: ArrayLike,
    path: Path | str,
    *,
    truth: ArrayLike | None = None,
    points: ArrayLike | None = None,
    boundary: float | None = None,
    stderr: ArrayLike | None = None,
    name: str = "",
    labels: Sequence[str] = (),
    begins: str = "test begins",
) -> Path:
    """Forecasts against the truth as a PNG file; arguments as of `forecast_figure`.

    Raises:
        InputError: If shapes differ, nothing is to be drawn, or the file cannot be written.
    """
    figure = forecast_figure(
        prediction, truth=truth, points=points, boundary=boundary, stderr=stderr, name=name, labels=labels,
        begins=begins,
    )  # fmt: skip
    return _save(figure, path)


def forecast_figure(
    prediction: ArrayLike,
    *,
    truth: ArrayLike | None = None,
    points: ArrayLike | None = None,
    boundary: float | None = None,
    stderr: ArrayLike | None = None,
    name: str = "",
    labels: Sequence[str] = (),
    begins: str = "test begins",
) -> Figure:
    """Forecasts against the truth, point by point, one panel per target.

    Args:
        prediction: Forecasts in units, (n,) or (n, targets).
        truth: The same shape as ``prediction``; NaN where it is not known.
        points: Which point of the series each forecast is for, (n,); 0, 1, ... by default.
        boundary: First point that was not trained on; a dashed line is drawn there.
        stderr: Standard errors, the same shape; a band of two of them is drawn.
        name: Title.
        labels: What the panels show, one each, or none.
        begins: What begins at the boundary.

    Raises:
        InputError: If shapes differ, or nothing is to be drawn.
    """
    values = _columns(prediction)
    at = np.arange(len(values)) if points is None else np.asarray(points)
    if len(values) == 0 or at.shape != (len(values),):
        raise InputError(f"{len(values)} forecast(s) at {at.size} point(s); give one point per forecast, at least one")
    others = {
        key: _like(values, key, given) for key, given in (("truth", truth), ("stderr", stderr)) if given is not None
    }
    figure, panels = _figure(width=8.0, rows=values.shape[1])
    for k, axes in enumerate(panels):
        _panel(axes, at, values[:, k], {key: array[:, k] for key, array in others.items()}, boundary, begins)
    for axes, label in zip(panels, labels, strict=False):
        axes.set_ylabel(label)
    panels[0].legend(frameon=False, loc="upper right")
    panels[0].set_title(name)
    panels[-1].set_xlabel("point of the series")
    return figure


def ahead(
    prediction: ArrayLike,
    path: Path | str,
    *,
    points: ArrayLike,
    truth: ArrayLike | None = None,
    boundary: float | None = None,
    stderr: ArrayLike | None = None,
    name: str = "",
) -> Path:
    """Forecasts of several steps at once as a PNG file; arguments as of `ahead_figure`.

    Raises:
        InputError: As for `forecast`.
    """
    drawn = _first_and_last(prediction, truth, stderr, points)
    return forecast(drawn.pop("prediction"), path, **drawn, boundary=boundary, name=name)


def ahead_figure(
    prediction: ArrayLike,
    *,
    points: ArrayLike,
    truth: ArrayLike | None = None,
    boundary: float | None = None,
    stderr: ArrayLike | None = None,
    name: str = "",
) -> Figure:
    """Forecasts of several steps at once: the first step and the last, one panel of each per target.

    Args:
        prediction: Forecasts in units, (n, steps, targets); with one step as drawn by `forecast_figure`.
        points: Which point of the series the first step of each forecast is, (n,), one after the other.
        truth: The same shape as ``prediction``; NaN where it is not known.
        boundary: As for `forecast_figure`.
        stderr: Standard errors, the same shape as ``prediction``.
        name: Title.

    Raises:
        InputError: As for `forecast_figure`.
    """
    drawn = _first_and_last(prediction, truth, stderr, points)
    return forecast_figure(drawn.pop("prediction"), **drawn, boundary=boundary, name=name)


def _first_and_last(
    prediction: ArrayLike, truth: ArrayLike | None, stderr: ArrayLike | None, points: ArrayLike
) -> dict[str, Any]:
    """Arguments of `forecast_figure`: of the first step and the last side by side."""
    count, steps, targets = np.shape(prediction)
    at = np.asarray(points)
    if steps > 1 and at.size:
        at = at[0] + np.arange(count + steps - 1)
    given = {"prediction": prediction, "truth": truth, "stderr": stderr}
    labels = [f"{step} step{'s' * (step > 1)} ahead" for step in (1, steps) for _ in range(targets)]
    return {
        "points": at, "labels": labels if steps > 1 else (),
        **{name: _ends(array) for name, array in given.items() if array is not None},
    }  # fmt: skip


def _ends(values: ArrayLike) -> NDArray[np.float64]:
    """First and last step, each at its own points: (n, steps, targets) -> (n + steps - 1, 2 * targets); a single one as it is."""
    array = np.asarray(values, dtype=np.float64)
    count, steps, targets = array.shape
    if steps == 1:
        return array[:, 0]
    ends = np.full((count + steps - 1, 2 * targets), np.nan)
    ends[:count, :targets], ends[steps - 1 :, targets:] = array[:, 0], array[:, -1]
    return ends


def _panel(
    axes: Axes,
    at: NDArray[np.generic],
    value: NDArray[np.float64],
    others: Mapping[str, NDArray[np.float64]],
    boundary: float | None,
    begins: str,
) -> None:
    if "truth" in others:
        axes.plot(at, others["truth"], color=TRUTH, linewidth=1.0, label="truth")
    axes.plot(at, value, color=TEST, linewidth=1.4, linestyle="--", label="forecast")
    if "stderr" in others:
        band = _SIGMAS * others["stderr"]
        axes.fill_between(
            at.astype(float), value - band, value + band, color=TEST, alpha=0.2, label="2 standard errors"
        )
    if boundary is not None:
        axes.axvline(boundary, color=TRAIN, linestyle=":", label=begins)


def _columns(values: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    return array.reshape(len(array), -1) if array.ndim else array.reshape(1, 1)


def _like(values: NDArray[np.float64], name: str, given: ArrayLike) -> NDArray[np.float64]:
    array = _columns(given)
    if array.shape != values.shape:
        raise InputError(
            f"{name} of shape {array.shape} does not fit forecasts of {values.shape}; give one per forecast"
        )
    return array


def _figure(width: float, rows: int = 1) -> tuple[Figure, list[Axes]]:
    # Figure itself, not pyplot: no window system, no global state.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, 3.6 * rows), layout="constrained")
    panels = figure.subplots(rows, 1, squeeze=False, sharex=True)[:, 0]
    for axes in panels:
        axes.spines[["top", "right"]].set_visible(False)
    return figure, list(panels)


def _save(figure: Figure, path: Path | str) -> Path:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    buffer = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(buffer, format="png", dpi=120)
    write_atomic(Path(path), buffer.getvalue())
    return Path(path)
