"""What is done to a qubit at a slot, as rotations with an angle for every choice, with a measurement or without."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit
from qiskit.circuit import Instruction, Parameter
from qiskit.quantum_info import Operator
from qiskit.synthesis import OneQubitEulerDecomposer

from .angles import FloatArray
from .fragments import Fragment, Slot, Step

Matrix = NDArray[np.complex128]
_EULER = OneQubitEulerDecomposer("ZYZ")
_TINY = 1e-12


@dataclass(frozen=True, eq=False)
class Action:
    """A unitary, with ``measures`` a measurement of Z whose outcome is part of the sign, and another unitary after that."""

    before: Matrix
    measures: bool
    after: Matrix


@dataclass(frozen=True, eq=False)
class Turn:
    """One unitary for every setting.

    Attributes:
        axes: Rotations in the order of time, of ``"rz"`` and ``"ry"``; none where all settings leave the qubit alone.
        angles: Shape (settings, axes).
    """

    axes: tuple[str, ...]
    angles: FloatArray

    def onto(self, circuit: QuantumCircuit, qubit: int, names: Iterator[Parameter]) -> None:
        """Append the rotations, with the next names for their angles."""
        for axis in self.axes:
            getattr(circuit, axis)(next(names), qubit)


def turning(unitaries: Sequence[Matrix]) -> Turn:
    """The fewest rotations that make all of some unitaries, up to their phases."""
    nothing: tuple[str, ...] = ()
    if all(_is_diagonal(one) for one in unitaries):
        turn = np.array([[np.angle(one[1, 1]) - np.angle(one[0, 0])] for one in unitaries])
        turn = (turn + np.pi) % (2 * np.pi) - np.pi
        axes = ("rz",) if np.abs(turn).max() > _TINY else nothing
        return Turn(axes, turn[:, : len(axes)])
    euler = np.array([_EULER.angles(one) for one in unitaries])  # RZ(phi) RY(theta) RZ(lam)
    return Turn(("rz", "ry", "rz"), euler[:, [2, 0, 1]])


def actions(fragment: Fragment, slot: Slot) -> list[Action]:
    """The operations of a slot.

    A reset at the very beginning of a qubit does nothing, nor does one that nothing comes after.
    """
    on_qubit = [s for s in fragment.steps if slot.qubit in (s.qubits if isinstance(s, Step) else (s.qubit,))]
    return [_action(each, on_qubit[0] is slot, on_qubit[-1] is slot) for each in slot.operations]


def _action(operations: Sequence[Instruction], first: bool, last: bool) -> Action:
    parts, measured = [np.eye(2, dtype=np.complex128), np.eye(2, dtype=np.complex128)], 0
    listed = list(operations)
    while first and listed and listed[0].name == "reset":
        listed = listed[1:]
    while last and listed and listed[-1].name == "reset":
        listed = listed[:-1]
    for one in listed:
        if one.name == "qpd_measure":
            measured += 1
        elif one.name == "reset":
            raise ValueError(
                "a reset on the way"
            )  # only a move has one, at the end of one qubit and the start of another
        else:
            parts[measured] = Operator(one).data @ parts[measured]
    if measured and _is_diagonal(parts[0]):
        parts[0] = np.eye(2, dtype=np.complex128)  # a phase that the measurement takes away
    return Action(parts[0], bool(measured), parts[1])


def _is_diagonal(matrix: Matrix) -> bool:
    return bool(abs(matrix[0, 1]) < _TINY and abs(matrix[1, 0]) < _TINY)
