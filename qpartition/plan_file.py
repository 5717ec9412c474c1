"""Plans as JSON."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

from backends.errors import InputError

from .counts import Counts

if TYPE_CHECKING:
    from .planning import Plan

FORMAT = 2
SETTINGS: dict[str, tuple[type, ...]] = {
    "batch": (int,), "steps": (int,), "shots": (int, type(None)), "gradient": (str,), "jacobian": (str,),
    "samples": (int,), "packing": (bool,), "mitigation": (list,), "note": (str,),
}  # fmt: skip


@dataclass(frozen=True)
class PlacedCircuit:
    """One sub-VQC on its core.

    Attributes:
        key: Of the sub-VQC.
        core: Name of the core.
        qubits: Width of the sub-VQC.
        parameters: Encoding angles and weights.
        active: Parameters with any influence on the outputs; only these are ever shifted.
        two_qubit_gates: In the ISA circuit, routing included.
        depth: Of the ISA circuit.
        seconds: Duration of one shot, measurement included, without rep_delay.
        fidelity: Expected, see `backends.qpu.Profile`.
    """

    key: str
    core: str
    qubits: int
    parameters: int
    active: int
    two_qubit_gates: int
    depth: int
    seconds: float
    fidelity: float


def costs(plan: Plan) -> dict[str, Counts | None]:
    """Everything a plan has a price for."""
    return {
        "calibration": plan.calibration,
        "forward": plan.forward,
        "step": plan.step,
        "epoch": plan.epoch,
        "run": plan.run,
    }


def to_json(plan: Plan) -> str:
    """Everything but the devices."""
    document = {
        "format": FORMAT,
        **{name: getattr(plan, name) for name in SETTINGS},
        "mitigation": list(plan.mitigation),
        "circuits": [asdict(circuit) for circuit in plan.circuits],
        **{name: None if cost is None else cost.as_dict() for name, cost in costs(plan).items()},
    }
    return json.dumps(document, indent=1)


def from_json(path: Path) -> dict[str, Any]:
    """The fields of a saved plan.

    Raises:
        InputError: If the file is missing or does not hold a plan.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            f"cannot read the plan {path}: {error.strerror}; give the path that save() was given"
        ) from None
    except ValueError as error:
        raise InputError(f"{path} is not JSON ({error}); make the plan again") from None
    try:
        return _fields(document)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} does not hold a plan ({error!r}); make the plan again") from None


def _fields(document: dict[str, Any]) -> dict[str, Any]:
    if document["format"] != FORMAT:
        raise ValueError(f"format {document['format']!r}, this version reads {FORMAT}")
    settings = {name: document[name] for name in SETTINGS}
    for name, types in SETTINGS.items():
        if not isinstance(settings[name], types):
            raise TypeError(f"{name}={settings[name]!r}")
    circuits = tuple(
        PlacedCircuit(**{f.name: entry[f.name] for f in fields(PlacedCircuit)}) for entry in document["circuits"]
    )
    priced = {name: Counts.from_dict(document[name]) for name in ("calibration", "forward", "step")}
    known = {name: None if document[name] is None else Counts.from_dict(document[name]) for name in ("epoch", "run")}
    settings["mitigation"] = tuple(str(name) for name in settings["mitigation"])
    return {**settings, "circuits": circuits, **priced, **known}


def write(path: Path, content: str) -> None:
    """Write a text file, all or nothing.

    Raises:
        InputError: If the folder is missing or cannot be written to.
    """
    temporary = None
    try:
        with NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = file.name
            file.write(content)
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        raise InputError(f"cannot write {path}: {error.strerror}; give a path in a folder you can write to") from None
