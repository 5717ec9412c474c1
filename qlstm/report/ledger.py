"""What the run has cost: planned beside spent, device by device."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from qpartition import Counts, Tally
from qpartition.journal import Entry, Spent
from qpartition.tables import OPEN_PLAN_SECONDS

from .blocks import Block, Facts, Section, Table, Text, Tile
from .cuts import ledger_note
from .record import Record
from .wording import NONE, count, percent, seconds

HEADER = (
    "device", "jobs planned", "jobs run", "executions planned", "executions run", "QPU s planned", "QPU s estimated",
    "QPU s charged",
)  # fmt: skip


def section(record: Record) -> Section:
    """The cost ledger."""
    return Section("cost", "Cost ledger", _blocks(record) if record.on_devices else [_free(record)])


def tile(record: Record) -> Tile:
    """QPU seconds so far."""
    if not record.on_devices:
        return Tile("QPU seconds", "0", "exact simulation, no devices")
    spent = _spent(record)
    planned = None if record.plan is None or record.plan.run is None else record.plan.run.qpu_seconds
    of = "" if planned is None else f"of {seconds(planned)} planned"
    return Tile("QPU seconds", NONE if spent is None else seconds(_total(spent).qpu_seconds), of)


def _free(record: Record) -> Block:
    wall = sum(row["seconds"] for row in record.rows)
    return Text(
        "No devices were used: the circuits were simulated exactly, so there were no rounds, jobs, executions or QPU seconds. "
        f"The training took {seconds(wall)} seconds on this machine. What it would cost on devices is shown by qlstm plan with "
        "the same options and --qpu."
    )


def _blocks(record: Record) -> list[Block]:
    spent, plan = _spent(record), record.plan
    planned = {} if plan is None or plan.run is None else dict(plan.run.per_qpu)
    charged = _charged(record)
    names = list(dict.fromkeys([*planned, *(spent or {})]))
    rows = [
        _row(name, planned.get(name), None if spent is None else spent.get(name, Tally()), charged.get(name))
        for name in names
    ]
    if len(names) > 1:
        together = None if spent is None else _total(spent)
        rows.append(
            _row("together", _total(planned) if planned else None, together, sum(charged.values()) if charged else None)
        )
    found: list[Block] = []
    if rows:
        found.append(
            Table(
                "Planned for the whole training, and run so far",
                HEADER,
                rows,
                len(rows) - 1 if len(names) > 1 else None,
            )
        )
    found.append(Facts("Together", _facts(record)))
    found += [Text(line, note=True) for line in _notes(record, charged)]
    return found


def _row(name: str, planned: Tally | None, run: Tally | None, charged: float | None) -> list[str]:
    p, r = planned, run
    return [
        name, count(p.jobs) if p else NONE, count(r.jobs) if r else NONE,
        count(p.executions) if p else NONE, count(r.executions) if r else NONE,
        seconds(p.qpu_seconds) if p else NONE, seconds(r.qpu_seconds) if r else NONE, seconds(charged),
    ]  # fmt: skip


def _total(tallies: Mapping[str, Tally]) -> Tally:
    return sum(tallies.values(), Tally())


def _spent(record: Record) -> dict[str, Tally] | None:
    """What has run, by device: from the journal, else from the checkpoint; None where neither knows."""
    if record.jobs is not None:
        return _tallies(record.jobs.entries)
    counts: Counts | None = None if record.saved is None else record.saved.counts
    return None if counts is None else dict(counts.per_qpu)


def _tallies(entries: Iterable[Entry]) -> dict[str, Tally]:
    found: dict[str, Tally] = {}
    for entry in entries:
        if entry.outcome == "done" and not entry.surplus:
            one = Tally(1, entry.sets, entry.executions, entry.estimated)
            found[entry.qpu] = found.get(entry.qpu, Tally()) + one
    return found


def _charged(record: Record) -> dict[str, float]:
    """QPU seconds that services say they have charged, by device; failed and surplus jobs included."""
    found: dict[str, float] = {}
    for entry in () if record.jobs is None else record.jobs.entries:
        if entry.billed is not None:
            found[entry.qpu] = found.get(entry.qpu, 0.0) + entry.billed
    return found


def _facts(record: Record) -> list[tuple[str, str]]:
    settings, plan = record.settings, record.plan
    used = _spent(record)
    found: list[tuple[str, str]] = []
    last = record.last
    rounds = None if last is None or "rounds" not in last else int(last["rounds"])
    if record.saved is not None and record.saved.counts is not None:
        rounds = record.saved.counts.rounds
    if plan is not None and plan.run is not None:
        found.append(("Rounds", f"{count(rounds)} run, {count(plan.run.rounds)} planned"))
        found.append(("Time on the devices", f"{seconds(plan.run.makespan)} s planned, without queues"))
        found.append(
            (
                "Of the Open plan",
                f"{percent(plan.run.qpu_seconds / OPEN_PLAN_SECONDS)} of its {OPEN_PLAN_SECONDS:.0f} s in 28 days",
            )
        )
    if settings.budget is None:
        found.append(("Budget", "none was set"))
    elif used is not None:
        share = _reckoned(record) / settings.budget
        found.append(("Budget", f"{settings.budget:,.10g} QPU s, {percent(share)} used"))
    else:
        found.append(("Budget", f"{settings.budget:,.10g} QPU s"))
    if record.jobs is not None:
        spent, states = Spent.of(record.jobs.entries), Counter(entry.state for entry in record.jobs.entries)
        others = ", ".join(f"{count(n)} {state}" for state, n in sorted(states.items()) if state != "done")
        found.append(("Retries", count(spent.retries)))
        found.append(("Jobs not done", others or "none"))
        if spent.wasted:
            found.append(("Of no use", f"{seconds(spent.wasted)} QPU s, of failed and surplus jobs"))
    return found


def _reckoned(record: Record) -> float:
    """QPU seconds that count against the budget."""
    if record.jobs is not None:
        return Spent.of(record.jobs.entries).seconds
    return _total(_spent(record) or {}).qpu_seconds


def _notes(record: Record, charged: Mapping[str, float]) -> list[str]:
    found = ["QPU seconds that are planned or estimated follow IBM's usage rule."]
    if note := ledger_note(record):
        found.append(note)
    if not charged:
        found.append("Nothing was charged: no device here is real, or its service has not said yet.")
    if record.plan is None:
        found.append("plan.json is missing, so nothing stands beside what was run.")
    if record.jobs is None:
        found.append("journal.sqlite is missing: what was run is taken from the checkpoint.")
    else:
        found.append("Every single job is shown by qlstm jobs DIR.")
    return found
