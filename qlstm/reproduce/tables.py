"""Tables of results: numbers in CSV files, the same numbers rounded for people."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass

Cell = str | int | float | None


@dataclass(frozen=True)
class Table:
    """Rows under a header; None is a number that there is not.

    Attributes:
        name: Stem of its file; tables of one name go into one file, one below the other.
        title: Heading.
        columns: Names of the columns, the same for all tables of one name.
        rows: One cell per column.
        listed: It is shown to people; else it is only written.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    listed: bool = True


def to_csv(tables: list[Table]) -> str:
    """Tables of one name as one CSV whose first column is the title; floats keep every digit, None is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("group", *tables[0].columns))
    for table in tables:
        writer.writerows([table.title, *map(_exact, row)] for row in table.rows)
    return text.getvalue()


def shown(cell: Cell) -> str:
    """For people: an R2 with four decimals, five next to 1 or 0; other numbers with four digits."""
    if cell is None:
        return "-"
    if isinstance(cell, int):
        return f"{cell:,}"
    if isinstance(cell, str):
        return cell
    if abs(cell) >= 1 or cell == 0 or not math.isfinite(cell):
        return f"{cell:,.1f}" if 1e4 > abs(cell) >= 1000 else f"{cell:,.4g}" if abs(cell) < 1000 else f"{cell:,.0f}"
    return f"{cell:.4f}" if 0.001 <= abs(cell) < 0.999 else f"{cell:.5f}"


def _exact(cell: Cell) -> str:
    return "" if cell is None else repr(cell) if isinstance(cell, float) else str(cell)
