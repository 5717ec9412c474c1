"""``qlstm reproduce``: the paper's tables and figures, computed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import options as o
from .errors import INTERRUPTED

if TYPE_CHECKING:
    from ..reproduce.laboratory import Laboratory
    from ..reproduce.tables import Table
    from .output import Output

_SEEDS, _FAST_SEEDS = 10, 2
_MOST = 10_000


def reproduce(
    what: Annotated[
        str,
        typer.Argument(
            help="table1, table2, fig3, fig4, fig5, fig6, resources, or all.", metavar="WHAT", show_default=False
        ),
    ],
    seeds: Annotated[
        int | None,
        typer.Option("--seeds", min=1, max=_MOST, help="Trainings per model.", show_default="10, with --fast 2"),
    ] = None,
    first_seed: Annotated[int, typer.Option("--first-seed", min=0, max=2**62, help="Seeds are counted from here.")] = 0,
    fast: Annotated[
        bool, typer.Option("--fast", help="2 epochs: a check that everything runs, not a result.", show_default=False)
    ] = False,
    processes: Annotated[
        int | None,
        typer.Option("--processes", min=1, max=_MOST, help="Trainings at the same time.", show_default="one per core"),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            parser=o.folder,
            help="Folder for CSV files and figures; must be new or empty.",
            show_default="reproduced/WHAT-0001, -0002, ...",
            metavar="DIR",
        ),
    ] = None,
    json: o.Json = False,
    quiet: o.Quiet = False,
) -> int:
    """Run the experiments of the paper, print its numbers beside ours, and write tables and figures.

    Nothing is stored: every number of ours is trained for, in exact simulation. Ctrl-C stops the trainings and
    writes what is finished.
    """
    from ..training.interrupts import StopSignals
    from .output import Output

    output = Output(json=json, quiet=quiet)
    began = time.perf_counter()
    with StopSignals() as stop:
        from ..reproduce.laboratory import Laboratory
        from ..reproduce.pool import usable_cores

        names, folder = _names(what), _folder(what, out)
        count = seeds or (_FAST_SEEDS if fast else _SEEDS)
        laboratory = Laboratory(range(first_seed, first_seed + count), processes or usable_cores(), fast)
        if fast:
            output.say("--fast: 2 epochs each, a check that everything runs; the numbers mean nothing")
        found = _run(laboratory, names, folder, stop, output)
    finished = len(found) == len(names) and not laboratory.missing(names)
    result = {"status": "done" if finished else "interrupted", "folder": str(folder), "fast": fast}
    output.result(result | {"seeds": list(laboratory.seeds), "experiments": found})
    output.say(f"{time.perf_counter() - began:.0f} s; written to {folder}")
    if not finished:
        output.warn(f"interrupted; what was finished is in {folder}")
    return 0 if finished else INTERRUPTED


def _names(what: str) -> list[str]:
    from backends.errors import check_name

    from ..reproduce.experiments import EXPERIMENTS

    check_name("experiment", what, [*EXPERIMENTS, "all"])
    return list(EXPERIMENTS) if what == "all" else [what]


def _folder(what: str, out: Path | None) -> Path:
    from ..training.folder import RunFolder, fresh_folder

    if out is None:
        return fresh_folder(what, Path("reproduced")).path
    RunFolder(out).create(resumable=False)
    return out


def _run(
    laboratory: Laboratory, names: Sequence[str], folder: Path, stop: Callable[[], bool], output: Output
) -> dict[str, Any]:
    """Train, write and show experiment after experiment; their tables by name."""
    from ..reproduce.progress import TrialBar
    from ..training.folder import RunFolder

    found: dict[str, Any] = {}
    for name in names:
        with TrialBar(name, len(laboratory.missing([name])), shown=output.talks) as bar:
            whole = laboratory.train(name, stop, bar.advance)
        place = folder if len(names) == 1 else folder / name
        RunFolder(place).make()
        tables = [table for table in laboratory.write(name, place) if table.listed and table.rows]
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
