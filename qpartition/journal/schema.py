"""The tables of a journal, and whether a file has them."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from backends.errors import InputError

FORMAT = "1"
_TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE jobs (
    tag TEXT PRIMARY KEY, key TEXT NOT NULL, attempt INTEGER NOT NULL, round INTEGER NOT NULL, part INTEGER NOT NULL,
    qpu TEXT NOT NULL, sets INTEGER NOT NULL, executions INTEGER NOT NULL, estimated REAL NOT NULL,
    outcome TEXT NOT NULL, job_id TEXT, billed REAL, reason TEXT NOT NULL DEFAULT '', made TEXT NOT NULL
) STRICT;
CREATE TABLE results (key TEXT PRIMARY KEY, shapes TEXT NOT NULL, numbers BLOB NOT NULL, sha256 TEXT NOT NULL) STRICT;
CREATE TABLE surplus (job_id TEXT PRIMARY KEY, tag TEXT NOT NULL, state TEXT NOT NULL, billed REAL) STRICT;
CREATE TABLE notes (made TEXT NOT NULL, qpu TEXT NOT NULL, text TEXT NOT NULL) STRICT;
CREATE TABLE moves (round INTEGER NOT NULL, qpu TEXT NOT NULL, placement TEXT NOT NULL) STRICT;
"""
INDEXES = {
    "jobs_by_key": "CREATE INDEX jobs_by_key ON jobs (key, attempt)",
    "jobs_by_job_id": "CREATE INDEX jobs_by_job_id ON jobs (job_id)",
    "jobs_by_place": "CREATE INDEX jobs_by_place ON jobs (round, part, qpu)",
    "surplus_by_tag": "CREATE INDEX surplus_by_tag ON surplus (tag)",
}
"""Without them every write would look at all jobs; older journals lack some, and get them where they are written to."""
COLUMNS = "key, tag, attempt, round, part, qpu, sets, executions, estimated, outcome, job_id, billed, reason, made"

Ask = Callable[[str], list[Any]]
"""All rows of a statement."""


def make_tables(base: sqlite3.Connection) -> None:
    """A new journal, with a run of its own."""
    indexes = "; ".join(INDEXES.values())
    made = f"('format', '{FORMAT}'), ('run', '{uuid.uuid4().hex}'), ('made', '{now()}')"
    base.executescript(f"BEGIN; {_TABLES} {indexes}; INSERT INTO meta VALUES {made}; COMMIT;")


def missing_indexes(ask: Ask) -> list[str]:
    """Statements that make those which an older journal does not have."""
    there = {row[0] for row in ask("SELECT name FROM sqlite_master WHERE type = 'index'")}
    return [statement for name, statement in INDEXES.items() if name not in there]


def checked_run(path: Path, ask: Ask) -> str:
    """The run's id, if the file is a whole journal of this format, and holds nothing that would act by itself."""
    found = dict(ask("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite!_%' ESCAPE '!'"))
    if "meta" not in found:
        raise InputError(f"{path} is not a journal; give another file")
    known = dict(ask("SELECT name, value FROM meta"))
    if known.get("format") != FORMAT:
        raise InputError(f"{path} is a journal of format {known.get('format')}, this version reads {FORMAT}")
    others = {name: sql for name, sql in found.items() if INDEXES.get(name) != sql}
    if others != _tables():  # triggers and views of a stranger included
        raise InputError(f"{path} is not a journal: its tables are others; give another file")
    check = [row[0] for row in ask("PRAGMA quick_check(1)")]
    if check != ["ok"] or not known.get("run"):
        raise InputError(f"{path} is damaged ({check[0]}); restore it from a copy")
    return str(known["run"])


@cache
def _tables() -> dict[str, str]:
    """What a journal holds beside indexes: names and definitions."""
    with closing(sqlite3.connect(":memory:")) as base:
        base.executescript(_TABLES)
        return dict(base.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall())


def now() -> str:
    """When something is written down, UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
