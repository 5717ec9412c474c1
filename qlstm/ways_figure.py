"""A comparison of ways as a figure: errors, R2 and price, at equal shots and at equal price."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qpartition.comparison.figure import COST, ESTIMATED, INK, LEGEND, MEASURED
from qpartition.drawing import save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .training.ways.table import WaysResult

COLOURS = (MEASURED, ESTIMATED)
"""At equal shots, and at equal price."""


def draw_ways(result: WaysResult, path: str | Path) -> None:
    """Write a figure: error of <Z>, error of the gradient, test R2, and what a step costs, in QPU seconds or executions.

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
    for shift, (basis, colour) in zip((0.19, -0.19), zip(result.bases, COLOURS, strict=False), strict=False):
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
    _draw_price(price, result, names)
    error.set(yticks=range(len(names)), yticklabels=names, xlabel="rms error of <Z>")
    gradient.set(xlabel="relative error of the gradient")
    score.set(xlabel="test R2 on the devices")
    error.legend(**LEGEND)
    score.legend(**LEGEND)
    for axis in (error, gradient, score, price):
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(axis="x", alpha=0.25)
    save_figure(figure, path)


def _draw_price(axis: Axes, result: WaysResult, names: Sequence[str]) -> None:
    """Points with their numbers: on a logarithmic axis, which has no zero, the length of a bar would say nothing."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    basis = result.bases[-1]
    found = {row.way: row.price(basis) for row in result.equal("shots")}
    costs = [found[name] for name in names]
    axis.plot(costs, range(len(names)), "o", color=COST)
    for at, cost in enumerate(costs):
        axis.annotate(
            f"{cost:,.4g}" if cost < 1000 else f"{cost:,.0f}", (cost, at), (0, 6), textcoords="offset points",
            ha="center", fontsize=8, color=INK,
        )  # fmt: skip
    low, high = min(costs), max(costs)
    axis.set(xlabel=f"{basis} of a step, equal shots", xscale="log", xlim=(low / 2, high * 2))
    axis.xaxis.set_minor_formatter(NullFormatter())
    if high < 10 * low:  # there may be one power of ten or none
        axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.xaxis.set_major_formatter(StrMethodFormatter("{x:,.10g}"))
