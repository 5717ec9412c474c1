"""Wires that go on elsewhere: where they are cut they are another qubit, everywhere else the same one."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from qiskit import QuantumCircuit
from qiskit.circuit import Instruction
from qiskit_addon_cutting.instructions import Move

from .finder import Found


def moved(normal: QuantumCircuit, cut: Collection[int], observed: Iterable[int] = ()) -> Found:
    """Take the marks out: a wire marked to be cut goes on as a new qubit, to which a move brings its state.

    A user's ``Move`` resets its second qubit and swaps the two. It is cut if it is told to be; otherwise it is no gate:
    its first qubit's wire is called by the second one's name from there on. A qubit that is reset begins anew as one
    that nothing was done to, and what it was is measured by no one.

    Args:
        normal: In normal form, with ``CutWire`` where wires are cut.
        cut: Indices into its data of the gates and moves that are cut.
        observed: Qubits that are looked at in the end.
    """
    made = _Wires(normal.num_qubits)
    for i, item in enumerate(normal.data):
        qubits = [normal.find_bit(bit).index for bit in item.qubits]
        if item.name == "cut_wire":
            made.cut_wire(qubits[0])
        elif item.name == "move":
            made.move(qubits[0], qubits[1], is_cut=i in cut)
        else:
            made.gate(item.operation, qubits, is_cut=i in cut)
    for qubit in observed:
        made.refresh(qubit)
    return made.found()


class _Wires:
    def __init__(self, qubits: int) -> None:
        self.place, self.number = list(range(qubits)), qubits
        self.used, self.left = set[int](), set[int]()  # that something was done to; that a cut move took the state from
        self.steps: list[tuple[Instruction, list[int]]] = []
        self.cut: set[int] = set()

    def fresh(self) -> int:
        self.number += 1
        return self.number - 1

    def refresh(self, qubit: int) -> None:
        """What a move left behind is |0>: a new qubit, if anything is done to it again."""
        if self.place[qubit] in self.left:
            self.place[qubit] = self.fresh()

    def gate(self, operation: Instruction, qubits: list[int], is_cut: bool) -> None:
        for qubit in qubits:
            self.refresh(qubit)
        self._append(operation, [self.place[qubit] for qubit in qubits], is_cut)

    def cut_wire(self, qubit: int) -> None:
        self.refresh(qubit)
        old, self.place[qubit] = self.place[qubit], self.fresh()
        self._append(Move(), [old, self.place[qubit]], True)

    def move(self, source: int, target: int, is_cut: bool) -> None:
        self.refresh(source)
        if self.place[target] in self.used:
            self.place[target] = self.fresh()
        if is_cut:
            self._append(Move(), [self.place[source], self.place[target]], True)
            self.left.add(self.place[source])
        else:
            self.place[source], self.place[target] = self.place[target], self.place[source]

    def found(self) -> Found:
        circuit = QuantumCircuit(self.number)
        for operation, wires in self.steps:
            circuit.append(operation, wires)
        return Found(circuit, frozenset(self.cut), tuple(self.place))

    def _append(self, operation: Instruction, wires: list[int], is_cut: bool) -> None:
        if is_cut:
            self.cut.add(len(self.steps))
        self.used.update(wires)
        self.steps.append((operation, wires))
