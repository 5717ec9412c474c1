"""The folder of one run: what is in it, and that nothing in it is ever overwritten by another run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from backends.errors import InputError

from .files import is_partial, remove_partial
from .lock import NAME as LOCK


@dataclass(frozen=True)
class RunFolder:
    """Where a run keeps its files."""

    path: Path

    @property
    def config(self) -> Path:
        """Settings and versions, JSON."""
        return self.path / "config.json"

    @property
    def plan(self) -> Path:
        """The plan of a run on devices, JSON."""
        return self.path / "plan.json"

    @property
    def devices(self) -> Path:
        """Calibration of the real devices when the run began, JSON; see `snapshots`."""
        return self.path / "devices.json"

    @property
    def journal(self) -> Path:
        """The jobs of a run on devices; see `qpartition.Journal`."""
        return self.path / "journal.sqlite"

    @property
    def checkpoint(self) -> Path:
        """The run's state; see `checkpoint`."""
        return self.path / "checkpoint.pt"

    @property
    def metrics(self) -> Path:
        """One row per epoch, CSV."""
        return self.path / "metrics.csv"

    @property
    def forecasts(self) -> Path:
        """Forecast of every window at the end of the training, CSV; see `trained.Forecast`."""
        return self.path / "forecast.csv"

    @property
    def loss_figure(self) -> Path:
        """Loss curves."""
        return self.path / "loss.png"

    @property
    def forecast_figure(self) -> Path:
        """Forecast against truth."""
        return self.path / "forecast.png"

    @property
    def is_empty(self) -> bool:
        """True where a new run may begin: no folder yet, or nothing in it but a lock and remains of a write."""
        try:
            return not self.path.exists() or all(
                is_partial(entry) or entry.name == LOCK for entry in self.path.iterdir()
            )
        except OSError as error:
            raise InputError(f"cannot use {self.path}: {error.strerror}; choose another folder") from error

    def require_empty(self, *, resumable: bool = True) -> None:
        """Raise where a new run would meet the files of something else.

        Args:
            resumable: Whether the command can go on with a run it finds.

        Raises:
            InputError: If the folder is not empty, or is a file.
        """
        if not self.is_empty:
            remedy = "add --resume to go on with that run, or " if resumable and self.checkpoint.exists() else ""
            raise InputError(f"{self.path} is not empty; {remedy}choose another folder")

    def create(self, *, resumable: bool = True) -> None:
        """Make the folder, or take over an empty one.

        Args:
            resumable: See `require_empty`.

        Raises:
            InputError: If it is not empty or cannot be made.
        """
        self.require_empty(resumable=resumable)
        self.make()
        remove_partial(self.path)

    def make(self) -> None:
        """Make the folder, for its owner alone, where there is none.

        Raises:
            InputError: If it cannot be made.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise InputError(f"cannot create {self.path}: {error.strerror}; choose a writable folder") from error


def fresh_folder(task: str, root: Path = Path("runs")) -> RunFolder:
    """Make the first unused folder ``<root>/<task>-0001``, ``-0002``, ...

    Raises:
        InputError: If it cannot be made.
    """
    stem = re.sub(r"[^\w.-]+", "_", Path(task).stem) or "run"
    for number in count(1):
        path = root / f"{stem}-{number:04d}"
        try:
            root.mkdir(parents=True, exist_ok=True)
            path.mkdir(mode=0o700)
        except FileExistsError:
            if root.is_dir():
                continue
            raise InputError(f"cannot create {path}: {root} is not a folder; choose another with --out") from None
        except OSError as error:
            raise InputError(f"cannot create {path}: {error.strerror}; choose a writable folder with --out") from error
        return RunFolder(path)
    raise AssertionError("unreachable")
