"""Forecasts against the truth, point by point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from backends.errors import InputError

from .canvas import SIGMAS, TEST, TRAIN, TRUTH, blank, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class Beside(TypedDict, total=False):
    """The options of every figure of forecasts; see `forecast_figure`."""

    truth: ArrayLike | None
    boundary: float | None
    stderr: ArrayLike | None
    name: str


class BesidePoints(Beside, total=False):
    """The options of `forecast_figure`."""

    points: ArrayLike | None
    labels: Sequence[str]
    begins: str


def forecast(prediction: ArrayLike, path: Path | str, **beside: Unpack[BesidePoints]) -> Path:
    """Forecasts against the truth as a PNG file, which is replaced; other arguments as of `forecast_figure`.

    Raises:
        InputError: If shapes differ, nothing is to be drawn, or the file cannot be written.
    """
    return save(forecast_figure(prediction, **beside), path)


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
    figure, panels = blank(width=8.0, rows=values.shape[1])
    for k, axes in enumerate(panels):
        _panel(axes, at, values[:, k], {key: array[:, k] for key, array in others.items()}, boundary, begins)
    for axes, label in zip(panels, labels, strict=False):
        axes.set_ylabel(label)
    panels[0].legend(frameon=False, loc="upper right")
    panels[0].set_title(name)
    panels[-1].set_xlabel("point of the series")
    return figure


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
        band = SIGMAS * others["stderr"]
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
