"""The journal on disk: whole or a clear error, one writer, many readers, nothing executed."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit

from backends.core import Core
from backends.errors import InputError
from backends.qpu import Bundle, Expectations, Request
from backends.remote import Outcome, Submission
from qpartition import Journal
from qpartition.journal import Move, Spent

ROOT = Path(__file__).parents[2]
RESULTS = [
    Expectations(np.array([[0.1, -0.2]]), np.array([[0.01, 0.02]])),
    Expectations(np.array([[1 / 3], [-1.0], [5e-324]]), np.zeros((3, 1))),
]


def submission(key: str = "a", round: int = 0, estimated: float = 2.5) -> Submission:
    request = Request(QuantumCircuit(1), np.zeros((3, 0)), 1, Core("d", 0, (0,)))
    return Submission(key * 64, (Bundle((request,)),), shots=10, round=round, estimated=estimated)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


def filled(path: Path) -> str:
    """One job done; the id of the run."""
    with Journal(path) as journal:
        attempt = journal.accepted(journal.intend(submission(), "ibm:x", 1), "job1")
        journal.store(submission(), attempt, RESULTS)
        return journal.run


def same(found: Any) -> bool:
    pairs = zip(found, RESULTS, strict=True)
    return all(np.array_equal(a.values, b.values) and np.array_equal(a.stderr, b.stderr) for a, b in pairs)


def test_round_trip(path: Path) -> None:
    run = filled(path)
    with Journal(path) as journal:
        assert journal.run == run and same(journal.result(submission()))
        assert journal.result(submission("b")) is None and journal.attempts(submission("b")) == []
        (attempt,) = journal.attempts(submission())
        assert (attempt.number, attempt.tag, attempt.outcome, attempt.job_id) == (
            1, f"qp-{'a' * 40}-1", Outcome.DONE, "job1",
        )  # fmt: skip
        failed = journal.accepted(journal.intend(submission("b", 1), "ibm:y", 1), "job2")
        journal.ended(failed, Outcome.FAILED, "Error code 1517")
        journal.billed("job2", 0.5)
        second = journal.accepted(journal.intend(submission("b", 1), "ibm:y", 2), "job3")
        journal.surplus(second, "job4", "running")
        journal.billed("job1", 0.0)
        journal.note("ibm:y", "off line")
        journal.moved(Move(1, "ibm:y", {"l0.i.p0": "ibm:x/0"}))
    with Journal.read(path) as reader:
        entries = reader.entries()
        assert [e.state for e in entries] == ["done", "failed", "submitted", "surplus (running)"]
        assert [(e.qpu, e.round, e.attempt, e.sets, e.executions) for e in entries[:2]] == [
            ("ibm:x", 0, 1, 3, 30), ("ibm:y", 1, 1, 3, 30),
        ]  # fmt: skip
        # done and charged at nothing: the estimate; failed: as charged; submitted and surplus: the estimate
        assert [e.seconds for e in entries] == [2.5, 0.5, 2.5, 2.5]
        assert reader.spent() == Spent(seconds=8.0, wasted=3.0, billed=0.5, retries=1, estimated=2.5)
        assert reader.known("a" * 64) and reader.known("b" * 64) and not reader.known("c" * 64)
        ((_, qpu, text),) = reader.notes()
        assert (qpu, text) == ("ibm:y", "off line") and reader.moves() == [Move(1, "ibm:y", {"l0.i.p0": "ibm:x/0"})]


def test_a_file_for_its_owner_alone(path: Path) -> None:
    before = os.umask(0)
    try:
        with Journal(path) as journal:
            journal.note("x", "y")
            files = list(path.parent.iterdir())
            assert {file.name for file in files} >= {path.name, f"{path.name}-wal"}
            assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    finally:
        os.umask(before)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_one_writer(path: Path) -> None:
    with Journal(path):
        with pytest.raises(InputError, match="is open for writing already, in this process; close it, or use"):
            Journal(path)
        script = f"from qpartition import Journal\nJournal({str(path)!r})"
        other = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
        )
        assert other.returncode == 1
        assert other.stderr.splitlines()[-1].endswith("is written by another process; wait for it, or stop it")
    Journal(path).close()


def test_closed(path: Path) -> None:
    journal = Journal(path)
    journal.close()
    journal.close()
    with pytest.raises(InputError, match="is closed; open it again"):
        journal.note("x", "y")


NOT_A_JOURNAL = {
    "text": lambda path: path.write_text("y\n" * 5000),
    "zeros": lambda path: path.write_bytes(bytes(8192)),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:9000]),
    "garbled": lambda path: path.write_bytes(path.read_bytes()[:4096] + os.urandom(path.stat().st_size - 4096)),
}


@pytest.mark.parametrize("how", NOT_A_JOURNAL)
@pytest.mark.parametrize("opened", [Journal, Journal.read], ids=["write", "read"])
def test_damaged(path: Path, how: str, opened: Callable[[Path], Any]) -> None:
    filled(path)
    NOT_A_JOURNAL[how](path)
    before = path.read_bytes()
    with pytest.raises(InputError, match=rf"{path.name} is (damaged|not a journal)") as caught:
        opened(path)
    assert "\n" not in str(caught.value) and path.read_bytes() == before


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE results SET numbers = zeroblob(length(numbers))",
        "UPDATE results SET shapes = '[[1, 2]]'",
    ],
)
def test_damaged_results(path: Path, statement: str) -> None:
    filled(path)
    with closing(sqlite3.connect(path)) as base, base:
        base.execute(statement)
    with Journal(path) as journal, pytest.raises(InputError, match="stored results do not match their checksum"):
        journal.result(submission())


def test_results_of_a_stranger_with_a_checksum_that_fits(path: Path) -> None:
    import hashlib

    filled(path)
    for shapes in ("no json", "[[1e9, 1e9]]", "[[-1, 2]]", "[1]", '{"a": 1}'):
        with closing(sqlite3.connect(path)) as base, base:
            digest = hashlib.sha256(shapes.encode() + b"12345678").hexdigest()
            base.execute("UPDATE results SET shapes = ?, numbers = ?, sha256 = ?", (shapes, b"12345678", digest))
        with Journal.read(path) as journal, pytest.raises(InputError, match="stored results cannot be read"):
            journal.stored(submission().key)


@pytest.mark.parametrize(
    ("statement", "match"),
    [
        ("UPDATE meta SET value = '99' WHERE name = 'format'", "of format 99, this version reads 1"),
        ("CREATE TRIGGER t AFTER INSERT ON notes BEGIN DELETE FROM jobs; END", "its tables are others"),
        ("CREATE VIEW v AS SELECT * FROM jobs", "its tables are others"),
        ("DROP TABLE notes", "its tables are others"),
        ("DROP TABLE meta", "is not a journal"),
        ("ALTER TABLE jobs ADD COLUMN x TEXT", "its tables are others"),
    ],
)
@pytest.mark.parametrize("opened", [Journal, Journal.read], ids=["write", "read"])
def test_a_file_of_a_stranger(path: Path, statement: str, match: str, opened: Callable[[Path], Any]) -> None:
    """Nothing in it acts by itself, neither triggers nor views."""
    filled(path)
    with closing(sqlite3.connect(path)) as base, base:
        base.execute(statement)
    with pytest.raises(InputError, match=match):
        opened(path)


def test_an_outcome_that_there_is_not(path: Path) -> None:
    filled(path)
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("UPDATE jobs SET outcome = '__import__(''os'')'")
    with Journal(path) as journal, pytest.raises(InputError, match="is damaged"):
        journal.attempts(submission())


def test_a_database_of_another_program_is_left_as_it_is(path: Path) -> None:
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("CREATE TABLE theirs (x)")
    before = path.read_bytes()
    with pytest.raises(InputError, match="is not a journal; give another file"):
        Journal(path)
    assert path.read_bytes() == before


def test_places_that_cannot_be(path: Path, tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "no" / "journal.sqlite"):
        with pytest.raises(InputError, match="it must be a file in an existing folder"):
            Journal(place)
    with pytest.raises(InputError, match=r"there is no journal .*; give the folder of a run on devices"):
        Journal.read(path)


def test_a_full_disk_loses_no_job_id(path: Path) -> None:
    with Journal(path) as journal:
        attempt = journal.accepted(journal.intend(submission(), "ibm:x", 1), "job1")
        assert journal._base is not None
        pages = journal._base.execute("PRAGMA page_count").fetchone()[0]
        journal._base.execute(f"PRAGMA max_page_count = {pages}")
        large = [Expectations(np.zeros((100_000, 1)), np.zeros((100_000, 1)))]
        with pytest.raises(InputError, match=r"cannot write the journal .* \(database or disk is full\); make room on"):
            journal.store(submission(), attempt, large)
        assert [(e.outcome, e.job_id) for e in journal.entries()] == [("submitted", "job1")]
        journal._base.execute(f"PRAGMA max_page_count = {pages + 100}")
        journal.store(submission(), attempt, RESULTS)
    with Journal(path) as journal:
        assert same(journal.result(submission()))


def test_a_file_that_another_program_has_locked(path: Path) -> None:
    filled(path)
    with Journal(path) as journal, closing(sqlite3.connect(path, isolation_level=None)) as other:
        assert journal._base is not None
        journal._base.execute("PRAGMA busy_timeout = 50")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(InputError, match="is locked by another program; close it, then resume"):
            journal.note("x", "y")
        assert journal.entries()  # reading goes on
        other.execute("ROLLBACK")
        journal.note("x", "y")


def test_read_while_it_is_written(path: Path) -> None:
    filled(path)
    with Journal(path) as journal, Journal.read(path) as reader:
        assert len(reader.entries()) == 1 and same(reader.stored(submission().key))
        journal.intend(submission("b"), "ibm:x", 1)
        assert len(reader.entries()) == 2
        with pytest.raises(InputError), reader._guard:
            reader._all("DELETE FROM jobs")
        assert len(journal.entries()) == 2


@pytest.fixture
def folder_without_writing(path: Path) -> Iterator[Path]:
    filled(path)
    path.parent.chmod(0o500)
    yield path
    path.parent.chmod(0o700)


def test_a_finished_journal_is_read_where_nothing_can_be_written(folder_without_writing: Path) -> None:
    path = folder_without_writing
    before = path.read_bytes()
    with Journal.read(path) as reader:
        assert same(reader.stored(submission().key))
        assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert path.read_bytes() == before


WRITER = """
import sys
from qpartition import Journal
from tests.qpartition.test_journal import submission, RESULTS
journal = Journal(sys.argv[1])
for i in range(10**6):
    job = submission("%x" % (i % 16), i)
    attempt = journal.accepted(journal.intend(job, "ibm:x", i), f"job{i}")
    print(i, flush=True)
"""


def test_after_the_writer_was_killed(path: Path) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert writer.stdout is not None
    for line in writer.stdout:
        if int(line) == 40:
            break
    time.sleep(0.05)
    writer.send_signal(signal.SIGKILL)
    said = 40 + len(writer.communicate()[0].splitlines())
    assert path.with_name(f"{path.name}-wal").stat().st_size > 0
    with Journal.read(path) as reader:
        read = [entry.job_id for entry in reader.entries() if entry.job_id]
    assert read[: said + 1] == [f"job{i}" for i in range(said + 1)]
    with Journal(path) as journal:
        assert [entry.job_id for entry in journal.entries() if entry.job_id] == read


def test_in_memory() -> None:
    with Journal.in_memory() as journal, Journal.in_memory() as other:
        journal.store(submission(), journal.intend(submission(), "x", 1), RESULTS)
        assert same(journal.result(submission())) and other.entries() == [] and other.run != journal.run
