"""A comparison of ways as a figure: errors, R2 and price, at equal shots and at equal QPU seconds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qpartition.comparison.figure import COST, ESTIMATED, INK, LEGEND, MEASURED
from qpartition.drawing import save_figure

if TYPE_CHECKING:
    from .training.ways.table import WaysResult

COLOURS = {"shots": MEASURED, "QPU seconds": ESTIMATED}


def draw_ways(result: WaysResult, path: str | Path) -> None:
    """Write a figure: error of <Z>, error of the gradient, test R2, and QPU seconds of a step.

    Args:
        result: As `qlstm.training.ways.run_ways` returns it.
        path: A file name whose suffix matplotlib knows, such as ``.png`` or ``.svg``.

    Raises:
        InputError: If the file cannot be written.
    """
    from matplotlib.figure import Figure

    names = list(dict.fromkeys(row.way for row in result.rows))[::-1]
    figure = Figure(figsize=(13, 1.4 + 0.55 * len(names)), layout="constrained")
    error, gradient, score, price = figure.subplots(1, 4, sharey=True)
    for shift, (basis, colour) in zip((0.19, -0.19), COLOURS.items(), strict=True):
        rows = {row.way: row for row in result.equal(basis)}
        at = [i + shift for i, name in enumerate(names) if name in rows]
        there = [rows[name] for name in names if name in rows]
        error.barh(at, [row.error for row in there], 0.36, color=colour, label=f"equal {basis}")
        gradient.barh(at, [row.gradient_error for row in there], 0.36, color=colour)
        score.errorbar(
            [row.r2 for row in there],
            at,
            xerr=[row.r2_stderr for row in there],
            fmt="o",
            color=colour,
            ecolor=INK,
            capsize=3,
        )
    exact = {row.way: row.exact_r2 for row in result.rows}
    score.plot([exact[name] for name in names], range(len(names)), "|", color=INK, markersize=14, label="exact")
    costs = {row.way: row for row in result.equal("shots")}
    price.barh(
        range(len(names)), [costs[name].qpu_seconds or costs[name].executions for name in names], 0.5, color=COST
    )
    error.set(yticks=range(len(names)), yticklabels=names, xlabel="rms error of <Z>")
    gradient.set(xlabel="relative error of the gradient")
    score.set(xlabel="test R2 on the devices")
    billed = any(row.qpu_seconds for row in result.rows)
    price.set(xlabel=f"{'QPU seconds' if billed else 'executions'} of a step, equal shots", xscale="log")
    error.legend(**LEGEND)
    score.legend(**LEGEND)
    for axis in (error, gradient, score, price):
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(axis="x", alpha=0.25)
    save_figure(figure, path)
