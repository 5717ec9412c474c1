"""``qlstm replay``: a run on devices done again from its journal, without the devices."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from backends.errors import InputError

from . import options as o

_DIFFERENT = 1


def replay(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a run on devices.", show_default=False)],
    out: o.Out = None,
    json: o.Json = False,
) -> int:
    """Train again with the results in a run's journal and compare the weights. Nothing is submitted, nobody is asked.

    Simulated devices are simulated again. The exit code is 1 where the weights differ from those of the run.
    """
    from ..training import ProgressBar, open_run
    from ..training.folder import RunFolder
    from ..training.replaying import same_weights
    from ..training.settings import read_settings
    from .output import Output

    output = Output(json=json)
    original = RunFolder(folder)
    known = read_settings(original.config)
    if not known.qpu:
        raise InputError(
            f"{folder} is a run in exact simulation, there is nothing to replay; give one of a run with --qpu"
        )
    settings = replace(known, budget=None)
    run = open_run(settings.given(), out, replay=folder, callbacks=[ProgressBar()] if output.talks else [])
    try:
        run.fit()
        run.draw()
        same = same_weights(original, run.folder)
        output.result({"status": "same" if same else "different", **run.summary()})
        output.table("Result", run.trainer.history.final())
        output.say(f"the weights are {'those' if same else 'NOT those'} of {folder}; written to {run.folder.path}")
    finally:
        run.close()
    return 0 if same else _DIFFERENT
