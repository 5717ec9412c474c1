"""One run: settings, folder, model, devices and trainer, new or resumed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backends.errors import InputError

from ..metrics import by_step
from ..tasks import linear_fit
from . import checkpoint
from .assembly import build_data, build_model, describe, open_topology
from .callbacks import Callback
from .checkpoint import State
from .devices import totals
from .files import remove_partial, write_atomic
from .folder import RunFolder, fresh_folder
from .forecasts import Forecast
from .keeping import Checkpoints
from .lock import FolderLock
from .pricing import make_plan, require_budget
from .settings import RunSettings, option, read_settings
from .snapshots import Snapshots
from .spread import stderr
from .trainer import Trainer
from .versions import versions

if TYPE_CHECKING:
    from qpartition import Dispatcher, Journal, JournalReader, Plan

    from ..forecaster import Forecaster
    from ..tasks import Dataset

DEVICE_OPTIONS = (
    "shots", "mapping", "objective", "packing", "guard", "core_qubits", "wide", "mitigation", "jacobian", "samples",
    "perturbation", "signal", "budget", "wait",
)  # fmt: skip
MEASURED_GRADIENTS = ("parameter-shift", "sampled-shift", "spsa", "twin")


@dataclass
class Run:
    """A run that is ready to train.

    Attributes:
        settings: What was asked for.
        folder: Where it is kept.
        data: Its windows.
        model: Its model.
        trainer: Its trainer, already at the step where the training goes on.
        plan: Where circuits run and what that costs; None for exact simulation.
        dispatcher: Runs the circuits; None for exact simulation.
        lock: Keeps other runs out of the folder until `close`, or until this object is gone.
        journal: The jobs of the run; None for exact simulation.
        begins: True where there was nothing to resume.
    """

    settings: RunSettings
    folder: RunFolder
    data: Dataset
    model: Forecaster
    trainer: Trainer
    plan: Plan | None = None
    dispatcher: Dispatcher | None = None
    lock: FolderLock | None = None
    journal: Journal | JournalReader | None = None
    begins: bool = True

    @property
    def saved_steps(self) -> int | None:
        """Optimiser steps in the checkpoint on disk; None where there is none."""
        keepers = [callback for callback in self.trainer.callbacks if isinstance(callback, Checkpoints)]
        return keepers[0].saved_steps if keepers else None

    def close(self) -> None:
        """Give back what the devices hold open, and let other runs use the folder."""
        with ExitStack() as stack:  # in reverse: devices first, since they may cost by the second
            if self.lock is not None:
                stack.callback(self.lock.release)
            if self.journal is not None:
                stack.callback(self.journal.close)
            if self.dispatcher is not None:
                stack.callback(self.dispatcher.close)

    def fit(self, stop: Callable[[], bool] = lambda: False) -> None:
        """Train to the end, or until ``stop()``; see `Trainer.fit`."""
        self.trainer.fit(stop)

    def draw(self) -> None:
        """Write figures and forecasts; these need the predictions of the last epoch or an exact simulation."""
        from .. import figures

        figures.loss_curves(self.trainer.history.rows, self.folder.loss_figure)
        if self.trainer.forecasts is None and self.dispatcher is not None:
            return
        data, spread = self.data, self.trainer.spread
        scaled = self.trainer.predict(data.x) if self.trainer.forecasts is None else self.trainer.forecasts
        known = Forecast.of(data, scaled, None if spread is None else stderr(spread))
        write_atomic(self.folder.forecasts, known.to_csv())
        known.draw(self.folder.forecast_figure, data.boundary)

    def summary(self) -> dict[str, Any]:
        """The run and its results as plain values."""
        dispatcher, data = self.dispatcher, self.data
        linear = linear_fit(data)
        apart = by_step(data.y, linear.predict(data.x), data.train, data.horizon)
        return {
            "folder": str(self.folder.path),
            "settings": self.settings.to_dict(),
            "parameters": sum(parameter.numel() for parameter in self.model.parameters()),
            "quantum_parameters": self.model.n_quantum_parameters,
            "epochs": self.trainer.epoch,
            "metrics": self.trainer.history.final(),
            "linear_fit": linear.scores.to_dict() | apart,
            "devices": None if dispatcher is None else dispatcher.report().as_dict(),
        }


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
    settings, state = _resumed(given, out) if resume else (_new(given, out), None)
    require_devices(given, settings)
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


def _write_record(folder: RunFolder, record: Mapping[str, Any], plan: Plan | None, devices: Snapshots) -> None:
    """What is run in the folder, and on what."""
    write_atomic(folder.config, json.dumps(record, indent=1) + "\n")
    if plan is not None:
        write_atomic(folder.plan, plan.to_json())
        devices.save(folder.devices)


def _go_on(run: Run, state: State | None, record: dict[str, Any], devices: Snapshots) -> None:
    """Go to where the run stopped; nothing that went before is changed if that fails."""
    if state is not None:
        _require_journal(run, state)
        _restore(run, state, record)
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


def _require_journal(run: Run, state: State) -> None:
    """Refuse to go on without the journal that knows what has been paid."""
    from backends.remote.qpu import RemoteQPU

    devices = [] if run.plan is None or run.plan.live is None else run.plan.live.topology.qpus.values()
    known = state.get("journal") if any(isinstance(qpu, RemoteQPU) for qpu in devices) else None
    if run.journal is not None and known is not None and known != run.journal.run:
        raise InputError(
            f"{run.folder.journal} is not the journal that {run.folder.checkpoint} was saved with: what is paid for would be "
            "paid again; put the run's own journal back, or start a new run in another folder"
        )


def _new(given: Mapping[str, Any], out: Path | None) -> RunSettings:
    if out is not None:
        RunFolder(out).require_empty()
    return RunSettings(**given)


def _resumed(given: Mapping[str, Any], out: Path | None) -> tuple[RunSettings, State | None]:
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
                f"{folder.checkpoint} is of another run: its {option(odd)} is {getattr(settings, odd)},"
                f" that of config.json {getattr(started, odd)}; put the run's own checkpoint back"
            )
        return (started or settings).resumed(given), state
    if started is not None:
        return started.resumed(given), None
    folder.require_empty()
    return RunSettings(**given), None


def _stored(path: Path, state: State) -> RunSettings:
    try:
        return RunSettings.from_dict(state["settings"])
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def require_devices(given: Mapping[str, Any], settings: RunSettings) -> None:
    """Refuse options that mean nothing without devices, or nothing with them, or nothing to the gradient."""
    for name in DEVICE_OPTIONS:
        if name in given and not settings.qpu:
            raise InputError(
                f"{option(name)} needs devices, exact simulation has no use for it; add --qpu, or leave it out"
            )
    if "wait" in given and not any(spec.startswith("ibm:") for spec in settings.qpu):
        raise InputError(
            "--wait is for real devices, simulated ones have no queue; add --qpu ibm:NAME, or leave it out"
        )
    if given.get("gradient") in MEASURED_GRADIENTS and not settings.qpu:
        raise InputError(
            f"--gradient {settings.gradient} needs devices, exact simulation differentiates exactly;"
            " add --qpu, or leave it out"
        )
    if given.get("train_shots") is not None and settings.qpu:
        raise InputError(
            "--train-shots is for exact simulation, devices have shot noise of their own (--shots);"
            " leave out --qpu or --train-shots"
        )
    for name, gradient in (("samples", "sampled-shift"), ("perturbation", "spsa")):
        if name in given and settings.gradient != gradient:
            raise InputError(
                f"{option(name)} means nothing to --gradient {settings.gradient}; add --gradient {gradient}, or leave it out"
            )


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


def _restore(run: Run, state: State, record: Mapping[str, Any]) -> None:
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
