"""A run opened: settings, data, model, devices and trainer put together in a folder, new or resumed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .assembly import build_data, build_model, describe, open_topology
from .callbacks import Callback
from .checkpoint import State
from .devices import totals
from .files import remove_partial, write_atomic
from .folder import RunFolder, fresh_folder
from .keeping import Checkpoints
from .lock import FolderLock
from .pricing import make_plan, require_budget
from .resuming import fresh_settings, require_journal, restore, resumed
from .rules import TRAINING
from .run import Run
from .settings import RunSettings
from .snapshots import Snapshots
from .trainer import Trainer
from .unused import require_used
from .versions import versions

if TYPE_CHECKING:
    from qpartition import Dispatcher, Journal, JournalReader, Plan


def open_run(
    given: Mapping[str, Any],
    out: str | Path | None,
    *,
    resume: bool = False,
    replay: str | Path | None = None,
    callbacks: Sequence[Callback] = (),
) -> Run:
    """A new run, or the one in ``out`` where it stopped.

    Args:
        given: Settings that differ from the defaults, or from those of the run that is resumed.
        out: Folder of the run; None for a fresh one under ``runs/``.
        resume: Go on with the run in ``out``; a folder without a checkpoint starts from the beginning.
        replay: Folder of a run on devices that is done again from its journal alone: nothing is submitted, and no
            service is asked. Its settings are those of ``given`` too.
        callbacks: Told about every step and epoch.

    Raises:
        InputError: For bad settings, a folder that is in use, or a checkpoint that does not fit; nothing is changed.
        BudgetError: If the training would cost more than its budget.
    """
    path = None if out is None else Path(out)
    lock = None if path is None or not path.is_dir() else FolderLock(path)
    try:
        return _open(given, path, lock, resume, None if replay is None else RunFolder(Path(replay)), callbacks)
    except BaseException:
        if lock is not None:
            lock.release()
        raise


def _open(
    given: Mapping[str, Any],
    out: Path | None,
    lock: FolderLock | None,
    resume: bool,
    replay: RunFolder | None,
    callbacks: Sequence[Callback],
) -> Run:
    settings, state = resumed(given, out) if resume else (fresh_settings(given, out, resumable=replay is None), None)
    require_used(given, settings, TRAINING)
    data = build_data(settings)
    model = build_model(settings, data)
    folder = RunFolder(out or Path())
    begins = not (resume and (state is not None or folder.config.exists()))
    devices = Snapshots.read((replay or folder).devices) if resume or replay else Snapshots()
    plan = None
    if settings.qpu:
        plan = make_plan(settings, model, data, open_topology(settings, model, devices))
        if begins and plan.epoch is not None:
            require_budget(settings, plan.epoch.qpu_seconds, settings.epochs, plan.calibration.qpu_seconds)
    record = {
        "settings": settings.to_dict(), "model": model.config, "data": describe(data), "versions": versions(),
    }  # fmt: skip
    folder, lock = _occupied(folder, lock, settings, out, begins)
    if begins:  # before the journal: a folder with one and no configuration could not be resumed
        _write_record(folder, record, plan, devices)
    journal, dispatcher = _connected(plan, settings, folder, replay)
    model.executor = dispatcher
    trainer = Trainer(model, data, settings, callbacks)
    run = Run(settings, folder, data, model, trainer, plan, dispatcher, lock, journal, begins)
    try:
        _go_on(run, state, record, devices)
    except BaseException:
        run.close()
        raise
    return run


def _go_on(run: Run, state: State | None, record: dict[str, Any], devices: Snapshots) -> None:
    """Go to where the run stopped; nothing that went before is changed if that fails."""
    if state is not None:
        require_journal(run, state)
        restore(run, state, record)
    if not run.begins and run.plan is not None and run.plan.epoch is not None:
        spent = totals(run.dispatcher)["qpu_seconds"] or run.plan.calibration.qpu_seconds
        require_budget(run.settings, run.plan.epoch.qpu_seconds, run.settings.epochs - run.trainer.epoch, spent)
    folder, trainer = run.folder, run.trainer
    remove_partial(folder.path)
    if not run.begins and (not trainer.finished or not folder.config.exists()):
        _write_record(folder, record, run.plan, devices)
    if state is not None and not folder.metrics.exists():
        write_atomic(folder.metrics, trainer.history.to_csv())
    kept = record if run.journal is None else {**record, "journal": run.journal.run}
    trainer.callbacks = (Checkpoints(folder, kept, None if state is None else trainer.steps), *trainer.callbacks)


def _write_record(folder: RunFolder, record: Mapping[str, Any], plan: Plan | None, devices: Snapshots) -> None:
    """What is run in the folder, and on what."""
    write_atomic(folder.config, json.dumps(record, indent=1) + "\n")
    if plan is not None:
        write_atomic(folder.plan, plan.to_json())
        devices.save(folder.devices)


def _occupied(
    folder: RunFolder, lock: FolderLock | None, settings: RunSettings, out: Path | None, begins: bool
) -> tuple[RunFolder, FolderLock]:
    """Take the folder, only when all that can be checked before has been."""
    if out is None:
        folder = fresh_folder(settings.task)
    elif begins:
        folder.make()
    lock = lock or FolderLock(folder.path)
    if begins:
        folder.create()
    return folder, lock


def _connected(
    plan: Plan | None, settings: RunSettings, folder: RunFolder, replay: RunFolder | None
) -> tuple[Journal | JournalReader | None, Dispatcher | None]:
    """The journal and the dispatcher of a run on devices; of one that is replayed, the journal of that one."""
    if plan is None:
        return None, None
    from backends.remote.retry import RetryPolicy
    from qpartition import Dispatcher, Journal

    journal = Journal(folder.journal) if replay is None else Journal.read(replay.journal)
    try:
        return journal, Dispatcher(
            plan,
            journal=journal,
            budget_seconds=settings.budget,
            seed=settings.seed,
            retry=RetryPolicy(wait=settings.wait),
            keep_local=False,  # simulated again as fast as they are read, and of any number
        )
    except BaseException:
        journal.close()
        raise
