"""One run: settings, folder, model, devices and trainer, ready to train."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..metrics import by_step
from ..tasks import linear_fit
from .files import write_atomic
from .folder import RunFolder
from .forecasts import Forecast
from .keeping import Checkpoints
from .lock import FolderLock
from .settings import RunSettings
from .spread import stderr
from .trainer import Trainer

if TYPE_CHECKING:
    from qpartition import Dispatcher, Journal, JournalReader, Plan

    from ..forecaster import Forecaster
    from ..tasks import Dataset


@dataclass
class Run:
    """A run that is ready to train.

    Attributes:
        settings: What was asked for.
        folder: Where it is kept.
        data: Its windows.
        model: Its model.
        trainer: Its trainer, already at the step where the training goes on.
        plan: Where circuits run and what that costs; None for exact simulation.
        dispatcher: Runs the circuits; None for exact simulation.
        lock: Keeps other runs out of the folder until `close`, or until this object is gone.
        journal: The jobs of the run; None for exact simulation.
        begins: True where there was nothing to resume.
    """

    settings: RunSettings
    folder: RunFolder
    data: Dataset
    model: Forecaster
    trainer: Trainer
    plan: Plan | None = None
    dispatcher: Dispatcher | None = None
    lock: FolderLock | None = None
    journal: Journal | JournalReader | None = None
    begins: bool = True

    @property
    def saved_steps(self) -> int | None:
        """Optimiser steps in the checkpoint on disk; None where there is none."""
        keepers = [callback for callback in self.trainer.callbacks if isinstance(callback, Checkpoints)]
        return keepers[0].saved_steps if keepers else None

    def close(self) -> None:
        """Give back what the devices hold open, and let other runs use the folder."""
        with ExitStack() as stack:  # in reverse: devices first, since they may cost by the second
            if self.lock is not None:
                stack.callback(self.lock.release)
            if self.journal is not None:
                stack.callback(self.journal.close)
            if self.dispatcher is not None:
                stack.callback(self.dispatcher.close)

    def fit(self, stop: Callable[[], bool] = lambda: False) -> None:
        """Train to the end, or until ``stop()``; see `Trainer.fit`."""
        self.trainer.fit(stop)

    def draw(self) -> None:
        """Write figures and forecasts; these need the predictions of the last epoch or an exact simulation."""
        from .. import figures

        figures.loss_curves(self.trainer.history.rows, self.folder.loss_figure)
        if self.trainer.forecasts is None and self.dispatcher is not None:
            return
        data, spread = self.data, self.trainer.spread
        scaled = self.trainer.predict(data.x) if self.trainer.forecasts is None else self.trainer.forecasts
        known = Forecast.of(data, scaled, None if spread is None else stderr(spread))
        write_atomic(self.folder.forecasts, known.to_csv())
        known.draw(self.folder.forecast_figure, data.boundary)

    def summary(self) -> dict[str, Any]:
        """The run and its results as plain values."""
        dispatcher, data = self.dispatcher, self.data
        linear = linear_fit(data)
        apart = by_step(data.y, linear.predict(data.x), data.train, data.horizon)
        return {
            "folder": str(self.folder.path),
            "settings": self.settings.to_dict(),
            "parameters": sum(parameter.numel() for parameter in self.model.parameters()),
            "quantum_parameters": self.model.n_quantum_parameters,
            "epochs": self.trainer.epoch,
            "metrics": self.trainer.history.final(),
            "linear_fit": linear.scores.to_dict() | apart,
            "devices": None if dispatcher is None else dispatcher.report().as_dict(),
        }
