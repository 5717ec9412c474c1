"""Plans as JSON."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from backends.errors import InputError, check_name, shown
from backends.whole import whole

from .counts import Counts
from .cutting.fitting import CutSummary
from .export import write_whole
from .gradients import GRADIENTS
from .mitigation import Mitigation
from .workload import JacobianMode

if TYPE_CHECKING:
    from .planning import Plan

FORMAT = 6
SETTINGS: dict[str, tuple[type, ...]] = {
    "batch": (int,), "steps": (int,), "shots": (int, type(None)), "gradient": (str,), "jacobian": (str,),
    "samples": (int,), "packing": (bool,), "mitigation": (list,), "folds": (list,),
    "note": (str,),
    "advice": (list,),
}  # fmt: skip


_NUMBER = (int, float)
CIRCUIT: dict[str, tuple[type, ...]] = {
    "key": (str,), "core": (str,), "physical": (list,), "qubits": (int,), "parameters": (int,), "active": (int,),
    "two_qubit_gates": (int,), "depth": (int,), "seconds": _NUMBER, "fidelity": _NUMBER,
}  # fmt: skip


CUT: dict[str, tuple[type, ...]] = {
    "keys": (list,), "qubits": (int,), "widths": (list,), "gates": (int,), "wires": (int,), "overhead": _NUMBER,
    "least_overhead": _NUMBER,
    "subexperiments": (int,), "circuits": (int,),
}  # fmt: skip


@dataclass(frozen=True)
class PlacedCircuit:
    """One sub-VQC on its core.

    Attributes:
        key: Of the sub-VQC.
        core: Name of the core.
        physical: Qubits of the device that the core is made of, in the order of its own qubit numbers.
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
    physical: tuple[int, ...]
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
        "cuts": [asdict(cut) for cut in plan.cuts],
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
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not JSON ({error}); make the plan again") from None
    try:
        return _fields(document)
    except InputError as error:
        raise InputError(f"{path} does not hold a plan: {error}; make the plan again") from None


def _fields(document: object) -> dict[str, Any]:
    if (found := _entry(document, "format")) != FORMAT:
        raise InputError(f"format {shown(found)}, this version reads {FORMAT}")
    settings = {name: _typed(document, name, types) for name, types in SETTINGS.items()}
    mitigation = Mitigation("readout" in settings["mitigation"], tuple(settings["folds"]))
    if list(mitigation.methods) != settings["mitigation"]:
        raise InputError(f"mitigation={shown(settings['mitigation'])} does not go with folds={settings['folds']}")
    check_name("gradient", settings["gradient"], GRADIENTS)
    check_name("jacobian", settings["jacobian"], get_args(JacobianMode))
    if (settings["shots"] or 1) < 1 or min(settings[name] for name in ("batch", "steps", "samples")) < 1:
        raise InputError("batch, steps, samples and shots must be at least 1")
    if not all(isinstance(line, str) for line in settings["advice"]):
        raise InputError(f"advice={shown(settings['advice'])} must be a list of texts")
    settings |= {"mitigation": mitigation.methods, "folds": mitigation.folds, "advice": tuple(settings["advice"])}
    priced = {name: Counts.from_dict(_entry(document, name)) for name in ("calibration", "forward", "step")}
    known = {name: _entry(document, name) for name in ("epoch", "run")}
    known = {name: None if cost is None else Counts.from_dict(cost) for name, cost in known.items()}
    cuts = tuple(map(_cut, _typed(document, "cuts", (list,))))
    return {**settings, "cuts": cuts, "circuits": _circuits(_typed(document, "circuits", (list,))), **priced, **known}


def _cut(entry: object) -> CutSummary:
    fields = {name: _typed(entry, name, types) for name, types in CUT.items()}
    keys, widths = fields["keys"], fields["widths"]
    if not keys or not all(isinstance(key, str) for key in keys):
        raise InputError(f"keys={shown(keys)} of a cut must be a list of texts")
    if not widths or any(whole(width, 1) is None for width in widths):
        raise InputError(f"widths={shown(widths)} of a cut must be a list of positive integers")
    for name, value in fields.items():
        if name not in ("keys", "widths") and not 0 <= value < inf:
            raise InputError(f"{name}={value} of a cut must be a finite number of at least 0")
    return CutSummary(**fields | {"keys": tuple(keys), "widths": tuple(widths)})


def _circuits(entries: list[object]) -> tuple[PlacedCircuit, ...]:
    if not entries:
        raise InputError("it has no circuits")
    circuits = tuple(map(_circuit, entries))
    for key, times in Counter(circuit.key for circuit in circuits).items():
        if times > 1:
            raise InputError(f"{times} circuits are named {key!r}")
    return circuits


def _circuit(entry: object) -> PlacedCircuit:
    fields = {name: _typed(entry, name, types) for name, types in CIRCUIT.items()}
    for name, value in fields.items():
        if isinstance(value, int | float) and not 0 <= value < inf:
            raise InputError(f"{name}={value} of circuit {fields['key']!r} must be a finite number of at least 0")
    if not fields["physical"] or any(whole(qubit) is None for qubit in fields["physical"]):
        raise InputError(f"physical={shown(fields['physical'])} of circuit {fields['key']!r} must be a list of qubits")
    return PlacedCircuit(**fields | {"physical": tuple(fields["physical"])})


def _typed(entry: object, name: str, types: tuple[type, ...]) -> Any:
    """An entry of one of the types; a bool is no number."""
    value = _entry(entry, name)
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        raise InputError(f"{name}={shown(value)} is of the wrong type")
    return value


def _entry(entry: object, name: str) -> Any:
    if not isinstance(entry, dict):
        raise InputError(f"{shown(entry)} stands where {name} should be")
    if name not in entry:
        raise InputError(f"{name} is missing")
    return entry[name]


def write(path: Path, content: str) -> None:
    """Write a text file, all or nothing.

    Raises:
        InputError: If the folder is missing or cannot be written to.
    """
    write_whole(path, content.encode())
