"""A progress bar on stderr: epochs, loss, rate, and the running total of QPU seconds."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from .callbacks import Callback
from .devices import charged_seconds, executor_of, totals
from .history import Row
from .trainer import Trainer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress


class ProgressBar(Callback):
    """Shows how a training goes on; silent where stderr is not a terminal.

    Args:
        console: Where to draw; stderr by default.
    """

    def __init__(self, console: Console | None = None) -> None:
        from rich.console import Console

        self.console = console or Console(stderr=True)
        self._progress: Progress | None = None
        self._loss, self._score, self._drawn = "", "", 0.0

    def on_start(self, trainer: Trainer) -> None:
        """Draw the bar."""
        if self.console.is_terminal:
            self._progress = _progress(self.console)
            self._task = self._progress.add_task(
                "train", total=trainer.recipe.epochs * trainer.batches, completed=trainer.steps, note=""
            )
            self._progress.start()

    def on_step(self, trainer: Trainer, loss: float) -> None:
        """Advance by a step, ten times a second at most."""
        self._loss = f"loss {loss:.2e}"
        now = time.monotonic()
        if now - self._drawn > 0.1:
            self._drawn = now
            self._update(trainer)

    def on_epoch(self, trainer: Trainer, row: Row) -> None:
        """Show the score of the epoch."""
        self._score = f", test R2 {row['test_r2']:.4f}"
        self._update(trainer)

    def on_end(self, trainer: Trainer) -> None:
        """Leave the last state of the bar on the screen."""
        if self._progress is not None:
            self._progress.stop()

    def _update(self, trainer: Trainer) -> None:
        if self._progress is not None:
            epoch = min(trainer.epoch + 1, trainer.recipe.epochs)
            cost = totals(executor_of(trainer.model))
            charged = charged_seconds(executor_of(trainer.model))
            price = f", QPU {cost['qpu_seconds']:.1f} s" if cost else ""
            price += f" (charged {charged:.1f} s)" if charged else ""
            signal = f", SNR {trainer.signals[-1]:.1f}" if trainer.signals else ""
            description = f"epoch {epoch}/{trainer.recipe.epochs}"
            self._progress.update(
                self._task,
                completed=trainer.steps,
                description=description,
                note=self._loss + signal + self._score + price,
            )


def _progress(console: Console) -> Progress:
    from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        """Optimiser steps per second."""

        def render(self, task: Task) -> Text:
            speed = task.finished_speed or task.speed
            return Text(f"{speed:.3g} steps/s" if speed else "", style="cyan")

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[note]}"),
        Rate(),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=console)
