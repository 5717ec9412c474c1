"""What a journal has cost: kept up to date as jobs change, equal to the sum over all jobs, asked for at no cost."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit

from backends.core import Core
from backends.errors import InputError
from backends.qpu import Bundle, Expectations, Request
from backends.remote import Attempt, Outcome, Submission
from qpartition import Dispatcher, Journal, Topology, Workload, plan
from qpartition.journal import Spent
from tests.qpartition import toy

RESULTS = [Expectations(np.zeros((1, 1)), np.zeros((1, 1)))]
REQUEST = Request(QuantumCircuit(1), np.zeros((1, 0)), 1, Core("d", 0, (0,)))
SECONDS = st.floats(0, 1e6) | st.sampled_from((0.0, 0.1, 0.2, 1 / 3, 2.5))


def submission(key: int, estimated: float = 2.5) -> Submission:
    return Submission(f"{key:040x}", (Bundle((REQUEST,)),), shots=10, round=key, estimated=estimated)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_the_running_sum_is_the_sum_over_all_jobs(data: st.DataObject) -> None:
    """To the last bit, whatever happens to jobs, and in whatever order."""
    with Journal.in_memory() as journal:
        attempts: list[tuple[Submission, Attempt]] = []
        for step in range(data.draw(st.integers(1, 12))):
            what = data.draw(st.sampled_from(("intend", "accept", "store", "end", "bill", "surplus", "local")))
            if what == "local":
                journal.local(submission(100 + step, data.draw(SECONDS)), "here", f"local{step}", None)
            elif what == "intend" or not attempts:
                job, number = submission(data.draw(st.integers(0, 2)), data.draw(SECONDS)), data.draw(st.integers(1, 3))
                attempts.append((job, journal.intend(job, "there", number)))
            else:
                job, attempt = data.draw(st.sampled_from(attempts))
                name = f"job{attempt.tag}"
                if what == "accept":
                    journal.accepted(attempt, name)
                elif what == "store":
                    journal.store(job, attempt, RESULTS)
                elif what == "end":
                    ends = (Outcome.FAILED, Outcome.CANCELLED, Outcome.LOST)
                    journal.ended(attempt, data.draw(st.sampled_from(ends)), "no reason")
                elif what == "bill":
                    journal.billed(data.draw(st.sampled_from((name, f"{name}x", "nobody"))), data.draw(SECONDS))
                else:
                    journal.surplus(attempt, f"{name}x", data.draw(st.sampled_from(("running", "cancelled", "done"))))
            assert journal.spent() == Spent.of(journal.entries())


def test_the_sum_goes_on_where_a_journal_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    for opened in range(2):
        with Journal(path) as journal:
            for n in range(3):
                attempt = journal.accepted(journal.intend(submission(10 * opened + n, 0.1), "x", 1), f"job{opened}{n}")
                journal.billed(f"job{opened}{n}", 0.1 + n)
                journal.ended(attempt, Outcome.FAILED, "")
            with Journal.read(path) as reader:
                assert journal.spent() == reader.spent() == Spent.of(journal.entries())
    assert journal_seconds(path) == pytest.approx(2 * (0.1 + 1.1 + 2.1))


def journal_seconds(path: Path) -> float:
    with Journal(path) as journal:
        return journal.spent().wasted


def test_sums_are_exact() -> None:
    """Tenths that are charged and taken back leave nothing behind."""
    with Journal.in_memory() as journal:
        attempt = journal.intend(submission(0, 0.3), "x", 1)
        for charged in (0.1, 0.2, 0.3, 0.7, 0.0):
            journal.accepted(attempt, "job")
            journal.ended(attempt, Outcome.LOST, "")
            journal.billed("job", charged)
            assert journal.spent().wasted == charged


def traced(journal: Journal, work: Callable[[], object]) -> list[str]:
    """The statements that some work gives to SQLite."""
    seen: list[str] = []
    assert journal._base is not None
    journal._base.set_trace_callback(seen.append)
    work()
    journal._base.set_trace_callback(None)
    return seen


def a_job(journal: Journal, key: int) -> None:
    """All that a delivery may write down."""
    job = submission(key)
    journal.warn_of_a_change(job, "x")
    assert journal.result(job) is None and not journal.known(job.key) and not journal.attempts(job)
    lost = journal.accepted(journal.intend(job, "x", 1), f"job{key}")
    journal.surplus(lost, f"surplus{key}", "running")
    journal.billed(f"surplus{key}", 1.0)
    journal.ended(lost, Outcome.LOST, "")
    attempt = journal.accepted(journal.intend(job, "x", 2), f"again{key}")
    journal.store(job, attempt, RESULTS)
    journal.billed(f"again{key}", 1.0)


def test_no_statement_looks_at_all_jobs() -> None:
    """So a run of many rounds takes as long per round at its end as at its beginning."""
    with Journal.in_memory() as journal:
        a_job(journal, 0)
        assert traced(journal, journal.spent) == []
        first, later = traced(journal, lambda: a_job(journal, 1)), traced(journal, lambda: a_job(journal, 2))
        assert len(first) == len(later) > 20
        assert journal._base is not None
        for statement in later:
            if statement.split()[0] in ("SELECT", "UPDATE"):
                plan_of = journal._base.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()
                assert not [line for *_, line in plan_of if line.startswith("SCAN") and "CONSTANT" not in line], (
                    statement
                )


def test_a_round_under_a_budget_asks_the_journal_the_same_whenever_it_runs() -> None:
    listed = [toy.circuit(key, qubits=1, outputs=1, inputs=1, depth=1) for key in "ab"]
    made = plan(Workload.of(toy.Model(listed), 1, 1), Topology(toy.two_devices()), shots=10)
    inputs, weights = toy.angles(listed, rows=1)
    with Journal.in_memory() as journal, Dispatcher(made, journal=journal, budget_seconds=1e6) as devices:
        statements = [len(traced(journal, lambda: devices.values(inputs, weights))) for _ in range(20)]
        assert set(statements) == {statements[0]}
        assert journal.spent().seconds == pytest.approx(20 * made.forward.qpu_seconds)


def test_a_journal_from_before_the_indexes_is_used_and_gets_them(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with Journal(path) as journal:
        a_job(journal, 0)
        before = journal.spent()
    late = ("jobs_by_job_id", "jobs_by_place", "surplus_by_tag")
    with closing(sqlite3.connect(path)) as base, base:
        for name in late:
            base.execute(f"DROP INDEX {name}")
    with Journal.read(path) as reader:
        assert reader.spent() == before
    with Journal(path) as journal:
        assert journal.spent() == before
    with closing(sqlite3.connect(path)) as base:
        there = {name for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}
        assert there >= set(late)
        base.execute("DROP INDEX jobs_by_place")
        base.execute("CREATE INDEX jobs_by_place ON jobs (made)")
    with pytest.raises(InputError, match="its tables are others"):
        Journal(path)


def test_costs_without_end_are_damage(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with Journal(path) as journal:
        journal.local(replace(submission(0), estimated=1.0), "x", "1", None)
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("UPDATE jobs SET estimated = 9e999")
    with pytest.raises(InputError, match="is damaged: a job has cost infinitely much"):
        Journal(path)
