"""ISA circuits: on a shape, placed on a core, and as a simulator needs them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeGuard

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter, ParameterExpression, Qubit
from qiskit.transpiler import Layout, TranspileLayout

from .angles import Angles
from .passes import preset_pass_manager
from .structure import canonical

FloatArray = NDArray[np.float64]
Where = tuple[int, ...]


@dataclass(frozen=True)
class Template:
    """An ISA circuit on the qubits of a shape; cores of that shape share it.

    Attributes:
        circuit: In the canonical parameters; no measurements but of signs, no global phase.
        parameters: The canonical parameters, one per parameter of the source circuit and in its order.
        start: Qubit on which each qubit of the source circuit starts.
        wires: Qubit on which each qubit of the source circuit ends.
    """

    circuit: QuantumCircuit
    parameters: tuple[Parameter, ...]
    start: tuple[int, ...]
    wires: tuple[int, ...]

    @cached_property
    def steps(self) -> tuple[tuple[str, Where], ...]:
        """Name and qubits of every instruction but barriers, in order."""
        number = {bit: i for i, bit in enumerate(self.circuit.qubits)}
        return tuple(
            (item.name, tuple(number[bit] for bit in item.qubits))
            for item in self.circuit.data
            if item.name != "barrier"
        )

    @cached_property
    def usage(self) -> Mapping[tuple[str, Where], int]:
        """How often each instruction occurs."""
        return Counter(self.steps)

    @cached_property
    def two_qubit_gates(self) -> int:
        """Number of gates on more than one qubit."""
        return sum(count for (_, where), count in self.usage.items() if len(where) > 1)

    @cached_property
    def depth(self) -> int:
        """Layers of instructions."""
        return int(self.circuit.depth())

    @cached_property
    def compact(self) -> CompactCircuit:
        """See `CompactCircuit`; its qubits are those of the shape."""
        return _compact(self)


@dataclass(frozen=True)
class IsaCircuit:
    """A template placed on a core: a circuit in the core's own gates and qubit numbers.

    Attributes:
        template: The circuit, shared with other cores.
        where: Core qubit for each qubit of the template.
        num_qubits: Of the core.
        seconds: Duration of one shot, measurement included.
    """

    template: Template
    where: tuple[int, ...]
    num_qubits: int
    seconds: float = 0.0

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The canonical parameters, one per parameter of the source circuit and in its order."""
        return self.template.parameters

    @cached_property
    def wires(self) -> tuple[int, ...]:
        """Core qubit on which each qubit of the source circuit ends."""
        return tuple(self.where[q] for q in self.template.wires)

    @cached_property
    def circuit(self) -> QuantumCircuit:
        """The circuit in the canonical parameters; no measurements but of signs; with Qiskit's layout."""
        circuit = QuantumCircuit(self.num_qubits, self.template.circuit.num_clbits)
        circuit.compose(self.template.circuit, self.where, range(circuit.num_clbits), inplace=True)
        circuit._layout = recorded_layout([self.where[q] for q in self.template.start], self.wires, circuit)
        return circuit

    @cached_property
    def compact(self) -> CompactCircuit:
        """See `CompactCircuit`."""
        compact = self.template.compact
        return replace(compact, qubits=tuple(self.where[q] for q in compact.qubits))

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
        circuit: Its free angles are the parameters ``slots``; no global phase, no measurements but of signs. The same
            object for all cores that share a template.
        slots: One parameter per free angle, in the order of ``angles``.
        angles: The free angles as a function of p[0], p[1], ...
        qubits: Core qubit of each qubit of ``circuit``, in any order.
        wires: Qubit of ``circuit`` on which each qubit of the source circuit ends.
    """

    circuit: QuantumCircuit
    slots: tuple[Parameter, ...]
    angles: Angles
    qubits: tuple[int, ...]
    wires: tuple[int, ...]

    @property
    def signed(self) -> bool:
        """Whether it measures a sign; see `backends.qpu.Request.columns`."""
        return bool(self.circuit.num_clbits)


def untranspiled(circuit: QuantumCircuit, basis_gates: tuple[str, ...]) -> IsaCircuit:
    """For an ideal core: every qubit in its place, gates outside the basis expanded."""
    manager = preset_pass_manager(0, basis_gates=list(basis_gates))
    source, parameters = canonical(circuit)
    places = tuple(range(circuit.num_qubits))
    return IsaCircuit(Template(bare(manager.run(source)), parameters, places, places), places, circuit.num_qubits)


def bare(circuit: QuantumCircuit) -> QuantumCircuit:
    """The instructions alone; a global phase has no effect, but may hold parameters that nothing else does."""
    bare = QuantumCircuit(circuit.num_qubits, circuit.num_clbits)
    number = {bit: i for bits in (circuit.qubits, circuit.clbits) for i, bit in enumerate(bits)}
    for item in circuit.data:
        bare.append(item.operation, [number[bit] for bit in item.qubits], [number[bit] for bit in item.clbits])
    return bare


def recorded_layout(start: list[int] | Where, wires: Where, circuit: QuantumCircuit) -> TranspileLayout:
    """Qiskit's record of where each source qubit starts and ends; the other qubits follow in order."""
    free, left = (sorted(set(range(circuit.num_qubits)) - set(taken)) for taken in (start, wires))
    first, last = [*start, *free], [*wires, *left]
    virtual = [Qubit() for _ in first]
    return TranspileLayout(
        Layout({bit: first[i] for i, bit in enumerate(virtual)}),
        {bit: i for i, bit in enumerate(virtual)},
        Layout({circuit.qubits[a]: b for a, b in zip(first, last, strict=True)}),
        len(start),
        list(circuit.qubits),
    )


def _compact(template: Template) -> CompactCircuit:
    """Drop the qubits that nothing happens on and give every free angle a parameter of its own."""
    source = template.circuit
    busy = {q for _, where in template.steps for q in where}
    qubits = tuple(sorted(busy | set(template.wires)))
    number = {q: i for i, q in enumerate(qubits)}
    small = QuantumCircuit(len(qubits), source.num_clbits)
    expressions: list[ParameterExpression] = []
    slots: list[Parameter] = []
    for item in source.data:
        if item.name == "barrier":
            continue
        operation = item.operation
        if any(is_free(value) for value in item.params):
            operation = operation.to_mutable()
            operation.params = [_slot(value, expressions, slots) for value in operation.params]
        bits = [source.find_bit(bit).index for bit in item.clbits]
        small.append(operation, [number[source.find_bit(bit).index] for bit in item.qubits], bits)
    angles = Angles.of(expressions, template.parameters)
    return CompactCircuit(small, tuple(slots), angles, qubits, tuple(number[q] for q in template.wires))


def is_free(value: object) -> TypeGuard[ParameterExpression]:
    """Whether an angle depends on a parameter."""
    return isinstance(value, ParameterExpression) and bool(value.parameters)


def _slot(value: object, expressions: list[ParameterExpression], slots: list[Parameter]) -> object:
    if not is_free(value):
        return value
    expressions.append(value)
    slots.append(Parameter(f"a{len(slots)}"))
    return slots[-1]
