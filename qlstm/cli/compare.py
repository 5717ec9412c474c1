"""``qlstm compare``: mappings, or ways to run wide circuits, side by side."""

from __future__ import annotations

import json as _json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backends.errors import InputError

from . import options as o

if TYPE_CHECKING:
    from ..training.comparing import Contest
    from ..training.ways import WaysContest
    from .output import Output


@o.of_a_run
def compare(
    settings: dict[str, Any],
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--mapping",
            help="A mapping to compare; repeat it for more.",
            metavar="NAME",
            show_default="all of them",
            rich_help_panel="Devices",
        ),
    ] = None,
    out: o.Out = None,
    json: o.Json = False,
    quiet: o.Quiet = False,
) -> int:
    """Compare mappings on TASK: cost of a training step, error of the expectations, and R2 on the devices.

    A model is trained in exact simulation (--epochs), then runs on the devices under each mapping, with equal shots.
    With --wide split,cut,whole,bridges=1,2 ways to run gates wider than a core are compared instead, each with a model of
    its own, at equal shots and at equal QPU seconds (executions, where devices bill nothing).
    """
    from qpartition import MAPPINGS

    from ..training.comparing import plan_contest
    from ..training.folder import RunFolder
    from ..training.ways import is_contest, plan_ways
    from .output import Output

    output = Output(json=json, quiet=quiet)
    if out is not None:
        RunFolder(out).require_empty(resumable=False)
    if is_contest(settings.get("wide")):
        if mapping and len(mapping) > 1:
            raise InputError(f"--wide {settings['wide']} compares ways under one mapping; give --mapping once")
        with output.refusal():
            ways = plan_ways(settings | ({"mapping": mapping[0]} if mapping else {}))
        with _folder(out, ways.settings.task) as folder:
            _run_ways(ways, folder, output)
        return 0
    with output.refusal():
        contest = plan_contest(settings, list(MAPPINGS) if mapping is None else mapping)
    with _folder(out, contest.settings.task) as folder:
        _run(contest, folder, output)
    return 0


def _run(contest: Contest, folder: Path, output: Output) -> None:
    """Measure, write and say what was found."""
    from qpartition import draw_comparison

    from ..training import ProgressBar
    from ..training.comparing import run_contest
    from ..training.files import write_atomic

    found, exact = run_contest(contest, [ProgressBar()] if output.talks else [])
    result = {"settings": contest.settings.to_dict(), "exact_r2": exact, **_json.loads(found.to_json())}
    write_atomic(folder / "compare.json", _json.dumps(result, indent=1) + "\n")
    draw_comparison(found, folder / "compare.png")
    output.result({"status": "done", "folder": str(folder), **result})
    output.say(str(found))
    output.say(f"test R2 {exact:.4f} in exact simulation; written to {folder}")


def _run_ways(contest: WaysContest, folder: Path, output: Output) -> None:
    """Measure, write and say what was found."""
    from ..training import ProgressBar
    from ..training.files import write_atomic
    from ..training.ways import run_ways
    from ..ways_figure import draw_ways

    found = run_ways(contest, [ProgressBar()] if output.talks else [], output.say)
    result = {"settings": contest.settings.to_dict(), **found.to_dict()}
    write_atomic(folder / "compare.json", _json.dumps(result, indent=1) + "\n")
    draw_ways(found, folder / "compare.png")
    output.result({"status": "done", "folder": str(folder), **result})
    output.say(str(found))
    output.say(f"written to {folder}")


@contextmanager
def _folder(out: Path | None, task: str) -> Iterator[Path]:
    """A folder to write to, made before the work; what was made is taken away again if the work leaves nothing in it."""
    from ..training.folder import RunFolder, fresh_folder

    outermost = Path("runs") if out is None else out
    made = [path for path in (outermost, *outermost.parents) if not path.exists()]
    try:
        if out is None:
            folder = fresh_folder(f"compare-{Path(task).stem}").path
            made.insert(0, folder)
        else:
            folder = out
            RunFolder(out).create(resumable=False)
        yield folder
    except BaseException:
        for path in made:
            with suppress(OSError):  # not empty: somebody else's, or a result
                path.rmdir()
        raise
