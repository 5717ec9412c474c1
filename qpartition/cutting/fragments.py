"""The pieces a circuit falls into when some of its gates are cut."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import networkx as nx
import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import Instruction, Parameter, ParameterExpression

from .angles import Angles
from .bases import CutBasis, Operations


@dataclass(frozen=True)
class Step:
    """A gate of a fragment.

    Attributes:
        operation: The gate.
        qubits: Of the fragment.
        angle: Number of its free angle in the whole circuit; None for a fixed gate.
    """

    operation: Instruction
    qubits: tuple[int, ...]
    angle: int | None = None


@dataclass(frozen=True)
class Slot:
    """Where a cut touches a fragment.

    Attributes:
        cut: Number of the cut.
        side: 0 for its first qubit, 1 for its second.
        qubit: Of the fragment.
        operations: What is done here instead, one after the other in as many subexperiments.
    """

    cut: int
    side: int
    qubit: int
    operations: tuple[Operations, ...]


@dataclass(frozen=True)
class Fragment:
    """A part of the circuit that runs by itself.

    Attributes:
        qubits: Of the whole circuit, in the order of the fragment's own numbers.
        steps: Gates and slots in order.
    """

    qubits: tuple[int, ...]
    steps: tuple[Step | Slot, ...]

    @property
    def slots(self) -> tuple[Slot, ...]:
        """Where it was cut, in order."""
        return tuple(step for step in self.steps if isinstance(step, Slot))

    @property
    def angles(self) -> tuple[int, ...]:
        """Numbers of the free angles that occur in it."""
        return tuple(sorted({s.angle for s in self.steps if isinstance(s, Step) and s.angle is not None}))

    @property
    def width(self) -> int:
        """Number of qubits."""
        return len(self.qubits)

    @property
    def subexperiments(self) -> int:
        """Distinct circuits that it is run as."""
        return int(np.prod([len(slot.operations) for slot in self.slots], dtype=np.int64))


def fragments(
    circuit: QuantumCircuit, cut: Collection[int], parameters: Sequence[Parameter]
) -> tuple[list[Fragment], list[CutBasis], Angles]:
    """Take a circuit in normal form apart.

    Args:
        circuit: With moves in place of cut wires.
        cut: Indices into ``circuit.data`` of the two-qubit gates and moves that are cut.
        parameters: That values are given for; those that are in no gate, as in a global phase alone, change nothing.

    Returns:
        The fragments, in the order of their first qubits, the decompositions of the cuts, and all free angles.

    Raises:
        InputError: For a gate that cannot be cut, or an angle that is not linear.
    """
    graph = nx.Graph()
    graph.add_nodes_from(range(circuit.num_qubits))
    placed = [(item, [circuit.find_bit(bit).index for bit in item.qubits]) for item in circuit.data]
    for i, (_, qubits) in enumerate(placed):
        if len(qubits) == 2 and i not in cut:
            graph.add_edge(*qubits)
    groups = sorted((tuple(sorted(group)) for group in nx.connected_components(graph)), key=min)
    home = {qubit: (g, k) for g, group in enumerate(groups) for k, qubit in enumerate(group)}
    steps: list[list[Step | Slot]] = [[] for _ in groups]
    bases, expressions = list[CutBasis](), list[ParameterExpression]()
    for i, (item, qubits) in enumerate(placed):
        angle = None
        if any(isinstance(value, ParameterExpression) and value.parameters for value in item.params):
            angle = len(expressions)
            expressions.append(item.params[0])
        if i in cut:
            basis = CutBasis.of(item.operation, angle)
            for side, (qubit, operations) in enumerate(zip(qubits, (basis.first, basis.second), strict=True)):
                group, own = home[qubit]
                steps[group].append(Slot(len(bases), side, own, operations))
            bases.append(basis)
        else:
            steps[home[qubits[0]][0]].append(Step(item.operation, tuple(home[q][1] for q in qubits), angle))
    made = [Fragment(group, tuple(own)) for group, own in zip(groups, steps, strict=True)]
    return made, bases, Angles.of(expressions, parameters)


def crossing(circuit: QuantumCircuit, labels: Sequence[object]) -> set[int]:
    """Indices of the gates between qubits with different labels."""
    found = set[int]()
    for i, item in enumerate(circuit.data):
        qubits = [circuit.find_bit(bit).index for bit in item.qubits]
        if len({labels[qubit] for qubit in qubits}) > 1:
            found.add(i)
    return found
