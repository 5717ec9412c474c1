"""From a run's folder to a `Record`. Nothing is changed there, nothing is run, nobody is asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backends.errors import InputError, shown

from ..training.folder import RunFolder
from ..training.history import Row, parse_csv
from ..training.settings import RunSettings, read_settings
from .record import Jobs, Record, Saved

if TYPE_CHECKING:
    from qpartition import Plan, Topology

    from ..tasks import Dataset
    from ..training.forecasts import Forecast
    from ..training.trained import Trained

WIDEST = 14
"""Qubits of the widest circuit whose forecasts are simulated exactly for a report; more would take minutes."""


def collect(path: Path | str) -> Record:
    """Read a run's folder.

    Raises:
        InputError: If there is no run, or a file of it is damaged.
    """
    folder = RunFolder(Path(path))
    if not folder.config.is_file():
        raise InputError(f"there is no run in {folder.path}: it has no {folder.config.name}; give the folder of a run")
    settings = read_settings(folder.config)
    described = _described(folder.config)
    saved, rows = _saved(folder)
    listed = tuple(parse_csv(folder.metrics)) if folder.metrics.exists() else ()
    rows = max(rows, listed, key=len)  # the checkpoint is written first
    data, data_note = _data(settings, described["data"])
    exact, exact_note = _exact(saved, data)
    plan = _plan(folder) if settings.qpu else None
    topology, topology_note = _topology(folder, settings, plan)
    return Record(
        folder.path.resolve().name, settings, described, rows, saved, data, data_note, _forecast(folder, settings, data),
        exact, exact_note, plan, _jobs(folder) if settings.qpu else None, topology, topology_note,
    )  # fmt: skip


def _described(path: Path) -> dict[str, dict[str, Any]]:
    """What ``config.json`` says beside the settings; runs of earlier versions say less."""
    record = json.loads(path.read_text())  # has been read before
    found = {name: record.get(name, {}) for name in ("model", "data", "versions")}
    for name, value in found.items():
        if not isinstance(value, dict):
            raise InputError(f"{path} is damaged: its {name!r} is {shown(value)}; restore it from a copy")
    return found


def _saved(folder: RunFolder) -> tuple[Saved | None, tuple[Row, ...]]:
    """The checkpoint and its history; none where the run had not saved yet."""
    if not folder.checkpoint.exists():
        return None, ()
    from qpartition import Counts

    from ..training import checkpoint
    from ..training.recipe import require_count
    from ..training.trained import Trained

    trained = Trained.load(folder.path)
    state = checkpoint.load(folder.checkpoint)["trainer"]
    try:
        for name in ("epoch", "batch"):
            require_count(name, state[name], least=0)
        executor = state["executor"]
        counts = None if executor is None else Counts.from_dict(executor)
        rows = tuple({str(name): value for name, value in row.items()} for row in state["history"])
    except (KeyError, TypeError, AttributeError, InputError) as error:
        raise InputError(f"{folder.checkpoint} is damaged ({error}); restore it from a copy") from error
    return Saved(trained, state["epoch"], state["batch"], counts), rows


def _data(settings: RunSettings, described: Mapping[str, Any]) -> tuple[Dataset | None, str]:
    """The windows once more, if the task still gives those of the run."""
    from ..training.assembly import build_data, describe

    name = Path(settings.task).name
    try:
        data = build_data(settings)
    except InputError as error:
        return None, str(error)
    if describe(data)["sha256"] != described.get("sha256"):
        return None, f"the data of {name} are not those that the run was trained on"
    return data, ""


def _forecast(folder: RunFolder, settings: RunSettings, data: Dataset | None) -> Forecast | None:
    from ..training.forecasts import Forecast

    if not folder.forecasts.exists():
        return None
    return Forecast.read(folder.forecasts, Path(settings.task).name if data is None else data.series.name)


def _exact(saved: Saved | None, data: Dataset | None) -> tuple[Forecast | None, str]:
    """Forecasts of the saved weights without any noise."""
    from ..training.forecasts import Forecast
    from ..training.prediction import predict

    if saved is None:
        return None, "nothing was saved yet"
    if data is None:
        return None, "the data are not there"
    width = _width(saved.trained)
    if width > WIDEST:
        return None, f"exact simulation of {width} qubits takes too long for a report, the limit is {WIDEST}"
    return Forecast.of(data, predict(saved.trained.model, data.x)), ""


def _width(trained: Trained) -> int:
    """Qubits of the widest circuit."""
    return max(int(circuit.num_qubits) for circuit in trained.model.circuits())


def _plan(folder: RunFolder) -> Plan | None:
    from qpartition import Plan

    return Plan.load(folder.plan) if folder.plan.exists() else None


def _jobs(folder: RunFolder) -> Jobs | None:
    from qpartition import Journal

    if not folder.journal.exists():
        return None
    with Journal.read(folder.journal) as journal:
        return Jobs(tuple(journal.entries()), tuple(journal.moves()))


def _topology(folder: RunFolder, settings: RunSettings, plan: Plan | None) -> tuple[Topology | None, str]:
    """The devices with the calibration that the run went by; a real one is never asked for today's."""
    from qpartition import Topology

    from ..training.snapshots import Snapshots

    if plan is None:
        return None, "there is no plan"
    snapshots = Snapshots.read(folder.devices)
    unknown = [spec for spec in settings.qpu if spec.startswith("ibm:") and spec not in snapshots.known]
    if unknown:
        return None, f"the calibration of {', '.join(unknown)} was not kept"
    width = max(len(circuit.physical) for circuit in plan.circuits)
    devices = Topology([snapshots.open(spec) for spec in settings.qpu], width, settings.guard)
    for circuit in plan.circuits:
        core = devices.by_name.get(circuit.core)
        if core is None or core.qubits != circuit.physical:
            return None, f"this version divides the devices differently: it does not know the core {circuit.core}"
    return devices, ""
