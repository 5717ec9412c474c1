"""How the number of parts M trades qubits per QPU for jobs."""

from __future__ import annotations

from pathlib import Path

from qpartition.drawing import save_figure

from .resource_study import BATCH, SHOTS, Case

ENTRIES = 64
"""D of the figure."""
_QUBITS, _JOBS, _ONE = "#0a7e8c", "#d1495b", "#5b5ea6"


def draw_trade(path: Path) -> Path:
    """Qubits per QPU and jobs of a training step over M, and what the QPUs are then busy with."""
    from matplotlib.figure import Figure

    cases = [Case(entries=ENTRIES, parts=parts) for parts in (1, 2, 4, 8, 16, 32)]
    needs = [case.needs for case in cases]
    parts = [case.parts for case in cases]
    figure = Figure(figsize=(10.0, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot(parts, [need.qubits_per_qpu for need in needs], "o-", color=_QUBITS, label="qubits per QPU")
    left.plot(parts, [need.jobs for need in needs], "s-", color=_JOBS, label="jobs of a training step")
    left.set(title=f"D = {ENTRIES}: narrower circuits, more jobs", ylabel="number")
    total = [need.qpu_seconds for need in needs]
    right.plot(parts, total, "s-", color=_JOBS, label="all QPUs together")
    each = [seconds / count for seconds, count in zip(total, parts, strict=True)]
    right.plot(parts, each, "o-", color=_ONE, label="each QPU, on average")
    right.set(title=f"a training step, batch {BATCH}, {SHOTS} shots", ylabel="QPU seconds")
    for axes in (left, right):
        axes.set(xscale="log", yscale="log", xlabel="parts M = QPUs", xticks=parts, xticklabels=parts)
        axes.minorticks_off()
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)
    return save_figure(figure, path)
