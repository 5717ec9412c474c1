"""``qlstm plan``: what a training would cost; nothing is run."""

from __future__ import annotations

import json as _json
from pathlib import Path
from typing import Annotated, Any

import typer

from . import options as o
from .errors import REFUSED


@o.of_a_run
def plan(
    settings: dict[str, Any],
    save: Annotated[
        Path | None,
        typer.Option("--save", help="Also write the plan to this file, as JSON.", metavar="FILE", show_default=False),
    ] = None,
    draw: Annotated[
        Path | None,
        typer.Option(
            "--draw",
            parser=o.folder,
            help="Also draw the devices and what runs where into this folder, PNG.",
            metavar="DIR",
            show_default=False,
        ),
    ] = None,
    json: o.Json = False,
) -> int:
    """Show what training on TASK would cost on the devices: circuits, jobs, executions, QPU seconds. Nothing is run.

    Takes the options of qlstm train. With --budget the exit code is 3 where the training would exceed it.
    """
    from backends.errors import BudgetError

    from ..training.pricing import draw_plan, planned, require_budget, share_of_account
    from .output import Output

    output = Output(json=json)
    known, made = planned(settings)
    if save is not None:
        made.save(save)
    if draw is not None:
        draw_plan(made, draw)
    refusal = ""
    try:
        epoch = made.epoch.qpu_seconds if made.epoch else 0.0
        require_budget(known, epoch, known.epochs, made.calibration.qpu_seconds)
    except BudgetError as error:
        refusal = str(error)
    output.say(str(made))
    left, line = share_of_account(made)
    if line:
        output.say(line)
    status = {"status": "refused", "error": refusal} if refusal else {"status": "planned"}
    account = {} if left is None else {"account_seconds_left": left}
    output.result({**status, "plan": _json.loads(made.to_json()), **account})
    if refusal:
        output.warn(f"error: {refusal}")
    return REFUSED if refusal else 0
