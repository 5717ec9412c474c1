"""Loss curves: training and test loss per epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from backends.errors import InputError

from ..training.history import STDERR
from .canvas import SIGMAS, TEST, TRAIN, TRUTH, blank, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def loss_curves(rows: Sequence[Mapping[str, float]], path: Path | str) -> Path:
    """Training and test loss per epoch, on a logarithmic axis; see `loss_figure`.

    Args:
        rows: The rows of a `History`.
        path: PNG file to replace.

    Raises:
        InputError: If there is no epoch, or the file cannot be written.
    """
    return save(loss_figure(rows), path)


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
    figure, (axes,) = blank(width=6.4)
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
    known = [(row["epoch"], row[name], SIGMAS * row[error]) for row in rows if error in row]
    if known:
        epochs, loss, band = np.array(known, dtype=np.float64).T
        axes.fill_between(epochs, np.maximum(loss - band, loss / 10), loss + band, color=colour, alpha=0.2, linewidth=0)
