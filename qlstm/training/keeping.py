"""The callback that keeps a run on disk while it goes on."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from . import checkpoint
from .callbacks import Callback
from .devices import executor_of, totals
from .files import write_atomic
from .folder import RunFolder
from .history import Row, Value
from .trainer import Trainer


class Checkpoints(Callback):
    """Writes ``checkpoint.pt`` and ``metrics.csv`` after every epoch, and when the training ends or stops.

    Args:
        folder: The run's folder.
        record: What the checkpoint holds beside the trainer's state: ``settings``, ``model``, ``data``.
        saved_steps: Steps in the checkpoint that is resumed.
        every: Also save after a step when the last save is this many seconds old; steps on devices are slow and dear.
    """

    def __init__(
        self, folder: RunFolder, record: Mapping[str, Any], saved_steps: int | None = None, every: float = 20.0
    ) -> None:
        self.folder, self.record, self.saved_steps, self.every = folder, dict(record), saved_steps, every
        self._saved_at = time.monotonic()
        self._spent: dict[str, Value] | None = None

    def on_start(self, trainer: Trainer) -> None:
        """Bring ``metrics.csv`` in line with the history that is resumed."""
        self._spent = _spent(trainer)
        write_atomic(self.folder.metrics, trainer.history.to_csv())

    def on_step(self, trainer: Trainer, loss: float) -> None:
        """Save where the last save is old."""
        if time.monotonic() - self._saved_at > self.every:
            self.save(trainer)

    def on_epoch(self, trainer: Trainer, row: Row) -> None:
        """Save."""
        self.save(trainer)
        write_atomic(self.folder.metrics, trainer.history.to_csv())

    def on_end(self, trainer: Trainer) -> None:
        """Save what has not been saved, rounds of an unfinished step included, unless a second Ctrl-C broke it in two."""
        if trainer.settled and (trainer.steps != self.saved_steps or self._spent != _spent(trainer)):
            self.save(trainer)

    def save(self, trainer: Trainer) -> None:
        """Write the checkpoint."""
        checkpoint.save(self.folder.checkpoint, {**self.record, "trainer": trainer.state_dict()})
        self._saved_at, self.saved_steps, self._spent = time.monotonic(), trainer.steps, _spent(trainer)


def _spent(trainer: Trainer) -> dict[str, Value]:
    return totals(executor_of(trainer.model))
