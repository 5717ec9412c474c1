"""A circuit in a form that can be cut: every gate with a free angle is a Pauli rotation on one or two qubits."""

from __future__ import annotations

from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction, Gate, ParameterExpression

from backends.errors import InputError

ROTATIONS = ("rx", "ry", "rz", "rxx", "ryy", "rzz")
"""exp(-i angle P / 2) with a Pauli string P: the two-term shift rule is exact for them."""
_CONTROLLED = {"crz": (), "crx": ("h",), "cry": ("sdg", "h")}
"""Controlled rotations, and what turns their axis into Z: gates before; their inverses come after."""


def normal_form(circuit: QuantumCircuit) -> QuantumCircuit:
    """The same circuit up to a global phase, without measurements; gates with fixed angles are left alone.

    Raises:
        InputError: For classical bits, a gate on more than two qubits, or one with free angles that is no rotation.
    """
    if circuit.num_clbits:
        raise InputError(f"circuit {circuit.name!r} has classical bits; give it without measurements")
    made = QuantumCircuit(circuit.num_qubits)
    for item in circuit.data:
        qubits = [circuit.find_bit(bit).index for bit in item.qubits]
        if item.name == "barrier":
            continue
        if len(qubits) > 2:
            raise InputError(
                f"gate {item.name!r} is on {len(qubits)} qubits; decompose it into gates on one and two before cutting"
            )
        free = [value for value in item.params if isinstance(value, ParameterExpression) and value.parameters]
        if free:
            _append_rotation(made, item, qubits)
        elif isinstance(item.operation, Gate) or item.name in ("cut_wire", "move"):
            made.append(item.operation, qubits)
        else:
            raise InputError(f"{item.name!r} is no gate; a circuit to be cut has gates and barriers only")
    return made


def _append_rotation(made: QuantumCircuit, item: CircuitInstruction, qubits: list[int]) -> None:
    name, angles = item.name, list(item.params)
    if name in ROTATIONS:
        made.append(item.operation, qubits)
    elif name == "p":
        made.rz(angles[0], qubits[0])
    elif name in _CONTROLLED:
        control, target = qubits
        turns = _CONTROLLED[name]
        for turn in turns:
            getattr(made, turn)(target)
        made.rz(angles[0] / 2, target)
        made.rzz(-angles[0] / 2, control, target)
        for turn in reversed(turns):
            getattr(made, {"sdg": "s"}.get(turn, turn))(target)
    elif name == "cp":
        made.rz(angles[0] / 2, qubits[0])
        made.rz(angles[0] / 2, qubits[1])
        made.rzz(-angles[0] / 2, *qubits)
    elif name == "rzx":
        made.h(qubits[1])
        made.rzz(angles[0], *qubits)
        made.h(qubits[1])
    else:
        raise InputError(
            f"gate {name!r} has free angles and cannot be cut or shifted; use rotations ({', '.join(ROTATIONS)}), p, cp, "
            "rzx, crx, cry or crz"
        )
