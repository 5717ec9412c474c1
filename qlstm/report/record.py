"""What a run's folder holds, read once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..training.history import Row
from ..training.settings import RunSettings

if TYPE_CHECKING:
    from qpartition import Counts, Plan, Topology
    from qpartition.journal import Entry, Move

    from ..tasks import Dataset
    from ..training.forecasts import Forecast
    from ..training.trained import Trained


@dataclass(frozen=True)
class Jobs:
    """What the journal holds.

    Attributes:
        entries: Every attempt at a job.
        moves: Work that went from one device to others.
    """

    entries: Sequence[Entry]
    moves: Sequence[Move]


@dataclass(frozen=True)
class Saved:
    """The last checkpoint.

    Attributes:
        trained: The model with its weights.
        epoch: Finished epochs.
        batch: Optimiser steps after them.
        counts: What had been asked of the devices; None for exact simulation.
    """

    trained: Trained
    epoch: int
    batch: int
    counts: Counts | None


@dataclass(frozen=True, eq=False)
class Record:
    """A run as its folder tells it; what is None is not there, and the page says so.

    Attributes:
        name: Of the folder, without the way to it.
        settings: What was asked for.
        described: ``model``, ``data`` and ``versions`` of ``config.json``.
        rows: One per finished epoch.
        saved: The last checkpoint.
        data: The windows, made again from the task.
        data_note: Why there are none, or none that can be trusted.
        forecast: Of all windows, as the run left it.
        exact: Forecasts of the saved weights in exact simulation.
        exact_note: Why there are none.
        plan: What was to run where.
        jobs: The journal.
        topology: The devices as they were.
        topology_note: Why there are none.
    """

    name: str
    settings: RunSettings
    described: Mapping[str, Mapping[str, Any]]
    rows: tuple[Row, ...]
    saved: Saved | None = None
    data: Dataset | None = None
    data_note: str = ""
    forecast: Forecast | None = None
    exact: Forecast | None = None
    exact_note: str = ""
    plan: Plan | None = None
    jobs: Jobs | None = None
    topology: Topology | None = None
    topology_note: str = ""

    @property
    def on_devices(self) -> bool:
        """Whether the circuits ran on devices, simulated ones included."""
        return bool(self.settings.qpu)

    @property
    def task(self) -> str:
        """Name of the task, or of the CSV file without the way to it."""
        return Path(self.settings.task).name

    @property
    def epochs(self) -> int:
        """Finished epochs."""
        return len(self.rows) if self.saved is None else self.saved.epoch

    @property
    def finished(self) -> bool:
        """True when no epoch is left to train."""
        return self.epochs >= self.settings.epochs

    @property
    def last(self) -> Row | None:
        """Numbers of the last finished epoch."""
        return self.rows[-1] if self.rows else None

    @property
    def settled(self) -> bool:
        """True where the saved weights are those that the last row was measured with."""
        return self.saved is not None and self.saved.batch == 0 and self.saved.epoch == len(self.rows)

    @property
    def measured(self) -> Forecast | None:
        """The forecasts that the last row was made of; None where the file is of an earlier epoch, or not there."""
        from ..metrics import mse

        forecast, data, last = self.forecast, self.data, self.last
        if forecast is None or data is None or last is None or len(forecast.points) != len(data) * data.horizon:
            return None
        scaled = data.scaler.transform_target(forecast.values).reshape(data.y.shape)
        again = mse(data.y_test, scaled[data.train :])
        return forecast if abs(again - last["test_mse"]) <= 1e-6 * abs(again) + 1e-15 else None
