"""Cuts of wires as well as gates, found by qiskit-addon-cutting's own search, which knows one width for all pieces."""

from __future__ import annotations

from dataclasses import dataclass
from math import log, pi

from qiskit import QuantumCircuit
from qiskit.circuit.library import RXXGate, RYYGate, RZZGate
from qiskit_addon_cutting.automated_cut_finding import DeviceConstraints, OptimizationParameters, find_cuts
from qiskit_addon_cutting.instructions import CutWire

from .free import is_free

_WORST = {"rzz": RZZGate(pi / 2), "rxx": RXXGate(pi / 2), "ryy": RYYGate(pi / 2)}
"""Where the overhead of a rotation with a free angle is largest."""
LEAST_WIRE = log(16)
"""Logarithm of the overhead of a cut wire."""
_BACKJUMPS = 200
"""Effort of the search for up to 12 qubits, less for more; it stops earlier where it knows that nothing is better."""


@dataclass(frozen=True)
class Marked:
    """A circuit with ``CutWire`` where wires are cut.

    Attributes:
        circuit: With the marks.
        gates: Indices of its gates that are cut.
        is_best: The search went far enough to know that no other cuts of this width cost less.
    """

    circuit: QuantumCircuit
    gates: frozenset[int]
    is_best: bool


def marked(circuit: QuantumCircuit, width: int) -> Marked | None:
    """Cuts of least overhead so that no piece is wider; None where the search finds none.

    Args:
        circuit: In normal form.
        width: Of the widest piece.
    """
    skeleton, places = QuantumCircuit(circuit.num_qubits), list[int]()
    for i, item in enumerate(circuit.data):
        if len(item.qubits) == 2:
            operation = _WORST[item.name] if is_free(item.params) else item.operation
            skeleton.append(operation, [circuit.find_bit(bit).index for bit in item.qubits])
            places.append(i)
    if width < 2 or not places:
        return None
    try:
        found, known = find_cuts(
            skeleton,
            OptimizationParameters(seed=0, max_backjumps=int(_BACKJUMPS * min(1.0, 12 / circuit.num_qubits) ** 2)),
            DeviceConstraints(qubits_per_subcircuit=width),
        )
    except ValueError:  # a gate that it cannot cut, or no cut that is good enough
        return None
    return Marked(*_carried_over(circuit, found, places), bool(known["minimum_reached"]))


def _carried_over(
    circuit: QuantumCircuit, found: QuantumCircuit, places: list[int]
) -> tuple[QuantumCircuit, frozenset[int]]:
    """The cuts of the skeleton, which has the same two-qubit gates in the same order, in the circuit itself."""
    wires: dict[int, list[int]] = {}
    cut, number = set[int](), 0
    for item in found.data:
        if item.name == "cut_wire":
            wires.setdefault(places[number], []).append(found.find_bit(item.qubits[0]).index)
            continue
        if item.operation.name.startswith("qpd"):
            cut.add(places[number])
        number += 1
    made, gates = QuantumCircuit(circuit.num_qubits), set[int]()
    for i, item in enumerate(circuit.data):
        for qubit in wires.get(i, ()):
            made.append(CutWire(), [qubit])
        if i in cut:
            gates.add(len(made.data))
        made.append(item.operation, [circuit.find_bit(bit).index for bit in item.qubits])
    return made, frozenset(gates)
