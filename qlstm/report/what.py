"""What was run: task, model, training, devices, versions."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from ..bridge_text import n_bridges, write_bridges
from ..training.history import OVERHEAD
from ..training.settings import RunSettings, option
from .blocks import Block, Code, Facts, Section, Text
from .record import Record
from .wording import count, number

_ENCODINGS = {"arctan": "arctan", "angle": "angles"}


def section(record: Record) -> Section:
    """The configuration."""
    blocks: list[Block] = [
        Facts("Data", _task(record)),
        Facts("Model", _model(record)),
        Facts("Training", _training(record.settings)),
        _devices(record.settings),
        _versions(record.described["versions"]),
        Text("The same run again:", note=True),
        Code(command(record)),
    ]
    return Section("what", "What was run", blocks)


def summary(record: Record) -> str:
    """The run in a line."""
    settings = record.settings
    parts = "whole gates" if settings.parts == 1 else f"{settings.parts} parts, {settings.partition}"
    if settings.bridges:
        number = n_bridges(settings.bridges)
        parts += f" with {count(number)} {'bridge' if number == 1 else 'bridges'} a layer"
    if settings.linear is not None:
        parts += f" of {count(settings.linear)} qubits between linear layers"
    ahead = f", {count(settings.horizon)} steps ahead" if settings.horizon > 1 else ""
    where = "in exact simulation"
    if settings.qpu:
        shots = "exact expectations" if settings.shots is None else f"{count(settings.shots)} shots"
        where = f"on {', '.join(settings.qpu)} with {shots}"
    return f"Hidden state of {settings.hidden}, {parts}, ansatz {settings.ansatz}{ahead}; {where}."


def command(record: Record) -> str:
    """``qlstm train`` with every option that differs from its default."""
    settings = record.settings
    words = ["qlstm", "train", record.task]
    for name, value in settings.given().items():
        if name != "task":
            words += _words(name, value)
    return shlex.join(words)


def _words(name: str, value: Any) -> Sequence[str]:
    """As they would be typed."""
    if isinstance(value, bool):
        off = {"with_u": "--without-u"}.get(name, "--no-" + name.replace("_", "-"))
        return [option(name) if value else off]
    if name == "features":
        return ["--features", ",".join(value)]
    if name == "bridges":
        return ["--bridges", write_bridges(value)]
    if isinstance(value, tuple):
        return [word for one in value for word in (option(name), one)]
    if value is None:  # only shots differ from their default by being none
        return [option(name), "0"]
    return [option(name), f"{value:g}" if isinstance(value, float) else str(value)]


def _task(record: Record) -> list[tuple[str, str]]:
    settings, data = record.settings, record.described["data"]
    names = data.get("scaler", {}) if isinstance(data.get("scaler"), dict) else {}
    train, windows = data.get("train"), data.get("windows")
    found = [("Task", record.task), ("Series", str(data.get("source") or data.get("name") or ""))]
    found += [("Forecasts", _names(names, "target")), ("Sees", _names(names, "features"))]
    if isinstance(train, int) and isinstance(windows, int):
        found.append(("Windows", f"{count(windows)}: {count(train)} train, the last {count(windows - train)} test"))
    ahead = "the next one is" if settings.horizon == 1 else f"the next {count(settings.horizon)} are"
    found.append(("Window", f"{settings.window} past values, {ahead} forecast"))
    found.append(("Scaling", "of the training part only" if settings.scaling == "train" else "of the whole series"))
    return [(name, value) for name, value in found if value]


def _names(scaler: Mapping[str, Any], kind: str) -> str:
    part = scaler.get(kind)
    names = part.get("names") if isinstance(part, dict) else None
    return ", ".join(map(str, names)) if isinstance(names, list) else ""


def _model(record: Record) -> list[tuple[str, str]]:
    settings, saved = record.settings, record.saved
    ansatz = record.described["model"].get("ansatz")
    found = [
        ("Hidden state", f"{settings.hidden} values"),
        ("Circuits", f"4 gates \N{MULTIPLICATION SIGN} {settings.parts} {'part' if settings.parts == 1 else 'parts'}"),
        *(
            []
            if settings.linear is None
            else [("Linear layers", f"to {count(settings.linear)} qubits and back (L-QLSTM)")]
        ),
        ("Partition", settings.partition if settings.parts > 1 else "none, every gate is one circuit"),
        *([("Bridges", _bridges(record))] if settings.bridges else []),
        ("Ansatz", _ansatz(settings.ansatz, ansatz if isinstance(ansatz, dict) else {})),
        ("Head", settings.head),
    ]
    if saved is not None:
        model = saved.trained.model
        widths = sorted({circuit.num_qubits for circuit in model.circuits()})
        total = sum(parameter.numel() for parameter in model.parameters())
        quantum = model.n_quantum_parameters
        found.insert(2, ("Qubits", " and ".join(map(str, widths)) + " per circuit"))
        found.append(("Parameters", f"{count(total)}: {count(quantum)} angles, {count(total - quantum)} classical"))
    return found


def _bridges(record: Record) -> str:
    last, bound = record.last, record.settings.max_overhead
    bridges = record.settings.bridges
    text = f"{count(n_bridges(bridges))} a layer" + ("" if isinstance(bridges, int) else f", {write_bridges(bridges)}")
    if last is not None and OVERHEAD in last:
        text += f"; to cut them takes {number(last[OVERHEAD], 3)} times the shots"
    return text + ("" if bound is None else f", kept below {bound:g} by a penalty")


def _ansatz(name: str, known: Mapping[str, Any]) -> str:
    encoding = _ENCODINGS.get(str(known.get("encoding")), "")
    pieces = [
        f"depth {known['depth']}" if "depth" in known else "",
        f"uploads {known['uploads']}" if known.get("uploads", 1) != 1 else "",
        f"{known['entangler']} entangler" if "entangler" in known else "",
        f"{encoding} encoded" if encoding else "",
    ]
    return ", ".join([name, *filter(None, pieces)])


def _training(settings: RunSettings) -> list[tuple[str, str]]:
    rate = f"{settings.optimizer}, learning rate {settings.lr:g}" + (" falling by cosine" if settings.cosine else "")
    order = "a new order every epoch" if settings.shuffle else "in time order"
    gradient = settings.gradient
    if gradient == "auto":
        gradient = "parameter-shift" if settings.qpu else "exact"
    noise = (
        [("Shot noise", f"of {count(settings.train_shots)} shots, added in training")] if settings.train_shots else []
    )
    return [
        ("Optimiser", rate),
        ("Batches", f"of {settings.batch}, {order}"),
        ("Epochs", count(settings.epochs)),
        ("Gradient", gradient + (f" ({settings.jacobian})" if settings.qpu else "")),
        *noise,
        ("Seed", str(settings.seed)),
    ]


def _devices(settings: RunSettings) -> Block:
    if not settings.qpu:
        return Facts("Devices", [("QPUs", "none: circuits were simulated exactly, without shots or noise")])
    limit = "none" if settings.budget is None else f"{settings.budget:,.10g} QPU seconds"
    return Facts(
        "Devices",
        [
            ("QPUs", ", ".join(settings.qpu)),
            ("Shots", "none: exact expectations" if settings.shots is None else count(settings.shots)),
            ("Mapping", settings.mapping),
            *([] if settings.core_qubits is None else [("Cores", f"of {count(settings.core_qubits)} qubits")]),
            *([("Wider circuits", "cut into pieces" + _limit(settings))] if settings.wide == "cut" else []),
            ("Packing", "cores of a device side by side" if settings.packing else "one circuit at a time"),
            ("Mitigation", ", ".join(settings.mitigation) or "none"),
            ("Budget", limit),
        ],
    )


def _limit(settings: RunSettings) -> str:
    return "" if settings.max_overhead is None else f", for at most {settings.max_overhead:g} times the shots"


def _versions(versions: Mapping[str, Any]) -> Block:
    if not versions:
        return Text("Versions were not recorded: the run was made by an earlier version.", note=True)
    return Facts("Versions", [(str(name), str(value)) for name, value in versions.items()])
