"""A journal that is written to: by one process at a time, all of a change or nothing."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from backends.errors import InputError
from backends.locking import FileLock
from qpartition.export import checked_path

from .connection import errors
from .reading import Reading
from .schema import checked_run, make_tables, missing_indexes
from .spent import RunningSpent, Spent


class Writing(Reading):
    """A journal that no other process writes to."""

    _lock: FileLock | None
    _running: RunningSpent

    def __init__(self, path: str | Path) -> None:
        """Open for writing; the file is made if it is not there, readable by its owner alone.

        Raises:
            InputError: If it is written to already, is not a journal or damaged, or cannot be written.
        """
        self.path = checked_path(path)
        self._guard, self._base = threading.RLock(), None
        with errors(self.path):  # a name that is too long
            fits = self.path.parent.is_dir() and not self.path.is_dir()
        if not fits:
            raise InputError(f"cannot open the journal {self.path}: it must be a file in an existing folder")
        self._lock = FileLock(
            self.path.with_name(f".{self.path.name}.lock"),
            f"the journal {self.path} is written by another process; wait for it, or stop it",
            self.path,
            f"the journal {self.path} is open for writing already, in this process; close it, or use the one that is open",
        )
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    @classmethod
    def in_memory(cls) -> Self:
        """A journal that is gone with its process."""
        made = cls.__new__(cls)
        made.path, made._guard, made._lock, made._base = Path(":memory:"), threading.RLock(), None, None
        made._open()
        return made

    def spent(self) -> Spent:
        """What the jobs have cost; known without looking, for nobody else writes, and also after the journal is closed."""
        with self._guard:
            return self._running.spent

    def close(self) -> None:
        """Let others write. Closing twice is fine."""
        with self._guard, suppress(sqlite3.Error):
            if self._base is not None:  # one file is left, and reading it later leaves no others beside it
                self._base.execute("PRAGMA busy_timeout = 0")  # nor is anybody waited for who reads now
                self._base.execute("PRAGMA journal_mode = DELETE")
        super().close()
        if self._lock is not None:
            self._lock.release()

    def _open(self) -> None:
        """Connect; make the tables where there are none."""
        with errors(self.path):
            if self._lock is not None and not self.path.exists():
                os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
            self._base = sqlite3.connect(self.path, check_same_thread=False, isolation_level=None, timeout=5.0)
            self._base.execute("PRAGMA trusted_schema = OFF")
            if not self._base.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                make_tables(self._base)
        self.run = checked_run(self.path, self._all)
        self._all("PRAGMA journal_mode = WAL")  # only now: another program's file is left as it is
        for statement in missing_indexes(self._all):
            self._write(statement)
        try:
            self._running = RunningSpent(self._entries())
        except OverflowError:
            raise InputError(
                f"{self.path} is damaged: a job has cost infinitely much; restore it from a copy"
            ) from None

    @contextmanager
    def _transaction(self, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """All or nothing, on the disk when it ends; without ``durable`` a power failure may undo it."""
        with self._guard, errors(self.path):
            base = self._live()
            base.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            base.execute("BEGIN IMMEDIATE")
            try:
                yield base
                base.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    base.execute("ROLLBACK")
                raise

    @contextmanager
    def _changing(self, tag: str, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """A `_transaction` on the attempt of a tag and its surplus jobs; what they cost is counted anew."""
        with self._guard:
            with self._transaction(durable) as base:
                before = self._entries(tag)
                yield base
                after = self._entries(tag)
            self._running.change(before, after)

    def _write(self, statement: str, *values: object) -> None:
        with self._transaction() as base:
            base.execute(statement, values)
