"""Forecasts of several steps at once: the first step and the last."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from backends.errors import InputError

from .canvas import save
from .points import Beside, BesidePoints, forecast_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class BesideSteps(Beside):
    """The options of `ahead_figure`."""

    points: ArrayLike


def ahead(prediction: ArrayLike, path: Path | str, **beside: Unpack[BesideSteps]) -> Path:
    """Forecasts of several steps at once as a PNG file, which is replaced; other arguments as of `ahead_figure`.

    Raises:
        InputError: As for `forecast_figure`, or if the file cannot be written.
    """
    return save(ahead_figure(prediction, **beside), path)


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
    if np.ndim(prediction) != 3:
        raise InputError(
            f"forecasts of shape {np.shape(prediction)} are not (n, steps, targets); add the missing axis, or draw single"
            " steps by forecast_figure"
        )
    count, steps, targets = np.shape(prediction)
    at = np.asarray(points)
    if steps > 1 and at.size:
        at = at[0] + np.arange(count + steps - 1)
    labels = [f"{step} step{'s' * (step > 1)} ahead" for step in (1, steps) for _ in range(targets)]
    beside: BesidePoints = {"points": at, "boundary": boundary, "name": name, "labels": labels if steps > 1 else ()}
    if truth is not None:
        beside["truth"] = _ends(truth)
    if stderr is not None:
        beside["stderr"] = _ends(stderr)
    return forecast_figure(_ends(prediction), **beside)


def _ends(values: ArrayLike) -> NDArray[np.float64]:
    """First and last step, each at its own points: (n, steps, targets) -> (n + steps - 1, 2 * targets); a single one as it is."""
    array = np.asarray(values, dtype=np.float64)
    count, steps, targets = array.shape
    if steps == 1:
        return array[:, 0]
    ends = np.full((count + steps - 1, 2 * targets), np.nan)
    ends[:count, :targets], ends[steps - 1 :, targets:] = array[:, 0], array[:, -1]
    return ends
