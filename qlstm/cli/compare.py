"""``qlstm compare``: mappings side by side."""

from __future__ import annotations

import json as _json
from pathlib import Path
from typing import Annotated, Any

import typer

from . import options as o


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
    """
    from qpartition import MAPPINGS, draw_comparison

    from ..training import ProgressBar
    from ..training.comparing import compare_mappings
    from ..training.files import write_atomic
    from ..training.folder import RunFolder, fresh_folder
    from .output import Output

    output = Output(json=json, quiet=quiet)
    if out is not None:
        RunFolder(out).require_empty()
    callbacks = [ProgressBar()] if output.talks else []
    run, found, exact = compare_mappings(settings, mapping or list(MAPPINGS), callbacks)
    if out is None:
        folder = fresh_folder(f"compare-{Path(run.task).stem}")
    else:
        folder = RunFolder(out)
        folder.create(resumable=False)
    result = {"settings": run.to_dict(), "exact_r2": exact, **_json.loads(found.to_json())}
    write_atomic(folder.path / "compare.json", _json.dumps(result, indent=1) + "\n")
    draw_comparison(found, folder.path / "compare.png")
    output.result({"status": "done", "folder": str(folder.path), **result})
    output.say(str(found))
    output.say(f"test R2 {exact:.4f} in exact simulation; written to {folder.path}")
    return 0
