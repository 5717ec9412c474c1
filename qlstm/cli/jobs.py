"""``qlstm jobs``: what a run has asked of its devices, job by job."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import options as o

if TYPE_CHECKING:
    from qpartition.journal import Entry

_NOTES = 20
"""Notes shown, the last ones."""


def jobs(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a run on devices.", show_default=False)],
    json: o.Json = False,
) -> int:
    """Show the jobs of a run: round, device, id, state, QPU seconds. Works also while the run goes on, and offline."""
    from qpartition import Journal

    from ..training.folder import RunFolder
    from .output import Output

    output = Output(json=json)
    with Journal.read(RunFolder(folder).journal) as journal:
        entries, notes, spent, moves = journal.entries(), journal.notes(), journal.spent(), journal.moves()
    open_jobs = sum(entry.is_open for entry in entries)
    totals = {
        "jobs": len(entries),
        "not_done": open_jobs,
        "retries": spent.retries,
        "qpu_seconds": spent.seconds,
        "charged": spent.billed,
        "of_failed_and_surplus_jobs": spent.wasted,
    }
    header = ("round", "device", "job", "state", "sets", "QPU s\nestimate", "QPU s\ncharged", "why")
    output.rows(
        "Jobs", header, map(_row, sorted(entries, key=lambda e: (e.round, e.qpu, e.part, e.attempt))), whole=True
    )
    output.rows(
        "Notes", ("time", "device", "note"), [(at[:19], qpu, text) for at, qpu, text in notes[-_NOTES:]], whole=True
    )
    output.table("Together", totals)
    output.result(
        {
            "folder": str(folder),
            **totals,
            "entries": [entry.as_dict() for entry in entries],
            "notes": [{"time": at, "qpu": qpu, "text": text} for at, qpu, text in notes],
            "moves": [{"round": m.round, "qpu": m.qpu, "placement": dict(m.placement)} for m in moves],
        }
    )
    return 0


def _row(entry: Entry) -> tuple[str, ...]:
    return (
        str(entry.round),
        entry.qpu,
        entry.job_id or "-",
        entry.state,
        str(entry.sets),
        f"{entry.estimated:.1f}",
        "-" if entry.billed is None else f"{entry.billed:.1f}",
        _reason(entry),
    )


def _reason(entry: Entry) -> str:
    return entry.reason if len(entry.reason) <= 60 else f"{entry.reason[:60]}..."
