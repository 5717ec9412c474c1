"""Aligned plain-text tables."""

from __future__ import annotations

from collections.abc import Sequence

from .counts import Counts, Tally

Cell = str | int | float
COST = ("", "rounds", "jobs", "parameter sets", "executions", "QPU seconds", "of 600 s", "makespan s")
"""QPU seconds are those billed; of 600 s: their share of IBM's Open plan, 28 days; makespan: seconds on the devices."""
OPEN_PLAN_SECONDS = 600.0
"""QPU seconds of IBM's Open plan in 28 days."""


def table(header: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """Columns as wide as their widest cell; the first is aligned to the left, the others to the right."""
    lines = [list(header)] + [[_text(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(_align(line, widths)).rstrip() for line in lines)


def cost_rows(name: str, counts: Counts) -> list[list[Cell]]:
    """Rows under `COST`: the total, then every QPU."""
    total: list[Cell] = [name, counts.rounds, *_numbers(counts.total), counts.makespan]
    return [total] + [[f"  {qpu}", "", *_numbers(tally), ""] for qpu, tally in counts.per_qpu.items()]


def _numbers(tally: Tally) -> list[Cell]:
    share = f"{tally.qpu_seconds / OPEN_PLAN_SECONDS:.1%}"
    return [tally.jobs, tally.parameter_sets, tally.executions, tally.qpu_seconds, share]


def _text(cell: Cell) -> str:
    if isinstance(cell, str):
        return cell
    return f"{cell:,.1f}" if isinstance(cell, float) else f"{cell:,}"


def _align(line: list[str], widths: list[int]) -> list[str]:
    first, *rest = (
        cell.rjust(width) if i else cell.ljust(width) for i, (cell, width) in enumerate(zip(line, widths, strict=True))
    )
    return [first, *rest]
