"""The snapshot of a device in `qiskit_ibm_runtime`, read from its two files as that package reads them.

Importing the package loads its client of the cloud, which takes longer than all that is done with a snapshot here.
What is not known here is refused, never guessed: `backends.fakes` then asks the package itself.
"""

from __future__ import annotations

import ast
import json
import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from qiskit.circuit import (
    CONTROL_FLOW_OP_NAMES,
    ForLoopOp,
    IfElseOp,
    Instruction,
    Parameter,
    SwitchCaseOp,
    WhileLoopOp,
)
from qiskit.circuit.library.standard_gates import get_standard_gate_name_mapping
from qiskit.transpiler import InstructionProperties, QubitProperties, Target
from qiskit.utils.units import apply_prefix

from .device import MAX_SHOTS, REP_DELAY, Device

Where = tuple[int, ...]
Values = dict[str, float]
Table = dict[Where, InstructionProperties | None]

_CONTROL_FLOW = {
    "if_else": IfElseOp, "while_loop": WhileLoopOp, "for_loop": ForLoopOp, "switch_case": SwitchCaseOp,
}  # fmt: skip
_NOT_UNITARY = {"measure", "delay", "reset"}
_QUBIT_VALUES = {
    "T1", "T2", "frequency", "anharmonicity", "readout_error", "readout_length", "prob_meas0_prep1", "prob_meas1_prep0",
}  # fmt: skip
_GATE_VALUES = {"gate_error", "gate_length"}
_CLASS_VALUES = {"dirname", "conf_filename", "props_filename", "backend_name", "_physical_qubits"}


class UnfamiliarError(Exception):
    """A snapshot holds something that is not known here."""


def read_device(folder: Path, name: str) -> Device:
    """The device of a snapshot.

    Args:
        folder: Of the snapshot, with its class in ``fake_*.py``.
        name: Of the QPU.

    Raises:
        UnfamiliarError: For anything that is not known here.
    """
    try:
        files = _files(folder)
        configuration, properties = (json.loads((folder / file).read_bytes()) for file in files)
        return _device(name, configuration, properties)
    except (LookupError, TypeError, ValueError, AttributeError, OSError, SyntaxError) as error:
        raise UnfamiliarError(f"{folder}: {error!r}") from error


def _files(folder: Path) -> tuple[str, str]:
    """The names of the two files, if the class of the snapshot does nothing but name them."""
    (module,) = folder.glob("fake_*.py")
    (body,) = (node.body for node in ast.parse(module.read_text()).body if isinstance(node, ast.ClassDef))
    named: dict[str, ast.expr] = {}
    for node in body:
        match node:
            case ast.Expr(value=ast.Constant()):  # the docstring
                pass
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in _CLASS_VALUES:
                named[name] = value
            case _:
                raise UnfamiliarError(f"{module}: the class does more than to name its files")
    return ast.literal_eval(named["conf_filename"]), ast.literal_eval(named["props_filename"])


def _device(name: str, configuration: dict[str, Any], properties: dict[str, Any]) -> Device:
    usual = (configuration.get("default_rep_delay") or 0) or 1e6 * REP_DELAY
    delays = configuration.get("rep_delay_range") or (usual, usual)
    return Device(
        name,
        _target(configuration, properties),
        usual * 1e-6,
        int(configuration.get("max_shots") or MAX_SHOTS),
        datetime.fromisoformat(properties["last_update_date"]).isoformat(timespec="seconds"),
        (1e-6 * min(delays), 1e-6 * max(delays)),
    )


def _target(configuration: dict[str, Any], properties: dict[str, Any]) -> Target:
    """As `qiskit_ibm_runtime.utils.backend_converter.convert_to_target` makes it of a fake backend."""
    qubits = [_values(items, _QUBIT_VALUES) for items in properties["qubits"]]
    if len(qubits) != configuration["n_qubits"] or not all(qubits):
        raise UnfamiliarError("some qubits have no values")
    operations = _operations(configuration)
    tables = _tables(configuration, properties, operations, qubits)
    dt = configuration.get("dt")
    target = Target(
        num_qubits=len(qubits),
        dt=None if dt is None else dt * 1e-9,
        qubit_properties=[QubitProperties(q.get("T1"), q.get("T2"), q.get("frequency")) for q in qubits],
        **configuration.get("timing_constraints", {}),
    )
    for name, operation in operations.items():
        if name in _CONTROL_FLOW:
            target.add_instruction(operation, name=name)
        else:
            bounds = [(0, math.pi / 2)] if name == "rzz" else None
            target.add_instruction(operation, tables[name], name=name, angle_bounds=bounds)
    return target


def _operations(configuration: dict[str, Any]) -> dict[str, Instruction | type[Instruction]]:
    """Name -> instruction, in the order of the names."""
    standard = get_standard_gate_name_mapping()
    supported = _supported(configuration)
    names = set(configuration["basis_gates"]) | supported & (_NOT_UNITARY | CONTROL_FLOW_OP_NAMES)
    own = {each["name"]: each for each in configuration.get("instruction_signatures") or ()}
    found: dict[str, Instruction | type[Instruction]] = {}
    for name in sorted(names | set(own)):
        if name in own:
            parameters = [Parameter(parameter) for parameter in own[name]["parameters"]]
            found[name] = Instruction(name, own[name]["num_qubits"], own[name]["num_clbits"], parameters)
        else:
            found[name] = _CONTROL_FLOW[name] if name in _CONTROL_FLOW else standard[name]
    return found


def _supported(configuration: dict[str, Any]) -> set[str]:
    return set(configuration.get("supported_instructions") or _NOT_UNITARY)


def _tables(
    configuration: dict[str, Any], properties: dict[str, Any], names: Mapping[str, object], qubits: list[Values]
) -> dict[str, Table | None]:
    """Where every instruction can be applied, with error and duration; None: anywhere, ideally."""
    everywhere = [(q,) for q in range(len(qubits))]
    gates = {gate["name"]: gate.get("coupling_map") or () for gate in configuration["gates"]}
    tables: dict[str, Table] = {name: dict.fromkeys(map(tuple, gates.get(name, ()))) for name in names}
    for name, where, values in _gates(properties):
        if name in tables:
            tables[name][where] = _properties(values, "gate_error", "gate_length")
    tables["measure"] = {
        where: _properties(values, "readout_error", "readout_length")
        for where, values in zip(everywhere, qubits, strict=True)
    }
    for name in _supported(configuration) & _NOT_UNITARY:
        tables[name] = tables[name] or dict.fromkeys(everywhere)
    return {name: table or None for name, table in tables.items()}


def _gates(properties: dict[str, Any]) -> Iterator[tuple[str, Where, Values]]:
    """Name, qubits and values of the calibrated gates."""
    standard = get_standard_gate_name_mapping()
    for gate in properties["gates"]:
        if gate.get("name") in standard:  # the package drops some of these
            raise UnfamiliarError(f"gate {gate['name']!r} has no name of its own")
        yield gate["gate"], tuple(gate["qubits"]), _values(gate["parameters"], _GATE_VALUES)


def _properties(values: Values, error: str, duration: str) -> InstructionProperties:
    return InstructionProperties(error=values.get(error), duration=values.get(duration))


def _values(items: list[dict[str, Any]], known: set[str]) -> Values:
    """Name -> value in SI units. Others than the known names may say that something does not work."""
    strange = [item["name"] for item in items if item["name"] not in known]
    if strange:
        raise UnfamiliarError(f"unknown values {strange}")
    return {item["name"]: apply_prefix(item["value"], item["unit"]) for item in items}
