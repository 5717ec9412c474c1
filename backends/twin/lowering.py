"""From a compact circuit and its noise to a list of factors: fixed Pauli-transfer matrices and one-angle rotations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from qiskit.circuit import CircuitInstruction, Instruction, ParameterExpression, QuantumCircuit

from ..angles import Angles
from ..errors import InputError
from ..gates import PARAMETERISED
from ..isa import CompactCircuit
from .channels import Channels
from .pauli import FloatArray, of_unitary
from .rotations import Rotation, rotation
from .turns import Turns

Qubits = tuple[int, ...]
LARGEST = 3
"""Gates on more qubits are taken apart: their transfer matrix would have 4^(2k) entries."""


@dataclass(frozen=True)
class Factor:
    """One map in the order of time: a fixed matrix, or a rotation whose angle is number ``slot`` of `Lowered.angles`."""

    qubits: Qubits
    fixed: FloatArray | None = None
    rotation: Rotation | None = None
    slot: int = -1

    def matrix(self, turns: Turns) -> FloatArray:
        """Shape (4^k, 4^k, 1 or rows)."""
        return self.times(turns, np.eye(4 ** len(self.qubits))[..., None])

    def times(self, turns: Turns, right: FloatArray, slope: bool = False) -> FloatArray:
        """The map, or its slope by its angle, after another one of shape (4^k, columns, 1 or rows)."""
        if self.rotation is not None:
            return self.rotation.times(turns.of(self.slot), right, slope)
        assert self.fixed is not None
        return (self.fixed @ right.reshape(len(right), -1)).reshape(right.shape)


@dataclass(frozen=True)
class Lowered:
    """A circuit as maps.

    Attributes:
        factors: In the order of time; a sign is on the qubit after the last of the circuit.
        angles: The angles of the rotations as a function of the compact circuit's slots; mostly the slots themselves.
        trace: What is left of the trace by terms that Aer drops; the factors themselves preserve it.
    """

    factors: tuple[Factor, ...]
    angles: Angles
    trace: float


def lowered(compact: CompactCircuit, channels: Channels) -> Lowered:
    """Every instruction and the noise after it.

    Raises:
        InputError: For an operation that is neither a gate, a delay nor a measurement.
    """
    circuit, factors, free, trace = compact.circuit, list[Factor](), list[ParameterExpression](), 1.0
    for item in circuit.data:
        qubits = tuple(circuit.find_bit(bit).index for bit in item.qubits)
        if item.name == "barrier":
            continue
        if item.name == "measure":
            factors.append(Factor((*qubits, circuit.num_qubits), channels.measured(qubits[0])))
            noise = None
        elif item.name == "delay":
            noise = channels.idle(qubits[0], _seconds(item))
        else:
            factors += _gate(item.operation, qubits, free)
            noise = channels.after(item.name, qubits)
        if noise is not None:
            factors.append(Factor(qubits, noise / noise[0, 0]))
            trace *= float(noise[0, 0])
    return Lowered(tuple(factors), Angles.of(free, compact.slots), trace)


def _seconds(item: CircuitInstruction) -> float:
    """Length of a delay; 0.0 where it has no absolute one."""
    return float(item.operation.duration) if item.operation.unit == "s" else 0.0


def _gate(operation: Instruction, qubits: Qubits, free: list[ParameterExpression]) -> Iterator[Factor]:
    is_free = any(_is_free(value) for value in operation.params)
    if is_free and operation.name == "u":
        # U(t, phi, lam) = RZ(phi) RY(t) RZ(lam), up to a phase
        for name, value in zip(("rz", "ry", "rz"), (operation.params[i] for i in (2, 0, 1)), strict=True):
            yield _rotation(name, value, qubits, free)
    elif is_free and operation.name in PARAMETERISED:
        yield _rotation(operation.name, operation.params[0], qubits, free)
    elif not is_free and hasattr(operation, "to_matrix") and operation.num_qubits <= LARGEST:
        yield Factor(qubits, of_unitary(np.asarray(operation.to_matrix(), dtype=complex)))
    else:
        yield from _expanded(operation, qubits, free)


def _is_free(value: object) -> bool:
    return isinstance(value, ParameterExpression) and bool(value.parameters)


def _rotation(name: str, value: object, qubits: Qubits, free: list[ParameterExpression]) -> Factor:
    series = rotation(name)
    if _is_free(value):
        free.append(value)
        return Factor(qubits, None, series, len(free) - 1)
    fixed = series.times(np.array([float(value)]), np.eye(4 ** len(qubits))[..., None])  # type: ignore[arg-type]
    return Factor(qubits, fixed[..., 0])


def _expanded(operation: Instruction, qubits: Qubits, free: list[ParameterExpression]) -> Iterator[Factor]:
    definition: QuantumCircuit | None = operation.definition
    if definition is None or operation.num_clbits:
        raise InputError(f"operation {operation.name!r} cannot be simulated: only gates and delays can; remove it")
    for item in definition.data:
        inner = tuple(qubits[definition.find_bit(bit).index] for bit in item.qubits)
        if item.name != "barrier":
            yield from _gate(item.operation, inner, free)
