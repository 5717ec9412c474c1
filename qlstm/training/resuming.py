"""Where a run stopped: its settings and its checkpoint, and whether both belong together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from backends.errors import InputError, unknown_name

from . import checkpoint
from .checkpoint import State
from .folder import RunFolder
from .run import Run
from .settings import RunSettings, option, read_settings, written


def fresh_settings(given: Mapping[str, Any], out: Path | None, *, resumable: bool = True) -> RunSettings:
    """Settings of a new run in ``out``, which must not hold another; ``resumable`` as in `RunFolder.require_empty`."""
    if out is not None:
        RunFolder(out).require_empty(resumable=resumable)
    known = {field.name for field in fields(RunSettings)}
    if odd := next((name for name in given if name not in known), None):
        raise unknown_name("setting", odd, known)
    if "task" not in given:
        raise InputError("the settings name no task; add task=, such as 'pendulum' or the path of a CSV file")
    return RunSettings(**given)


def resumed(given: Mapping[str, Any], out: Path | None) -> tuple[RunSettings, State | None]:
    """Settings and checkpoint of the run in ``out``; no checkpoint if it did not get that far."""
    if out is None:
        raise InputError("--resume does not say which run to go on with; name its folder with --out")
    folder = RunFolder(out)
    started = read_settings(folder.config) if folder.config.exists() else None
    if folder.checkpoint.exists():
        state = checkpoint.load(folder.checkpoint)
        settings = _stored(folder.checkpoint, state)
        if started is not None and (odd := started.difference(settings)):
            raise InputError(
                f"{folder.checkpoint} is of another run: its {option(odd)} is {written(getattr(settings, odd))},"
                f" that of config.json {written(getattr(started, odd))}; put the run's own checkpoint back"
            )
        return (started or settings).resumed(given), state
    if started is not None:
        return started.resumed(given), None
    return fresh_settings(given, out), None


def _stored(path: Path, state: State) -> RunSettings:
    try:
        return RunSettings.from_dict(state["settings"])
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def restore(run: Run, state: State, record: Mapping[str, Any]) -> None:
    """Bring a run to where its checkpoint was saved.

    Args:
        run: As opened.
        state: The checkpoint.
        record: What the run would write to its configuration now.

    Raises:
        InputError: For a checkpoint of other data or another model, or one that is further than ``epochs``.
    """
    if state["data"].get("sha256") != record["data"]["sha256"]:
        raise InputError(
            f"the data of {run.settings.task!r} are not those the run was started with ({state['data'].get('source')});"
            " give the same TASK, or start a new run in another folder"
        )
    if state["model"] != checkpoint.plain(record["model"]):
        raise InputError(f"{run.folder.checkpoint} is of another model; resume with the version of qlstm that wrote it")
    run.trainer.load_state_dict(state["trainer"])
    begun = run.trainer.epoch + (run.trainer.batch > 0)
    if run.settings.epochs < begun:
        raise InputError(
            f"--epochs is {run.settings.epochs}, but the run is already in epoch {begun}; give at least {begun}"
        )


def require_journal(run: Run, state: State) -> None:
    """Refuse to go on without the journal that knows what has been paid."""
    from backends.remote.qpu import RemoteQPU

    devices = [] if run.plan is None or run.plan.live is None else run.plan.live.topology.qpus.values()
    known = state.get("journal") if any(isinstance(qpu, RemoteQPU) for qpu in devices) else None
    if run.journal is not None and known is not None and known != run.journal.run:
        raise InputError(
            f"{run.folder.journal} is not the journal that {run.folder.checkpoint} was saved with: what is paid for would be "
            "paid again; put the run's own journal back, or start a new run in another folder"
        )
