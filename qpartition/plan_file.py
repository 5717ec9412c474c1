"""Plans as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backends.errors import InputError

from .counts import Counts
from .export import write_whole
from .gradients import GRADIENTS
from .mitigation import Mitigation

if TYPE_CHECKING:
    from .planning import Plan

FORMAT = 3
SETTINGS: dict[str, tuple[type, ...]] = {
    "batch": (int,), "steps": (int,), "shots": (int, type(None)), "gradient": (str,), "jacobian": (str,),
    "samples": (int,), "packing": (bool,), "mitigation": (list,), "folds": (list,),
    "note": (str,),
}  # fmt: skip


_NUMBER = (int, float)
CIRCUIT: dict[str, tuple[type, ...]] = {
    "key": (str,), "core": (str,), "qubits": (int,), "parameters": (int,), "active": (int,), "two_qubit_gates": (int,),
    "depth": (int,), "seconds": _NUMBER, "fidelity": _NUMBER,
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
        **{name: getattr(plan, name) for name in SETTINGS},  # tuples become lists
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
    except InputError as error:
        raise InputError(f"{path} does not hold a plan: {error}") from None
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} does not hold a plan ({error!r}); make the plan again") from None


def _fields(document: dict[str, Any]) -> dict[str, Any]:
    if document["format"] != FORMAT:
        raise ValueError(f"format {document['format']!r}, this version reads {FORMAT}")
    settings = {name: _typed(document, name, types) for name, types in SETTINGS.items()}
    mitigation = Mitigation("readout" in settings["mitigation"], tuple(settings["folds"]))
    if list(mitigation.methods) != settings["mitigation"] or settings["gradient"] not in GRADIENTS:
        raise ValueError(f"mitigation={settings['mitigation']}, gradient={settings['gradient']!r}")
    if min(settings["batch"], settings["steps"], settings["samples"], settings["shots"] or 1) < 1:
        raise ValueError("batch, steps, samples and shots must be at least 1")
    settings |= {"mitigation": mitigation.methods, "folds": mitigation.folds}
    circuits = tuple(
        PlacedCircuit(**{name: _typed(entry, name, types) for name, types in CIRCUIT.items()})
        for entry in document["circuits"]
    )
    if not circuits:
        raise ValueError("no circuits")
    priced = {name: Counts.from_dict(document[name]) for name in ("calibration", "forward", "step")}
    known = {name: None if document[name] is None else Counts.from_dict(document[name]) for name in ("epoch", "run")}
    return {**settings, "circuits": circuits, **priced, **known}


def _typed(entry: dict[str, Any], name: str, types: tuple[type, ...]) -> Any:
    """An entry of one of the types; a bool is no number."""
    value = entry[name]
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        raise TypeError(f"{name}={value!r}")
    return value


def write(path: Path, content: str) -> None:
    """Write a text file, all or nothing.

    Raises:
        InputError: If the folder is missing or cannot be written to.
    """
    write_whole(path, content.encode())
