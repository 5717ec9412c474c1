"""Exact expectations of a parameterised circuit for many parameter sets at once, in numpy.

The state is an array of shape (2, ..., 2, sets): sets are the innermost axis, so that every gate is a few
long vector operations.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit
from qiskit.circuit import Instruction, ParameterExpression

from .angles import Angles
from .errors import InputError
from .gates import PARAMETERISED, Entry, Matrix

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]

MAX_QUBITS = 24
"""Widest circuit simulated: 2^24 amplitudes are 256 MiB."""
_CHUNK_BYTES = 2**19
"""Size of the state a chunk of parameter sets may have: about what stays in a core's cache."""
_SKIPPED = frozenset({"barrier", "delay", "id"})


@dataclass(frozen=True)
class Step:
    """One gate: a fixed matrix, or the name of a parameterised one with its angles (numbers, or columns of angles)."""

    qubits: tuple[int, ...]
    matrix: Matrix | None = None
    name: str = ""
    angles: tuple[float | int, ...] = ()
    columns: tuple[bool, ...] = ()

    def at(self, angles: FloatArray) -> Matrix:
        """Its matrix at angles of shape (angles, sets)."""
        if self.matrix is not None:
            return self.matrix
        values = [angles[int(a)] if column else a for a, column in zip(self.angles, self.columns, strict=True)]
        return PARAMETERISED[self.name](*values)


@dataclass(frozen=True)
class Program:
    """A circuit made ready for many parameter sets; see `compile_program`."""

    num_qubits: int
    steps: tuple[Step, ...]
    angles: Angles

    def probabilities(self, values: FloatArray, outputs: int, sign: int | None = None) -> Iterator[FloatArray]:
        """Joint outcome probabilities of qubits 0..outputs-1, in chunks of shape (some sets, 2^outputs).

        Args:
            values: Shape (sets, parameters), in the order of the circuit's parameters, radians.
            outputs: How many qubits are read; bit k of an outcome is qubit k.
            sign: One more qubit to read, none of the outputs: the last bit of the outcomes.
        """
        size = max(1, _CHUNK_BYTES // (16 * 2**self.num_qubits))
        for start in range(0, len(values), size):
            state = self._state(values[start : start + size])
            weights = state.real**2 + state.imag**2
            sets = weights.shape[-1]
            if sign is None:
                yield weights.reshape(-1, 2**outputs, sets).sum(axis=0).T
            else:
                split = weights.reshape(2 ** (self.num_qubits - 1 - sign), 2, -1, 2**outputs, sets)
                yield split.sum(axis=(0, 2)).reshape(-1, sets).T

    def _state(self, values: FloatArray) -> ComplexArray:
        angles = np.ascontiguousarray(self.angles.at(values).T)
        state = np.zeros((2,) * self.num_qubits + (len(values),), dtype=np.complex128)
        state[(0,) * self.num_qubits] = 1.0
        for step in self.steps:
            _apply(state, step.at(angles), step.qubits)
        return state


def _apply(state: ComplexArray, matrix: Matrix, qubits: tuple[int, ...]) -> None:
    """Multiply a gate into the state, in place; rows of the identity are left alone."""
    width = state.ndim - 1
    views = []
    for outcome in range(len(matrix)):
        index: list[int | slice] = [slice(None)] * width
        for bit, qubit in enumerate(qubits):
            index[width - 1 - qubit] = (outcome >> bit) & 1
        views.append(state[(*index, slice(None))])
    rows = [
        (i, [(entry, views[j]) for j, entry in enumerate(row) if not _is(entry, 0)])
        for i, row in enumerate(matrix)
        if not all(_is(entry, int(i == j)) for j, entry in enumerate(row))
    ]
    if all(len(terms) == 1 and terms[0][1] is views[i] for i, terms in rows):
        for _, terms in rows:
            entry, view = terms[0]
            view *= entry
        return
    new = [(i, _combine(terms)) for i, terms in rows]
    for i, value in new:
        views[i][...] = value


def _is(entry: Entry, number: int) -> bool:
    return not isinstance(entry, np.ndarray) and entry == number


def _combine(terms: list[tuple[Entry, ComplexArray]]) -> ComplexArray:
    (entry, view), *rest = terms
    total: ComplexArray = entry * view if not _is(entry, 1) else view.copy()
    for entry, view in rest:
        total += entry * view
    return total


def compile_program(circuit: QuantumCircuit) -> Program:
    """Turn a circuit of unitary gates into a `Program`.

    Raises:
        InputError: For a circuit that is too wide, or one with an operation that is not a unitary gate.
    """
    if circuit.num_qubits > MAX_QUBITS:
        raise InputError(
            f"the circuit has {circuit.num_qubits} qubits, exact simulation takes at most {MAX_QUBITS}; "
            "use more parts, or cut it"
        )
    expressions: list[ParameterExpression] = []
    steps = tuple(_steps(circuit, tuple(range(circuit.num_qubits)), expressions))
    return Program(circuit.num_qubits, steps, Angles.of(expressions, tuple(circuit.parameters)))


def _steps(circuit: QuantumCircuit, wires: tuple[int, ...], expressions: list[ParameterExpression]) -> Iterator[Step]:
    for item in circuit.data:
        qubits = tuple(wires[circuit.find_bit(bit).index] for bit in item.qubits)
        if item.name in _SKIPPED:
            continue
        free = [isinstance(value, ParameterExpression) and bool(value.parameters) for value in item.params]
        if any(free) and item.name in PARAMETERISED:
            yield _parameterised(item.name, item.params, free, qubits, expressions)
        elif any(free) or not _has_matrix(item.operation):
            yield from _expanded(item.operation, qubits, expressions)
        else:
            yield Step(qubits, _fixed(item.operation))


def _parameterised(
    name: str,
    params: list[float | ParameterExpression],
    free: list[bool],
    qubits: tuple[int, ...],
    expressions: list[ParameterExpression],
) -> Step:
    angles: list[float | int] = []
    for value, is_free in zip(params, free, strict=True):
        if is_free:
            angles.append(len(expressions))
            expressions.append(value)
        else:
            angles.append(float(value))
    return Step(qubits, None, name, tuple(angles), tuple(free))


def _has_matrix(operation: Instruction) -> bool:
    return hasattr(operation, "to_matrix") and (operation.num_qubits <= 3 or operation.definition is None)


def _expanded(
    operation: Instruction, qubits: tuple[int, ...], expressions: list[ParameterExpression]
) -> Iterator[Step]:
    definition = operation.definition
    if definition is None or operation.num_clbits:
        raise InputError(f"operation {operation.name!r} cannot be simulated exactly: only unitary gates can; remove it")
    yield from _steps(definition, qubits, expressions)


def _fixed(operation: Instruction) -> Matrix:
    matrix = np.asarray(operation.to_matrix(), dtype=complex)
    return [[complex(entry) for entry in row] for row in matrix]
