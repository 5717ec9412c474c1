"""The jobs of one run on disk: what a delivery writes down; see `backends.remote.ledger.Ledger`."""

from __future__ import annotations

import json
import logging
import sqlite3
from pathlib import Path

from backends.errors import InputError
from backends.qpu import Expectations
from backends.remote.ledger import Attempt, Outcome
from backends.remote.qpu import Submission

from .entries import Move
from .reading import JournalReader
from .results import packed
from .schema import COLUMNS, now
from .writing import Writing

log = logging.getLogger("qpartition.jobs")


class Journal(Writing):
    """The jobs of one run on disk; use it in a ``with`` block, or `close` it."""

    @classmethod
    def read(cls, path: str | Path) -> JournalReader:
        """Open for reading, also while a run writes to it.

        Raises:
            InputError: If there is no such file, or it is not a journal.
        """
        return JournalReader(path)

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
        with self._changing(attempt.tag) as base:
            change = "UPDATE jobs SET outcome = ?, job_id = ? WHERE tag = ?"
            base.execute(change, (outcome.value, job_id, attempt.tag))
        return Attempt(attempt.number, attempt.tag, outcome, job_id)

    def store(self, submission: Submission, attempt: Attempt, results: list[Expectations]) -> None:
        """See `Ledger`; results and outcome are written together."""
        with self._changing(attempt.tag) as base:
            base.execute("INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?)", (submission.key, *packed(results)))
            base.execute("UPDATE jobs SET outcome = ? WHERE tag = ?", (Outcome.DONE.value, attempt.tag))

    def ended(self, attempt: Attempt, outcome: Outcome, reason: str) -> None:
        """See `Ledger`."""
        with self._changing(attempt.tag) as base:
            base.execute("UPDATE jobs SET outcome = ?, reason = ? WHERE tag = ?", (outcome.value, reason, attempt.tag))

    def billed(self, job_id: str, seconds: float) -> None:
        """See `Ledger`."""
        tags = self._all(
            "SELECT tag FROM jobs WHERE job_id = ?1 UNION SELECT tag FROM surplus WHERE job_id = ?1", job_id
        )
        for (tag,) in tags:  # one, but for a job that is one too many of another's
            with self._changing(tag) as base:
                base.execute("UPDATE jobs SET billed = ? WHERE tag = ? AND job_id = ?", (seconds, tag, job_id))
                base.execute("UPDATE surplus SET billed = ? WHERE tag = ? AND job_id = ?", (seconds, tag, job_id))

    def surplus(self, attempt: Attempt, job_id: str, state: str) -> None:
        """See `Ledger`."""
        with self._changing(attempt.tag) as base:
            base.execute("INSERT OR REPLACE INTO surplus VALUES (?, ?, ?, NULL)", (job_id, attempt.tag, state))

    def note(self, qpu: str, text: str) -> None:
        """See `Ledger`."""
        self._write("INSERT INTO notes VALUES (?, ?, ?)", now(), qpu, text)

    def moved(self, move: Move) -> None:
        """From a round on, the work of a device is done elsewhere."""
        placement = json.dumps(dict(move.placement))
        self._write("INSERT INTO moves VALUES (?, ?, ?)", move.round, move.qpu, placement)

    def retracted(self, number: int, part: int) -> bool:
        """Forget the moves of round ``number``, unless a job from ``part`` on was submitted where they went."""
        paid = "SELECT 1 FROM jobs WHERE round = ? AND part >= ? AND outcome IN ('submitted', 'done')"
        if self._one(paid, number, part) is not None:
            return False
        self._write("DELETE FROM moves WHERE round = ?", number)
        return True

    def local(self, submission: Submission, qpu: str, job_id: str, results: list[Expectations] | None) -> None:
        """A job that was done on this machine; with ``results`` it need not be done again.

        It costs nothing but time, so one write at the end will do.
        """
        attempt = Attempt(1, submission.tag(1), Outcome.DONE, job_id)
        with self._changing(attempt.tag, durable=False) as base:
            self._put(base, submission, qpu, attempt)
            if results is not None:
                base.execute("INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?)", (submission.key, *packed(results)))

    def _insert(self, submission: Submission, qpu: str, attempt: Attempt) -> None:
        with self._changing(attempt.tag) as base:
            self._put(base, submission, qpu, attempt)

    @staticmethod
    def _put(base: sqlite3.Connection, submission: Submission, qpu: str, attempt: Attempt) -> None:
        base.execute(
            f"INSERT OR REPLACE INTO jobs ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, '', ?)",
            (
                submission.key, attempt.tag, attempt.number, submission.round, submission.part, qpu, submission.sets,
                submission.executions, submission.estimated, attempt.outcome.value, attempt.job_id, now(),
            ),
        )  # fmt: skip
