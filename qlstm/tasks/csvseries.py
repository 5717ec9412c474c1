"""A series from a user's CSV file: which columns it takes, and their numbers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path

import numpy as np

from backends.errors import InputError
from qlstm.tasks.cells import ISO_DAY, is_date, is_missing, number, problem, shown
from qlstm.tasks.csvtable import Table, read_table
from qlstm.tasks.series import Array, Series

SMALLEST = 3  # points beyond the window that windows, one to train and one to test, need


def csv_series(
    path: str | os.PathLike[str],
    target: str | None = None,
    features: Sequence[str] | None = None,
    new_data: bool = False,
) -> Series:
    """Read a CSV file with a header, one line per point in time order.

    Args:
        path: The file.
        target: The column to forecast; may be left out where the file has one column of numbers.
        features: The columns the model sees; by default all but dates and times, the target among them.
        new_data: The file is for forecasts of a trained model: one row is enough, a column may be constant
            and the target may be absent (the series then has no target column).

    Raises:
        InputError: For a file that cannot be used, naming the column, the line and the remedy.
    """
    if not isinstance(path, str | os.PathLike):
        raise InputError(f"{path!r} is no path of a CSV file; give one")
    table = read_table(Path(path))
    usable = _usable(table)
    target = _target(table, target, usable, optional=new_data and features is not None)
    chosen = tuple(features) if features is not None else tuple(usable)
    if not chosen or len(set(chosen)) < len(chosen):
        raise InputError(f"--features {','.join(map(str, chosen))}: name one or more columns, each once")
    targets = () if target is None else (target,)
    columns = {name: _numbers(table, name) for name in dict.fromkeys(chosen + targets)}
    _check_order(table)
    if not new_data:
        _check_enough(table, columns)
    values = np.column_stack([columns[name] for name in chosen])
    truth = np.column_stack([columns[name] for name in targets]) if targets else np.empty((len(values), 0))
    skipped = [shown(name) for name in table.header if name not in usable and name not in columns]
    note = f"; dates not used: {', '.join(skipped)}" if skipped and features is None else ""
    return Series(table.path.stem, values, truth, chosen, targets, f"{table.path}, {len(values)} points{note}")


def _usable(table: Table) -> list[str]:
    """Names of the columns that are not dates or times, in file order."""
    return [name for index, name in enumerate(table.header) if not _is_date_column(table.column(index))]


def _is_date_column(cells: list[str]) -> bool:
    filled = [cell for cell in cells if not is_missing(cell)]
    return bool(filled) and all(map(is_date, filled))


def _target(table: Table, target: str | None, usable: list[str], optional: bool) -> str | None:
    if optional:
        return target if target in table.header else None
    if target is not None:
        return target
    if len(usable) == 1:
        return usable[0]
    if not usable:
        raise InputError(f"{table.path} has dates and times only: it needs a column of numbers")
    raise InputError(f"{table.path} has {len(usable)} columns: name the one to forecast with --target ({_few(usable)})")


def _numbers(table: Table, name: str) -> Array:
    """A column as float64, (points,)."""
    index = _index(table, name)
    cells = table.column(index)
    values = np.array([number(cell) for cell in cells])
    bad = np.flatnonzero(np.isnan(values))
    if len(bad):
        first = int(bad[0])
        raise InputError(f"{table.path}, line {table.lines[first]}, column {shown(name)}: {problem(cells[first])}")
    return values


def _index(table: Table, name: str) -> int:
    if not name and name in table.header:
        place = table.header.index(name) + 1
        raise InputError(
            f"{table.path}: column {place} has no name, name it in line 1 or choose others with --features"
        )
    if name not in table.header:
        near = get_close_matches(str(name), table.header, n=1, cutoff=0.5)
        hint = f"did you mean {shown(near[0])}? " if near else ""
        raise InputError(f"{table.path} has no column {shown(str(name))}: {hint}it has {_few(table.header)}")
    return table.header.index(name)


def _check_order(table: Table) -> None:
    """Refuse rows from the newest to the oldest, where a column of ISO dates shows it."""
    for index, name in enumerate(table.header):
        cells = table.column(index)
        if len(cells) < 2 or not all(map(ISO_DAY.match, cells)) or len({len(cell) for cell in cells}) > 1:
            continue
        if all(later < earlier for earlier, later in pairwise(cells)):
            raise InputError(
                f"{table.path}, column {shown(name)} runs backwards in time ({cells[0]} to {cells[-1]}):"
                " sort the rows from the oldest to the newest"
            )


def _check_enough(table: Table, columns: dict[str, Array]) -> None:
    rows = len(table.rows)
    if rows <= SMALLEST:
        raise InputError(
            f"{table.path} has {rows} row(s) of data: a window of w points needs at least w + {SMALLEST},"
            f" {4 + SMALLEST} for the usual window of 4"
        )
    for name, values in columns.items():
        if values.min() == values.max():
            raise InputError(
                f"{table.path}, column {shown(name)} is constant ({values[0]:g} in all {rows} rows):"
                " there is nothing to learn from it, name the other columns with --target and --features"
            )


def _few(names: Sequence[str], limit: int = 12) -> str:
    more = f", ... ({len(names)} in all)" if len(names) > limit else ""
    return ", ".join(shown(name) for name in names[:limit]) + more
