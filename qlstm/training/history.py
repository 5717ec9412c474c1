"""The one record of a run: a row per epoch."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Value = int | float
Row = dict[str, Value]

METRICS = ("epoch", "train_mse", "test_mse", "test_r2", "whole_r2", "seconds")
"""Columns of every run; losses are means over windows in scaled units, seconds are of the epoch."""
SIGNAL = "gradient_snr"
"""Further column of a run on devices with shots: |gradient| / |its standard error|, the mean over the epoch's steps."""
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


def _columns(rows: Iterable[Row]) -> list[str]:
    names = dict.fromkeys(METRICS)
    for row in rows:
        names |= dict.fromkeys(row)
    return list(names)
