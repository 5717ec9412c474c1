"""The circuits that a fragment is run as on a device, and how its expectations are read from their results.

At a slot a fragment does one of several things. Those that only turn the qubit differ in angles, so one circuit with an
angle for each of them serves all; those that measure the qubit on the way are another circuit. What is measured there
multiplies the outputs: it is the circuit's sign (`backends.qpu.Request.columns`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector

from qpartition.lightcone import active_parameters

from .angles import FloatArray
from .fragments import Fragment, Step
from .turns import Action, actions, turning

CONSTANT = -1
"""Instead of a column: nothing is read, the expectation is 1."""


@dataclass(frozen=True, eq=False)
class Unit:
    """One parameterised circuit of a fragment.

    Attributes:
        fragment: Number of the fragment.
        circuit: Its parameters are the fragment's own angles, then those of the slots.
        outputs: How many of its first qubits are read.
        own: Numbers, in the whole circuit, of the fragment's own angles.
        choices: What is done at each slot, shape (settings, slots).
        settings: Angles of the slots, shape (settings, angles).
        columns: Numbers of the fragment's Pauli strings that are read here, and the column of the result that holds each.
    """

    fragment: int
    circuit: QuantumCircuit
    outputs: int
    own: tuple[int, ...]
    choices: NDArray[np.intp]
    settings: FloatArray
    columns: tuple[tuple[int, int], ...]

    @cached_property
    def runs(self) -> bool:
        """Whether anything has to be measured."""
        return any(column != CONSTANT for _, column in self.columns)

    @cached_property
    def active(self) -> NDArray[np.bool_]:
        """Which of the own angles can influence what is read."""
        if not self.runs:
            return np.zeros(len(self.own), dtype=bool)
        return active_parameters(self.circuit, self.outputs)[: len(self.own)]


def units(number: int, fragment: Fragment, strings: NDArray[np.int8]) -> Iterator[Unit]:
    """All circuits of a fragment.

    Args:
        number: Of the fragment.
        fragment: What is run.
        strings: Pauli strings on its qubits that are read, shape (strings, qubits), I X Y Z as 0 to 3.
    """
    choices = [actions(fragment, slot) for slot in fragment.slots]
    for measured in product((False, True), repeat=len(choices)):
        kept = [
            [k for k, action in enumerate(each) if action.measures == wanted]
            for each, wanted in zip(choices, measured, strict=True)
        ]
        if not all(kept):
            continue
        rows = list(product(*kept))
        chosen = np.array(rows, dtype=np.intp).reshape(len(rows), len(choices))
        done = [[each[k] for k in row] for each, row in zip(choices, chosen.T, strict=True)]
        for reading in _readings(strings, any(measured)):
            yield _unit(number, fragment, chosen, done, reading)


def runs(strings: NDArray[np.int8]) -> NDArray[np.intp]:
    """Which circuit reads each string: 0 for all with at most one Z, which are read together, another for every other."""
    alone = np.array([not _is_simple(string) for string in strings], dtype=np.intp)
    return np.asarray(np.cumsum(alone) * alone)


def _is_simple(string: NDArray[np.int8]) -> bool:
    """Whether a string is read as an output: of a single Z, or none."""
    letters = string[string != 0]
    return len(letters) == 0 or (len(letters) == 1 and letters[0] == 3)


@dataclass(frozen=True)
class _Reading:
    """What is read at the end of one circuit.

    ``qubits`` as outputs, and with ``paulis`` one Pauli string more, as a part of the sign.
    """

    qubits: tuple[int, ...]
    paulis: tuple[tuple[int, int], ...]
    columns: tuple[tuple[int, int], ...]


def _readings(strings: NDArray[np.int8], signed: bool) -> list[_Reading]:
    """All strings with at most one Z from one circuit, every other from one of its own."""
    simple, qubits, others = list[tuple[int, int | None]](), list[int](), list[_Reading]()
    for s, string in enumerate(strings):
        where = np.flatnonzero(string)
        if not _is_simple(string):
            others.append(_Reading((), tuple((int(q), int(string[q])) for q in where), ((s, 0),)))
        elif not len(where):
            simple.append((s, None))
        else:
            simple.append((s, int(where[0])))
            qubits.append(int(where[0]))
    if not simple:
        return others
    sign = len(qubits) if signed else CONSTANT
    columns = tuple((s, sign if q is None else qubits.index(q)) for s, q in simple)
    return [_Reading(tuple(qubits), (), columns), *others]


def _unit(
    number: int, fragment: Fragment, chosen: NDArray[np.intp], done: list[list[Action]], reading: _Reading
) -> Unit:
    """The circuit for choices that differ in angles only."""
    signs = sum(each[0].measures for each in done) + len(reading.paulis)
    order = [*reading.qubits, *(q for q in range(fragment.width) if q not in reading.qubits)]
    place = {q: i for i, q in enumerate(order)}
    circuit = QuantumCircuit(fragment.width, signs)
    turns = [(turning([a.before for a in each]), turning([a.after for a in each])) for each in done]
    own = fragment.angles
    names = ParameterVector("a", len(own) + sum(len(turn.axes) for pair in turns for turn in pair))
    free, bits, slot = iter(names[len(own) :]), iter(range(signs)), 0
    for step in fragment.steps:
        if isinstance(step, Step):
            operation = step.operation
            if step.angle is not None:
                operation = operation.to_mutable()
                operation.params = [names[own.index(step.angle)]]
            circuit.append(operation, [place[q] for q in step.qubits])
            continue
        before, after = turns[slot]
        before.onto(circuit, place[step.qubit], free)
        if done[slot][0].measures:
            circuit.measure(place[step.qubit], next(bits))
        after.onto(circuit, place[step.qubit], free)
        slot += 1
    for qubit, letter in reading.paulis:
        if letter != 3:  # X or Y to Z
            if letter == 2:
                circuit.sdg(place[qubit])
            circuit.h(place[qubit])
        circuit.measure(place[qubit], next(bits))
    angles = [turn.angles for pair in turns for turn in pair]
    settings = np.hstack([np.empty((len(chosen), 0)), *angles])
    return Unit(number, circuit, len(reading.qubits), own, chosen, settings, reading.columns)
