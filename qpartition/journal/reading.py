"""Reading a journal, also while a run writes to it."""

from __future__ import annotations

import json
import sqlite3
import threading
from pathlib import Path

from backends.errors import InputError
from backends.qpu import Expectations
from qpartition.export import checked_path

from .connection import Connection, errors
from .entries import Entry, Move
from .results import unpacked
from .schema import COLUMNS, checked_run
from .spent import Spent


class Reading(Connection):
    """What can be read from a journal.

    Attributes:
        run: Identifies the run; part of the key of every job.
    """

    run: str

    def entries(self) -> list[Entry]:
        """Every attempt, in the order they were made."""
        return self._entries()

    def spent(self) -> Spent:
        """What the jobs have cost."""
        return Spent.of(self.entries())

    def notes(self) -> list[tuple[str, str, str]]:
        """Time, device and text of every note."""
        return [(str(t), str(q), str(x)) for t, q, x in self._all("SELECT made, qpu, text FROM notes ORDER BY rowid")]

    def moves(self) -> list[Move]:
        """Every move of work from one device to others, in order."""
        rows = self._all("SELECT round, qpu, placement FROM moves ORDER BY rowid")
        return [Move(int(number), str(qpu), _placement(self.path, text)) for number, qpu, text in rows]

    def stored(self, key: str) -> list[Expectations] | None:
        """Results of a job by its key; None if there are none.

        Raises:
            InputError: If they are damaged.
        """
        row = self._one("SELECT shapes, numbers, sha256 FROM results WHERE key = ?", key)
        return None if row is None else unpacked(self.path, *row)

    def known(self, key: str) -> bool:
        """Whether a job has been submitted or done before, so that it costs nothing more."""
        return self._one("SELECT 1 FROM jobs WHERE key = ? AND outcome IN ('submitted', 'done')", key) is not None

    def _entries(self, tag: str | None = None) -> list[Entry]:
        """All attempts, or the one of a tag, then the surplus jobs."""
        one, values = ("", ()) if tag is None else ("WHERE j.tag = ?", (tag,))
        used = self._all(f"SELECT {COLUMNS} FROM jobs j {one} ORDER BY j.rowid", *values)
        surplus = self._all(
            "SELECT j.key, s.tag, j.attempt, j.round, j.part, j.qpu, j.sets, j.executions, j.estimated, s.state, s.job_id, "
            f"s.billed, 'one too many', j.made FROM surplus s JOIN jobs j ON j.tag = s.tag {one} ORDER BY s.rowid",
            *values,
        )
        names = COLUMNS.split(", ")
        plain, more = ([dict(zip(names, row, strict=True)) for row in rows] for rows in (used, surplus))
        return [Entry(**line) for line in plain] + [Entry(**line, surplus=True) for line in more]


class JournalReader(Reading):
    """A journal that is only looked at."""

    def __init__(self, path: str | Path) -> None:
        self.path = checked_path(path)
        with errors(self.path):  # a name that is too long
            there = self.path.is_file()
        if not there:
            raise InputError(f"there is no journal {self.path}; give the folder of a run on devices")
        self._guard = threading.RLock()
        with errors(self.path):
            self._base = sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False)
            self._base.execute("PRAGMA trusted_schema = OFF")
            self._base.execute("PRAGMA query_only = ON")
        self.run = checked_run(self.path, self._all)


def _placement(path: Path, text: str) -> dict[str, str]:
    try:
        found = json.loads(text)
        return {str(key): str(core) for key, core in found.items()}
    except (ValueError, AttributeError):
        raise InputError(f"{path} is damaged: a move cannot be read; restore it from a copy") from None
