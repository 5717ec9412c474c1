"""A bar of finished trainings on stderr; silent where that is not a terminal."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from .trials import Trial

if TYPE_CHECKING:
    from rich.console import Console


class TrialBar:
    """Context with a bar that `advance` moves.

    Args:
        title: What is run.
        total: Trainings to come.
        shown: Draw it at all.
        console: Where to draw; stderr by default.
    """

    def __init__(self, title: str, total: int, *, shown: bool = True, console: Console | None = None) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        where = console or Console(stderr=True)
        columns = (
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[note]}"),
            TimeRemainingColumn(),
        )  # fmt: skip
        self._progress = Progress(*columns, console=where, disable=not (shown and total and where.is_terminal))
        self._task = self._progress.add_task(title, total=total, note="")

    def advance(self, trial: Trial) -> None:
        """One training is done."""
        note = f"{trial.setup.data.task}, seed {trial.seed}: test R2 {trial.test_r2:.4f}"
        self._progress.update(self._task, advance=1, note=note)

    def __enter__(self) -> TrialBar:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()
