"""``qlstm reproduce``: the paper's tables and figures, computed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from . import options as o
from .errors import INTERRUPTED
from .places import new_folder

if TYPE_CHECKING:
    from ..reproduce.laboratory import Laboratory
    from ..reproduce.place import Place
    from ..reproduce.pool import Work
    from ..reproduce.tables import Table
    from .output import Output

_MOST = 10_000

What: TypeAlias = Annotated[
    str,
    typer.Argument(
        help="table1, table2, fig3, fig4, fig5, fig6, resources, or all.", metavar="WHAT", show_default=False
    ),
]
Seeds: TypeAlias = Annotated[
    int | None,
    typer.Option("--seeds", min=1, max=_MOST, help="Trainings per model.", show_default="10, with --fast 2"),
]
FirstSeed: TypeAlias = Annotated[
    int | None, typer.Option("--first-seed", min=0, max=2**62, help="Seeds are counted from here.", show_default="0")
]
Fast: TypeAlias = Annotated[
    bool, typer.Option("--fast", help="2 epochs: a check that everything runs, not a result.", show_default=False)
]
Processes: TypeAlias = Annotated[
    int | None,
    typer.Option("--processes", min=1, max=_MOST, help="Trainings at the same time.", show_default="one per core"),
]
Out: TypeAlias = Annotated[
    Path | None, new_folder("Folder for trials, CSV files and figures", "reproduced/WHAT-0001, -0002, ...")
]
Resume: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Go on in --out: trainings that finished there are not done again. Options left out are those of the run.",
        show_default=False,
    ),
]


def reproduce(
    what: What,
    seeds: Seeds = None,
    first_seed: FirstSeed = None,
    fast: Fast = False,
    processes: Processes = None,
    out: Out = None,
    resume: Resume = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
) -> int:
    """Run the experiments of the paper, print its numbers beside ours, and write tables and figures.

    No number of ours comes with the package: all are trained for, in exact simulation.
    Every finished training is kept in --out; after Ctrl-C or a crash --resume trains only what is missing.
    """
    from ..training.interrupts import StopSignals
    from .output import Output

    output = Output(json=json, quiet=quiet)
    asked = {"what": what, "seeds": seeds, "first_seed": first_seed, "fast": fast or None}
    given = {name: value for name, value in asked.items() if value is not None}
    with StopSignals() as stop:
        from ..reproduce.place import open_place, require_trainings

        require_trainings(given if processes is None else {**given, "processes": processes})
        place = open_place(given, out, resume=resume)
        if resume and place.begins:
            output.warn(f"nothing to resume in {out}, starting a new run")
        try:
            return _reproduce(place, processes, stop, output)
        except KeyboardInterrupt:
            output.warn(f"interrupted at once; finished trainings are kept, go on with: {place.again}")
            return INTERRUPTED
        finally:
            place.lock.release()


def _reproduce(place: Place, processes: int | None, stop: Callable[[], bool], output: Output) -> int:
    from ..reproduce.laboratory import Laboratory
    from ..reproduce.pool import usable_cores

    began, asked = time.perf_counter(), place.asked
    laboratory = Laboratory(asked.range, processes or usable_cores(), asked.fast, kept=place.kept)
    if asked.fast:
        output.say("--fast: 2 epochs each, a check that everything runs; the numbers mean nothing")
    taken = [] if place.begins else laboratory.recall(asked.names)
    reused = _reused(laboratory, taken, place, output)
    found = _run(laboratory, place, stop, output)
    finished = len(found) == len(asked.names) and not laboratory.missing(asked.names)
    result = {"status": "done" if finished else "interrupted", "folder": str(place.path), "fast": asked.fast}
    counts = {"reused": len(taken), "now": len(laboratory.trials) - len(taken)}
    seeds = {"seeds": list(laboratory.seeds)} if asked.trains else {}
    output.result({**result, **seeds, "trainings": counts, "reused": reused, "experiments": found})
    output.say(f"{time.perf_counter() - began:.0f} s; written to {place.path}")
    if not finished:
        output.warn(f"interrupted; what was finished is in {place.path}, go on with: {place.again}")
    return 0 if finished else INTERRUPTED


def _reused(laboratory: Laboratory, taken: Sequence[Work], place: Place, output: Output) -> list[dict[str, Any]]:
    """Say which trials were not trained now, and return the same as plain values."""
    from ..reproduce.reused import by_row, in_words

    if place.begins or not place.asked.trains:
        return []
    names, kept = place.asked.names, place.kept
    known = by_row([row for name in names for row in laboratory.rows(name)], taken)
    total, others = len(taken) + len(laboratory.missing(names)), kept.count() - len(taken)
    output.say(f"{len(taken)} of {total} trainings are taken from {kept.folder}")
    if others:
        output.say(f"{others} more there are of other seeds, settings, versions or code, and are not used")
    lines = [(row.group, row.name, in_words(seeds) if row.setup.seeded else "any") for row, seeds in known]
    if lines:
        output.rows(f"Taken from {kept.folder}", ("series", "model", "seeds"), lines, whole=True)
    return [{"group": row.group, "model": row.name, "seeds": seeds} for row, seeds in known]


def _run(laboratory: Laboratory, place: Place, stop: Callable[[], bool], output: Output) -> dict[str, Any]:
    """Train, write and show experiment after experiment; their tables by name."""
    from ..reproduce.progress import TrialBar
    from ..training.folder import RunFolder

    found: dict[str, Any] = {}
    names = place.asked.names
    for name in names:
        with TrialBar(name, len(laboratory.missing([name])), shown=output.talks) as bar:
            whole = laboratory.train(name, stop, bar.advance)
        folder = place.path if len(names) == 1 else place.path / name
        RunFolder(folder).make()
        tables = [table for table in laboratory.write(name, folder) if table.listed and table.rows]
        found[name] = [_plain(table) for table in tables]
        _show(tables, output)
        if not whole or stop():
            break
    return found


def _show(tables: Sequence[Table], output: Output) -> None:
    from ..reproduce.tables import shown

    for table in tables:
        output.rows(table.title, table.columns, [[shown(cell) for cell in row] for row in table.rows], whole=True)


def _plain(table: Table) -> dict[str, Any]:
    return {"title": table.title, "rows": [dict(zip(table.columns, row, strict=True)) for row in table.rows]}
