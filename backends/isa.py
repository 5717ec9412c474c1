"""From a circuit to the ISA circuit of a core, once per structure; how long it takes; how it is simulated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeGuard

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter, ParameterExpression
from qiskit.transpiler import Target, generate_preset_pass_manager

from .angles import Angles
from .structure import canonical

FloatArray = NDArray[np.float64]

_SEEDS = (11, 23, 37, 41, 53)
"""Transpiler seeds tried; fixed, so that the same core always gets the same circuit."""
_LEVEL = 3


@dataclass(frozen=True)
class IsaCircuit:
    """A circuit in a core's own gates and qubit numbers.

    Attributes:
        circuit: In the canonical parameters; no measurements.
        parameters: The canonical parameters, one per parameter of the source circuit and in its order.
        wires: Core qubit on which each qubit of the source circuit ends.
        seconds: Duration of one shot, measurement included.
    """

    circuit: QuantumCircuit
    parameters: tuple[Parameter, ...]
    wires: tuple[int, ...]
    seconds: float

    def renamed(self, source: QuantumCircuit) -> QuantumCircuit:
        """The circuit with the parameters of a source circuit of the same structure."""
        names = dict(zip(self.parameters, source.parameters, strict=True))
        used = set(self.circuit.parameters)
        renamed: QuantumCircuit = self.circuit.assign_parameters(
            {old: new for old, new in names.items() if old in used}
        )
        renamed.name = source.name
        return renamed


@dataclass(frozen=True)
class CompactCircuit:
    """What a simulator needs of an ISA circuit: only the qubits in use, one parameter per free angle.

    Attributes:
        circuit: Its free angles are the parameters ``slots``; no global phase, no measurements.
        slots: One parameter per free angle, in the order of ``angles``.
        angles: The free angles as a function of p[0], p[1], ...
        qubits: Core qubit of each qubit of ``circuit``.
        wires: Qubit of ``circuit`` on which each qubit of the source circuit ends.
    """

    circuit: QuantumCircuit
    slots: tuple[Parameter, ...]
    angles: Angles
    qubits: tuple[int, ...]
    wires: tuple[int, ...]


def transpiled(circuit: QuantumCircuit, target: Target) -> IsaCircuit:
    """The best of a few transpilations onto a core, by two-qubit gates, then by depth.

    Args:
        circuit: Without measurements.
        target: The core's own; see `backends.device.cropped_target`.
    """
    source, parameters = canonical(circuit)
    tried = [
        generate_preset_pass_manager(optimization_level=_LEVEL, target=target, seed_transpiler=seed).run(source)
        for seed in _SEEDS
    ]
    best = min(tried, key=lambda isa: (isa.num_nonlocal_gates(), isa.depth()))
    best.global_phase = 0.0  # of no effect, but it may hold parameters that nothing else does
    wires = (
        tuple(best.layout.final_index_layout(filter_ancillas=True)) if best.layout else tuple(range(circuit.num_qubits))
    )
    return IsaCircuit(best, parameters, wires, circuit_seconds(best, target, wires))


def untranspiled(circuit: QuantumCircuit, basis_gates: tuple[str, ...]) -> IsaCircuit:
    """For an ideal core: every qubit in its place, gates outside the basis expanded."""
    manager = generate_preset_pass_manager(optimization_level=0, basis_gates=list(basis_gates))
    source, parameters = canonical(circuit)
    unrolled = manager.run(source)
    unrolled.global_phase = 0.0
    return IsaCircuit(unrolled, parameters, tuple(range(circuit.num_qubits)), 0.0)


def circuit_seconds(circuit: QuantumCircuit, target: Target, wires: tuple[int, ...]) -> float:
    """Duration of one shot: the longest path through the gates, then the slowest measurement of ``wires``."""
    ready = [0.0] * circuit.num_qubits
    for item in circuit.data:
        qubits = tuple(circuit.find_bit(bit).index for bit in item.qubits)
        end = max((ready[q] for q in qubits), default=0.0) + _duration(target, item.name, qubits)
        for q in qubits:
            ready[q] = end
    return max(ready, default=0.0) + max((_duration(target, "measure", (q,)) for q in wires), default=0.0)


def _duration(target: Target, name: str, qubits: tuple[int, ...]) -> float:
    """Duration of an instruction, seconds; 0.0 where the target gives none, as for virtual gates and barriers."""
    if name not in target.operation_names:
        return 0.0
    values = target[name].get(qubits)
    return float(values.duration) if values is not None and values.duration else 0.0


def compact(isa: IsaCircuit) -> CompactCircuit:
    """Drop the qubits that nothing happens on and give every free angle a parameter of its own."""
    source = isa.circuit
    busy = {source.find_bit(bit).index for item in source.data for bit in item.qubits if item.name != "barrier"}
    qubits = tuple(sorted(busy | set(isa.wires)))
    number = {q: i for i, q in enumerate(qubits)}
    small = QuantumCircuit(len(qubits))
    expressions: list[ParameterExpression] = []
    slots: list[Parameter] = []
    for item in source.data:
        if item.name == "barrier":
            continue
        operation = item.operation
        if any(_is_free(value) for value in item.params):
            operation = operation.to_mutable()
            operation.params = [_slot(value, expressions, slots) for value in operation.params]
        small.append(operation, [number[source.find_bit(bit).index] for bit in item.qubits])
    angles = Angles.of(expressions, isa.parameters)
    return CompactCircuit(small, tuple(slots), angles, qubits, tuple(number[q] for q in isa.wires))


def _is_free(value: object) -> TypeGuard[ParameterExpression]:
    return isinstance(value, ParameterExpression) and bool(value.parameters)


def _slot(value: object, expressions: list[ParameterExpression], slots: list[Parameter]) -> object:
    if not _is_free(value):
        return value
    expressions.append(value)
    slots.append(Parameter(f"a{len(slots)}"))
    return slots[-1]
