"""The twin engine: noisy cores by batched products of Pauli-transfer matrices, equal to Aer's density matrix."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from qiskit.transpiler import Target

from ..isa import CompactCircuit
from ..memo import Memo
from ..noise import confusion
from ..qpu import Expectations
from ..sampling import expectations
from .channels import Channels
from .pauli import FloatArray
from .program import Program, compiled
from .reading import Reading
from .slopes import slopes

_ENTRIES = 2**22
"""Probabilities in one chunk."""


class TwinEngine:
    """An `Engine` that also knows derivatives."""

    def __init__(self, target: Target | None) -> None:
        """For the qubits of ``target``, with its noise; None: any qubits, no noise."""
        channels = Channels(target)
        self._confusions = None if target is None else confusion(target)
        self._programs = Memo[CompactCircuit, Program](lambda compact: compiled(compact, channels))
        self._readings: dict[tuple[bool, tuple[int, ...], int | None], Reading] = {}

    def run(
        self, compact: CompactCircuit, values: FloatArray, outputs: int, shots: int | None, rng: np.random.Generator
    ) -> Expectations:
        """See `Engine.run`."""
        if shots is not None:
            return expectations(self.distribution(compact, values, outputs), shots, rng, compact.signed)
        program = self._programs.of(compact)
        exact = program.evaluate(values, self._reading(program, outputs))
        return Expectations(exact, np.zeros_like(exact))

    def distribution(self, compact: CompactCircuit, values: FloatArray, outputs: int) -> Iterator[FloatArray]:
        """Exact joint probabilities in chunks of shape (some sets, 2^outputs), readout error included.

        A sign is one more output, the last.
        """
        program = self._programs.of(compact)
        reading = self._reading(program, outputs, joint=True)
        size = _ENTRIES >> (outputs + compact.signed)
        for start in range(0, len(values), size):
            yield program.evaluate(values[start : start + size], reading)

    def derivatives(
        self, compact: CompactCircuit, values: FloatArray, outputs: int, wanted: NDArray[np.bool_] | None = None
    ) -> FloatArray:
        """Exact d<Z>/d(parameter), readout error included, shape (sets, outputs, parameters).

        Args:
            compact: As for `Engine.run`.
            values: Parameter sets, shape (sets, parameters), radians.
            outputs: How many qubits are read.
            wanted: Which derivatives, shape (sets, parameters); the others are 0. None: all.
        """
        program = self._programs.of(compact)
        return slopes(program, values, self._reading(program, outputs), wanted)

    def _reading(self, program: Program, outputs: int, joint: bool = False) -> Reading:
        """How the outputs are read: each <Z>, or the joint distribution."""
        key = (joint, program.wires[:outputs], program.sign)
        if key not in self._readings:
            make = Reading.distribution if joint else Reading.expectations
            self._readings[key] = make(program.wires[:outputs], self._confusions, program.sign)
        return self._readings[key]
