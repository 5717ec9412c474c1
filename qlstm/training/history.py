"""The one record of a run: a row per epoch."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from backends.errors import InputError

Value = int | float
Row = dict[str, Value]

METRICS = ("epoch", "train_mse", "test_mse", "test_r2", "whole_r2", "seconds")
"""Columns of every run; losses are means over windows in scaled units, seconds are of the epoch."""
# Where more than one step is forecast, test_mse_1, test_r2_1, test_mse_2, ... follow: the errors by steps ahead.
SIGNAL = "gradient_snr"
"""Further column of a run on devices with shots: |gradient| / |its standard error|, the mean over the epoch's steps."""
OVERHEAD = "bridge_overhead"
"""Further column of a model with bridges: sampling overhead of the circuit that costs most to cut, after the epoch."""
STDERR = ("train_mse_stderr", "test_mse_stderr")
"""Further columns of a run on devices with shots: standard errors of both losses; see `spread`."""
DEVICES = ("rounds", "jobs", "executions", "qpu_seconds")
"""Further columns of a run on devices: totals since the run began."""


@dataclass
class History:
    """Rows in the order of the epochs, which are counted from 1."""

    rows: list[Row] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.rows)

    def add(self, row: Mapping[str, Value]) -> Row:
        """Append a row; its number is set here."""
        self.rows.append({"epoch": len(self.rows) + 1, **row})
        return self.rows[-1]

    def column(self, name: str) -> list[Value]:
        """One value per epoch."""
        return [row[name] for row in self.rows]

    def final(self) -> dict[str, Value | None]:
        """The last row and ``drop99_epoch``, the first epoch with 99% of the fall of the test loss."""
        from ..metrics import drop99

        if not self.rows:
            return {}
        return {**self.rows[-1], "drop99_epoch": drop99(self.column("test_mse"))}

    def to_csv(self) -> str:
        """The rows as CSV; floats keep every digit."""
        text = io.StringIO()
        writer = csv.DictWriter(text, _columns(self.rows), lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: repr(value) for name, value in row.items()} for row in self.rows)
        return text.getvalue()


def parse_csv(path: Path) -> list[Row]:
    """The rows of a ``metrics.csv``.

    Raises:
        InputError: If the file cannot be read, or is not whole.
    """
    try:
        text = path.read_text()
        if not text.endswith("\n"):
            raise ValueError("its end is missing")
        lines = list(csv.DictReader(io.StringIO(text), strict=True))
        rows = [{name: _number(cell) for name, cell in line.items() if cell} for line in lines]
        if [row.get("epoch") for row in rows] != list(range(1, len(rows) + 1)):
            raise ValueError("its epochs are not 1, 2, ...")
        if missing := [name for name in METRICS if any(name not in row for row in rows)]:
            raise ValueError(f"{missing[0]} is missing")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}; check its permissions") from error
    except (ValueError, TypeError, AttributeError, csv.Error) as error:
        raise InputError(f"{path} is damaged ({error}); restore it from a copy, or remove it") from error
    return rows


def _number(cell: str) -> Value:
    """As `History.to_csv` wrote it."""
    return int(cell) if cell.isdecimal() else float(cell)


def _columns(rows: Iterable[Row]) -> list[str]:
    names = dict.fromkeys(METRICS)
    for row in rows:
        names |= dict.fromkeys(row)
    return list(names)
