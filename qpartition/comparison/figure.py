"""A comparison as a figure: errors and costs of every mapping."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from backends.errors import check_is
from qpartition.drawing import save_figure

from .results import Comparison

INK, MEASURED, ESTIMATED, COST = "#22333b", "#0a7e8c", "#bcd8dc", "#c96f4a"

LEGEND: dict[str, Any] = {
    "frameon": False, "fontsize": 8, "ncols": 2, "loc": "lower center", "bbox_to_anchor": (0.5, 1.0),
}  # fmt: skip


def draw_comparison(comparison: Comparison, path: str | Path) -> None:
    """Write a figure: measured and estimated error of <Z>, QPU seconds and makespan of a step, and R2 if known.

    Args:
        comparison: As `compare` returns it.
        path: A file name whose suffix matplotlib knows, such as ``.png`` or ``.svg``.

    Raises:
        InputError: If the file cannot be written.
    """
    from matplotlib.figure import Figure

    check_is(comparison, Comparison, "make one with compare(workload, topology)")

    entries = comparison.entries[::-1]
    names, rows = [entry.mapping for entry in entries], range(len(entries))
    scored = all(entry.r2 is not None for entry in entries)
    figure = Figure(figsize=(4.0 * (3 if scored else 2), 1.1 + 0.55 * len(entries)), layout="constrained")
    axes = figure.subplots(1, 3 if scored else 2, sharey=True)
    error, cost = axes[0], axes[1]
    error.barh([r + 0.19 for r in rows], [e.measured for e in entries], 0.36, color=MEASURED, label="measured",
               xerr=[e.measured_stderr for e in entries], error_kw={"ecolor": INK, "capsize": 3})  # fmt: skip
    error.barh([r - 0.19 for r in rows], [e.estimated for e in entries], 0.36, color=ESTIMATED, label="estimated")
    error.set(yticks=list(rows), yticklabels=names, xlabel="rms error of <Z>")
    error.legend(**LEGEND)
    cost.barh([r + 0.19 for r in rows], [e.qpu_seconds for e in entries], 0.36, color=COST, label="QPU seconds")
    cost.barh([r - 0.19 for r in rows], [e.makespan for e in entries], 0.36, color="#eed2c6", label="makespan")
    cost.set(xlabel="seconds of a training step")
    cost.legend(**LEGEND)
    if scored:
        spread = [e.r2_stderr for e in entries]
        axes[2].errorbar([e.r2 or 0.0 for e in entries], list(rows), xerr=spread, fmt="o", color=INK, capsize=3)
        axes[2].set(xlabel="test R2 on the devices")
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(axis="x", alpha=0.25)
    save_figure(figure, path)
