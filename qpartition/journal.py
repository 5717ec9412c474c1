"""The journal: every job of a run in one SQLite file, so that whatever happens nothing is lost and nothing paid twice.

A job is written down before it is submitted, with the tag by which the service will find it; its results are written
down before anybody uses them. Nothing in the file is executed when it is read.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sqlite3
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from backends.errors import InputError
from backends.locking import FileLock
from backends.qpu import Expectations
from backends.remote.ledger import Attempt, Outcome
from backends.remote.qpu import Submission

from .export import checked_path
from .journal_entries import Entry, Move, Spent

log = logging.getLogger("qpartition.jobs")

FORMAT = "1"
_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE jobs (
    tag TEXT PRIMARY KEY, key TEXT NOT NULL, attempt INTEGER NOT NULL, round INTEGER NOT NULL, part INTEGER NOT NULL,
    qpu TEXT NOT NULL, sets INTEGER NOT NULL, executions INTEGER NOT NULL, estimated REAL NOT NULL,
    outcome TEXT NOT NULL, job_id TEXT, billed REAL, reason TEXT NOT NULL DEFAULT '', made TEXT NOT NULL
) STRICT;
CREATE INDEX jobs_by_key ON jobs (key, attempt);
CREATE TABLE results (key TEXT PRIMARY KEY, shapes TEXT NOT NULL, numbers BLOB NOT NULL, sha256 TEXT NOT NULL) STRICT;
CREATE TABLE surplus (job_id TEXT PRIMARY KEY, tag TEXT NOT NULL, state TEXT NOT NULL, billed REAL) STRICT;
CREATE TABLE notes (made TEXT NOT NULL, qpu TEXT NOT NULL, text TEXT NOT NULL) STRICT;
CREATE TABLE moves (round INTEGER NOT NULL, qpu TEXT NOT NULL, placement TEXT NOT NULL) STRICT;
"""
_COLUMNS = "key, tag, attempt, round, part, qpu, sets, executions, estimated, outcome, job_id, billed, reason, made"


class _Reading:
    """What can be read from a journal.

    Attributes:
        path: The file.
        run: Identifies the run; part of the key of every job.
    """

    path: Path
    run: str
    _guard: threading.RLock
    _base: sqlite3.Connection | None

    def entries(self) -> list[Entry]:
        """Every attempt, in the order they were made."""
        return _entries(self._all)

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
        return None if row is None else _unpacked(self.path, *row)

    def known(self, key: str) -> bool:
        """Whether a job has been submitted or done before, so that it costs nothing more."""
        return self._one("SELECT 1 FROM jobs WHERE key = ? AND outcome IN ('submitted', 'done')", key) is not None

    def close(self) -> None:
        """Close the file. Closing twice is fine."""
        with self._guard:
            base, self._base = self._base, None
            if base is not None:
                base.close()

    def __enter__(self) -> Self:
        """The journal itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def _all(self, statement: str, *values: object) -> list[Any]:
        with self._guard, _errors(self.path):
            return self._live().execute(statement, values).fetchall()

    def _one(self, statement: str, *values: object) -> Any:
        rows = self._all(statement, *values)
        return rows[0] if rows else None

    def _live(self) -> sqlite3.Connection:
        if self._base is None:
            raise InputError(f"the journal {self.path} is closed; open it again")
        return self._base


class Journal(_Reading):
    """The jobs of one run on disk; use it in a ``with`` block, or `close` it."""

    def __init__(self, path: str | Path) -> None:
        """Open for writing; the file is made if it is not there, readable by its owner alone.

        Raises:
            InputError: If another process writes to it, it is not a journal or damaged, or cannot be written.
        """
        self.path = checked_path(path)
        self._guard, self._base = threading.RLock(), None
        if self.path.is_dir() or not self.path.parent.is_dir():
            raise InputError(f"cannot open the journal {self.path}: it must be a file in an existing folder")
        self._lock: FileLock | None = FileLock(
            self.path.with_name(f".{self.path.name}.lock"),
            f"the journal {self.path} is written by another process; wait for it, or stop it",
            self.path,
        )
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    @classmethod
    def in_memory(cls) -> Journal:
        """A journal that is gone with its process."""
        made = cls.__new__(cls)
        made.path, made._guard, made._lock, made._base = Path(":memory:"), threading.RLock(), None, None
        made._open()
        return made

    @classmethod
    def read(cls, path: str | Path) -> JournalReader:
        """Open for reading, also while a run writes to it.

        Raises:
            InputError: If there is no such file, or it is not a journal.
        """
        return JournalReader(path)

    def close(self) -> None:
        """Let others write. Closing twice is fine."""
        with self._guard, suppress(sqlite3.Error):
            if self._base is not None:  # one file is left, and reading it later leaves no others beside it
                self._base.execute("PRAGMA busy_timeout = 0")  # nor is anybody waited for who reads now
                self._base.execute("PRAGMA journal_mode = DELETE")
        super().close()
        if self._lock is not None:
            self._lock.release()

    def result(self, submission: Submission) -> list[Expectations] | None:
        """Results of a job that was done before; see `Ledger`.

        Raises:
            InputError: If they are damaged.
        """
        return self.stored(submission.key)

    def attempts(self, submission: Submission) -> list[Attempt]:
        """See `Ledger`."""
        rows = self._all(
            "SELECT attempt, tag, outcome, job_id FROM jobs WHERE key = ? ORDER BY attempt", submission.key
        )
        try:
            return [Attempt(number, tag, Outcome(outcome), job_id) for number, tag, outcome, job_id in rows]
        except ValueError as error:
            raise InputError(f"{self.path} is damaged ({error}); restore it from a copy") from None

    def warn_of_a_change(self, submission: Submission, qpu: str) -> None:
        """Say it where this place in the run has been paid for with other circuits, angles or shots."""
        where = (submission.round, submission.part, qpu, submission.key)
        before = self._one(
            "SELECT tag FROM jobs WHERE round = ? AND part = ? AND qpu = ? AND key <> ? AND outcome IN ('done', 'submitted')",
            *where,
        )
        if before is not None and not self.known(submission.key):
            text = f"round {submission.round} has been run before with other angles or settings ({before[0]}); it is paid anew"
            log.warning("%s: %s", qpu, text)
            self.note(qpu, text)

    def intend(self, submission: Submission, qpu: str, number: int) -> Attempt:
        """See `Ledger`."""
        attempt = Attempt(number, submission.tag(number), Outcome.INTENDED)
        self._insert(submission, qpu, attempt)
        return attempt

    def accepted(self, attempt: Attempt, job_id: str) -> Attempt:
        """See `Ledger`."""
        outcome = Outcome.SUBMITTED
        self._write("UPDATE jobs SET outcome = ?, job_id = ? WHERE tag = ?", outcome.value, job_id, attempt.tag)
        return Attempt(attempt.number, attempt.tag, outcome, job_id)

    def store(self, submission: Submission, attempt: Attempt, results: list[Expectations]) -> None:
        """See `Ledger`; results and outcome are written together."""
        with self._transaction() as base:
            base.execute("INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?)", (submission.key, *_packed(results)))
            base.execute("UPDATE jobs SET outcome = ? WHERE tag = ?", (Outcome.DONE.value, attempt.tag))

    def ended(self, attempt: Attempt, outcome: Outcome, reason: str) -> None:
        """See `Ledger`."""
        self._write("UPDATE jobs SET outcome = ?, reason = ? WHERE tag = ?", outcome.value, reason, attempt.tag)

    def billed(self, job_id: str, seconds: float) -> None:
        """See `Ledger`."""
        with self._transaction() as base:
            base.execute("UPDATE jobs SET billed = ? WHERE job_id = ?", (seconds, job_id))
            base.execute("UPDATE surplus SET billed = ? WHERE job_id = ?", (seconds, job_id))

    def surplus(self, attempt: Attempt, job_id: str, state: str) -> None:
        """See `Ledger`."""
        self._write("INSERT OR REPLACE INTO surplus VALUES (?, ?, ?, NULL)", job_id, attempt.tag, state)

    def note(self, qpu: str, text: str) -> None:
        """See `Ledger`."""
        self._write("INSERT INTO notes VALUES (?, ?, ?)", _now(), qpu, text)

    def moved(self, move: Move) -> None:
        """From a round on, the work of a device is done elsewhere."""
        placement = json.dumps(dict(move.placement))
        self._write("INSERT INTO moves VALUES (?, ?, ?)", move.round, move.qpu, placement)

    def local(self, submission: Submission, qpu: str, job_id: str, results: list[Expectations] | None) -> None:
        """A job that was done on this machine; with ``results`` it need not be done again.

        It costs nothing but time, so one write at the end will do.
        """
        attempt = Attempt(1, submission.tag(1), Outcome.DONE, job_id)
        with self._transaction(durable=False) as base:
            self._put(base, submission, qpu, attempt)
            if results is not None:
                base.execute("INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?)", (submission.key, *_packed(results)))

    def _insert(self, submission: Submission, qpu: str, attempt: Attempt) -> None:
        with self._transaction() as base:
            self._put(base, submission, qpu, attempt)

    @staticmethod
    def _put(base: sqlite3.Connection, submission: Submission, qpu: str, attempt: Attempt) -> None:
        base.execute(
            f"INSERT OR REPLACE INTO jobs ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, '', ?)",
            (
                submission.key, attempt.tag, attempt.number, submission.round, submission.part, qpu, submission.sets,
                submission.executions, submission.estimated, attempt.outcome.value, attempt.job_id, _now(),
            ),
        )  # fmt: skip

    def _open(self) -> None:
        """Connect; make the tables where there are none."""
        with _errors(self.path):
            if self._lock is not None and not self.path.exists():
                os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
            self._base = sqlite3.connect(self.path, check_same_thread=False, isolation_level=None, timeout=5.0)
            self._base.execute("PRAGMA trusted_schema = OFF")
            if not self._base.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                made = f"('format', '{FORMAT}'), ('run', '{uuid.uuid4().hex}'), ('made', '{_now()}')"
                self._base.executescript(f"BEGIN; {_SCHEMA} INSERT INTO meta VALUES {made}; COMMIT;")
        self.run = _checked(self.path, self._all)
        self._all("PRAGMA journal_mode = WAL")  # only now: another program's file is left as it is

    @contextmanager
    def _transaction(self, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """All or nothing, on the disk when it ends; without ``durable`` a power failure may undo it."""
        with self._guard, _errors(self.path):
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

    def _write(self, statement: str, *values: object) -> None:
        with self._transaction() as base:
            base.execute(statement, values)


class JournalReader(_Reading):
    """A journal that is only looked at."""

    def __init__(self, path: str | Path) -> None:
        self.path = checked_path(path)
        if not self.path.is_file():
            raise InputError(f"there is no journal {self.path}; give the folder of a run on devices")
        self._guard = threading.RLock()
        with _errors(self.path):
            self._base = sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False)
            self._base.execute("PRAGMA trusted_schema = OFF")
            self._base.execute("PRAGMA query_only = ON")
        self.run = _checked(self.path, self._all)


@contextmanager
def _errors(path: Path) -> Iterator[None]:
    """SQLite's errors as one line each."""
    try:
        yield
    except sqlite3.OperationalError as error:
        text = str(error)
        if "locked" in text:
            raise InputError(f"the journal {path} is locked by another program; close it, then resume") from error
        if "disk" in text or "full" in text or "I/O" in text:
            raise InputError(f"cannot write the journal {path} ({text}); make room on the disk, then resume") from error
        raise InputError(f"cannot use the journal {path} ({text}); check the file and its folder") from error
    except sqlite3.DatabaseError as error:
        raise InputError(f"{path} is damaged or not a journal ({error}); restore it from a copy") from error
    except OSError as error:
        raise InputError(f"cannot use the journal {path}: {error.strerror}; choose a writable folder") from error


def _checked(path: Path, ask: Any) -> str:
    """The run's id, if the file is a whole journal of this format, and holds nothing that would act by itself."""
    found = dict(ask("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite!_%' ESCAPE '!'"))
    if "meta" not in found:
        raise InputError(f"{path} is not a journal; give another file")
    known = dict(ask("SELECT name, value FROM meta"))
    if known.get("format") != FORMAT:
        raise InputError(f"{path} is a journal of format {known.get('format')}, this version reads {FORMAT}")
    if found != _tables():  # triggers and views of a stranger included
        raise InputError(f"{path} is not a journal: its tables are others; give another file")
    check = [row[0] for row in ask("PRAGMA quick_check(1)")]
    if check != ["ok"] or not known.get("run"):
        raise InputError(f"{path} is damaged ({check[0]}); restore it from a copy")
    return str(known["run"])


@cache
def _tables() -> dict[str, str]:
    """What a new journal holds: names and definitions."""
    with closing(sqlite3.connect(":memory:")) as base:
        base.executescript(_SCHEMA)
        return dict(base.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall())


def _placement(path: Path, text: str) -> dict[str, str]:
    try:
        found = json.loads(text)
        return {str(key): str(core) for key, core in found.items()}
    except (ValueError, AttributeError):
        raise InputError(f"{path} is damaged: a move cannot be read; restore it from a copy") from None


def _entries(ask: Any) -> list[Entry]:
    rows = ask(f"SELECT {_COLUMNS} FROM jobs ORDER BY rowid")
    more = ask(
        "SELECT j.key, s.tag, j.attempt, j.round, j.part, j.qpu, j.sets, j.executions, j.estimated, s.state, s.job_id, "
        "s.billed, 'one too many', j.made FROM surplus s JOIN jobs j ON j.tag = s.tag ORDER BY s.rowid"
    )
    names = _COLUMNS.split(", ")
    used = (dict(zip(names, row, strict=True)) for row in rows)
    surplus = (dict(zip(names, row, strict=True)) for row in more)
    return [Entry(**one) for one in used] + [Entry(**one, surplus=True) for one in surplus]


def _packed(results: Sequence[Expectations]) -> tuple[str, bytes, str]:
    """Shapes, numbers, and a checksum."""
    numbers = b"".join(
        np.ascontiguousarray(array, "<f8").tobytes() for one in results for array in (one.values, one.stderr)
    )
    shapes = json.dumps([list(one.values.shape) for one in results])
    return shapes, numbers, hashlib.sha256(shapes.encode() + numbers).hexdigest()


def _unpacked(path: Path, shapes: str, numbers: bytes, digest: str) -> list[Expectations]:
    if hashlib.sha256(shapes.encode() + numbers).hexdigest() != digest:
        raise InputError(f"{path} is damaged: stored results do not match their checksum; restore it from a copy")
    found = list[Expectations]()
    try:
        array = np.frombuffer(numbers, "<f8").astype(np.float64)
        for sets, outputs in json.loads(shapes):
            values, stderr, array = np.split(array, [sets * outputs, 2 * sets * outputs])
            found.append(Expectations(values.reshape(sets, outputs), stderr.reshape(sets, outputs)))
        if array.size:
            raise ValueError(f"{array.size} numbers are left")
    except (ValueError, TypeError) as error:  # a checksum that fits can be made by anybody
        raise InputError(
            f"{path} is damaged: stored results cannot be read ({error}); restore it from a copy"
        ) from None
    return found


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
