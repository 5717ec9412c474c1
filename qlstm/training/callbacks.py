"""What may look on while a model is trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .history import Row

if TYPE_CHECKING:
    from .trainer import Trainer


class Callback:
    """Hooks that do nothing; override those you need. They must not change the model."""

    def on_start(self, trainer: Trainer) -> None:
        """Before the first step of this process."""

    def on_step(self, trainer: Trainer, loss: float) -> None:
        """After every optimiser step; ``loss`` is the batch's, before the step."""

    def on_epoch(self, trainer: Trainer, row: Row) -> None:
        """After every epoch, when its row is in the history."""

    def on_end(self, trainer: Trainer) -> None:
        """After the last step of this process, also when it was stopped or failed."""
