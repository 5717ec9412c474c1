"""What a comparison found: one line per mapping."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from backends.qpu import FloatArray
from qpartition.export import checked_path
from qpartition.plan_file import write
from qpartition.planning import Plan
from qpartition.tables import Cell, table

from .given import check_scores

HEADER = (
    "mapping", "makespan s", "QPU s", "jobs", "executions", "core error", "worst", "estimated", "measured", "+-",
)  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One mapping.

    Attributes:
        mapping: Its name.
        note: What it has to say of itself.
        makespan: Seconds of a training step on the devices, without queues.
        qpu_seconds: Billed for a training step.
        jobs: Of a training step.
        executions: Of a training step.
        core_error: 1 - expected fidelity, mean over the sub-VQCs.
        worst_error: The same of the worst sub-VQC.
        estimated: Root mean square error of <Z> to expect: (1 - fidelity) <Z>, and shot noise. NaN with mitigation,
            whose effect on both is not known beforehand, and of circuits that are cut; "-" in the table, null as JSON.
        measured: Root mean square difference of <Z> on the devices and exact.
        measured_stderr: Its standard error, from the spread over the parameter sets.
        r2: R2 of forecasts on the devices, mean, where some were made.
        r2_stderr: Its standard error, from the spread over the forecasts.
    """

    mapping: str
    note: str
    makespan: float
    qpu_seconds: float
    jobs: int
    executions: int
    core_error: float
    worst_error: float
    estimated: float
    measured: float
    measured_stderr: float
    r2: float | None = None
    r2_stderr: float = 0.0


@dataclass(frozen=True)
class Comparison:
    """What `compare` found.

    Attributes:
        entries: Best measured error first.
        plans: By mapping.
        qpu_seconds: Spent on measuring.
    """

    entries: tuple[Entry, ...]
    plans: Mapping[str, Plan]
    qpu_seconds: float = 0.0

    def __str__(self) -> str:
        """A table, one mapping per line."""
        scored = any(entry.r2 is not None for entry in self.entries)
        header = (*HEADER, "R2", "+-") if scored else HEADER
        notes = [f"{entry.mapping}: {entry.note}" for entry in self.entries if entry.note]
        return "\n".join([table(header, [_row(entry, scored) for entry in self.entries]), *notes])

    def with_r2(self, scores: Mapping[str, Sequence[float]]) -> Comparison:
        """The same with the R2 of one or more forecasts by mapping.

        Raises:
            InputError: For a mapping that was not compared, or without a number for one.
        """
        check_scores(scores, [entry.mapping for entry in self.entries])
        entries = tuple(
            replace(entry, r2=float(np.mean(scores[entry.mapping])), r2_stderr=standard_error(scores[entry.mapping]))
            if entry.mapping in scores
            else entry
            for entry in self.entries
        )
        return replace(self, entries=entries)

    def to_json(self) -> str:
        """The entries; numbers that are not finite are null."""
        return json.dumps({"mappings": [_plain(entry) for entry in self.entries]}, indent=1)

    def save(self, path: str | Path) -> None:
        """Write `to_json` to a file, all or nothing.

        Raises:
            InputError: If the path is none, or the file cannot be written.
        """
        write(checked_path(path), self.to_json())


def _plain(entry: Entry) -> dict[str, Any]:
    values = asdict(entry)
    return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in values.items()}


def _row(entry: Entry, scored: bool) -> list[Cell]:
    cells: list[Cell] = [entry.mapping, entry.makespan, entry.qpu_seconds, entry.jobs, entry.executions]
    errors = (entry.core_error, entry.worst_error, entry.estimated, entry.measured, entry.measured_stderr)
    shown: list[Cell] = ["-" if math.isnan(error) else f"{error:.4f}" for error in errors]
    scores: list[Cell] = ["-", "-"] if entry.r2 is None else [f"{entry.r2:.4f}", f"{entry.r2_stderr:.4f}"]
    return cells + shown + (scores if scored else [])


def standard_error(samples: Sequence[float] | FloatArray) -> float:
    """Standard error of the mean; 0.0 of a single one."""
    return float(np.std(samples, ddof=1) / np.sqrt(len(samples))) if len(samples) > 1 else 0.0
