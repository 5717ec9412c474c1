"""Figs. 3 to 6 of the paper: a panel per model, a row of panels per series; and the numbers that are drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from qpartition.drawing import save_figure

from .setups import Row
from .summary import Trials, trials_of
from .tables import Cell, Table
from .trials import Trial, dataset

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LOSS = ("model", "seed", "epoch", "train mse", "test mse")
_FORECAST = ("model", "seed", "point", "truth", "forecast")
_TRAIN, _TEST, _TRUTH = "#1f6f8b", "#d1495b", "#444444"


def draw_losses(rows: Sequence[Row], trials: Trials, folder: Path) -> list[Table]:
    """``loss.png``: training and test loss by epoch, the median of all seeds and their range."""
    figure, panels = _panels(rows, trials)
    for _, found, axes in panels:
        for name, colour in (("train", _TRAIN), ("test", _TEST)):
            losses = np.array([getattr(trial, f"{name}_mse") for trial in found])
            epochs = np.arange(1, losses.shape[1] + 1)
            axes.fill_between(epochs, losses.min(axis=0), losses.max(axis=0), color=colour, alpha=0.15, linewidth=0)
            axes.plot(epochs, np.median(losses, axis=0), color=colour, linewidth=1.3, label=name)
        axes.set(yscale="log", xlabel="epoch")
    _finish(figure, [axes for _, _, axes in panels], "mean squared error", folder / "loss.png")
    return [Table("loss", row.group, _LOSS, tuple(_curves(row, found)), listed=False) for row, found, _ in panels]


def _curves(row: Row, found: Sequence[Trial]) -> Iterator[tuple[Cell, ...]]:
    for trial in found:
        for epoch, (train, test) in enumerate(zip(trial.train_mse, trial.test_mse, strict=True), start=1):
            yield row.name, trial.seed, epoch, float(train), float(test)


def draw_forecasts(rows: Sequence[Row], trials: Trials, folder: Path) -> list[Table]:
    """``forecast.png``: the series and what the seed with the median R2 forecasts, with the end of the training part."""
    figure, panels = _panels(rows, trials)
    tables = []
    for row, found, axes in panels:
        data, trial = dataset(row.setup.data), _typical(found)
        truth = data.truth[:, 0]
        axes.plot(data.points, truth, color=_TRUTH, linewidth=1.0, label="truth")
        axes.plot(data.points, trial.forecasts, color=_TEST, linewidth=1.3, linestyle="--", label="forecast")
        axes.axvline(float(data.points[data.train]), color=_TRAIN, linestyle=":", label="test begins")
        axes.set(xlabel="point")
        lines = zip(data.points.tolist(), truth.tolist(), trial.forecasts.tolist(), strict=True)
        cells = tuple((row.name, trial.seed, *line) for line in lines)
        tables.append(Table("forecast", row.group, _FORECAST, cells, listed=False))
    _finish(figure, [axes for _, _, axes in panels], rows[0].setup.data.task, folder / "forecast.png")
    return tables


def _typical(found: Sequence[Trial]) -> Trial:
    """The trial with the median R2 over all windows, the lower one of two."""
    return sorted(found, key=lambda trial: trial.whole_r2)[(len(found) - 1) // 2]


def _panels(rows: Sequence[Row], trials: Trials) -> tuple[Figure, list[tuple[Row, list[Trial], Axes]]]:
    """A figure with a panel for every row; those without a finished trial stay empty."""
    from matplotlib.figure import Figure

    groups = [(name, list(members)) for name, members in groupby(rows, key=lambda row: row.group)]
    across = max(len(members) for _, members in groups)
    figure = Figure(figsize=(2.7 * across, 2.7 * len(groups) + 0.3), layout="constrained")
    grid = figure.subplots(len(groups), across, squeeze=False, sharex=True, sharey="row")
    panels = []
    for (group, members), line in zip(groups, grid, strict=True):
        for row, axes in zip(members, line, strict=True):
            axes.set_title(row.name if len(groups) == 1 else f"{row.name}\n{group}", fontsize=9)
            axes.spines[["top", "right"]].set_visible(False)
            if found := trials_of(row, trials):
                panels.append((row, found, axes))
    return figure, panels


def _finish(figure: Figure, panels: Sequence[Axes], label: str, path: Path) -> None:
    if panels:
        panels[0].legend(frameon=False, fontsize=8)
        figure.supylabel(label, fontsize=10)
        save_figure(figure, path)
