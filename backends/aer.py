"""Qiskit Aer as the simulator of a core: all parameter sets of a request in a few runs, exactly or with Aer's own shots.

Shots are Aer's counts, drawn with its noise model and its readout error; expectations without shots come from its
exact outcome probabilities.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit import ParameterExpression
from qiskit.transpiler import Target

from .errors import InputError
from .isa import CompactCircuit
from .noise import confusion, instruments, misread, noise_model, relaxing
from .qpu import Expectations
from .sampling import expectations, from_counts
from .signs import deferred

FloatArray = NDArray[np.float64]

MAX_NOISY_QUBITS = 12
"""Widest density matrix: 4^12 entries are 256 MiB."""
MAX_QUBITS = 24
"""Widest statevector: 2^24 amplitudes are 256 MiB."""
_CHUNK = 1000
_CHUNK_BYTES = 2**28
"""Parameter sets in one run of Aer, at most: it holds the states of all of them at once."""


class AerEngine:
    """An `Engine`: density matrices with noise, statevectors without."""

    def __init__(self, target: Target | None) -> None:
        """For the qubits of ``target``, with its noise; None: any qubits, no noise."""
        from qiskit_aer import AerSimulator

        noise = None if target is None else noise_model(target)
        self._target = target
        self._confusions = None if target is None else confusion(target)
        self._widest = MAX_QUBITS if target is None else MAX_NOISY_QUBITS
        self._dimension = 2 if target is None else 4
        self._simulator = AerSimulator(
            method="statevector" if target is None else "density_matrix",
            noise_model=noise,
            runtime_parameter_bind_enable=True,
            max_parallel_threads=1,  # more gain nothing at these widths, and devices work side by side
        )

    def run(
        self, compact: CompactCircuit, values: FloatArray, outputs: int, shots: int | None, rng: np.random.Generator
    ) -> Expectations:
        """See `Engine.run`."""
        if shots is None:
            return expectations(self.distribution(compact, values, outputs), None, rng, compact.signed)
        counts = np.concatenate(list(self._counts(compact, values, outputs, shots, rng)))
        return from_counts(counts, shots, compact.signed)

    def distribution(self, compact: CompactCircuit, values: FloatArray, outputs: int) -> Iterator[FloatArray]:
        """Exact joint probabilities in chunks of shape (some sets, 2^outputs), readout error included.

        A sign is one more output, the last.
        """
        wires = list(compact.wires[:outputs])
        circuit, sign = self._checked(compact)
        circuit.save_probabilities(wires + sign)
        for angles in self._chunks(compact, values, circuit.num_qubits):
            answers = self._run(circuit, compact, angles if compact.slots else angles[:1], 1)
            found = np.array([one.data.probabilities for one in answers])
            found = found if compact.slots else np.repeat(found, len(angles), axis=0)
            yield found if self._confusions is None else misread(found, self._confusions[wires])

    def _counts(
        self, compact: CompactCircuit, values: FloatArray, outputs: int, shots: int, rng: np.random.Generator
    ) -> Iterator[NDArray[np.int64]]:
        """Joint counts in chunks of shape (some sets, 2^outputs); a sign is one more output, the last."""
        circuit, sign = self._checked(compact)
        wires = [*compact.wires[:outputs], *sign]
        register = ClassicalRegister(len(wires))
        circuit.add_register(register)
        circuit.measure(wires, register)
        for angles in self._chunks(compact, values, circuit.num_qubits):
            counts = np.zeros((len(angles), 2 ** len(wires)), dtype=np.int64)
            seed = int(rng.integers(2**31))
            for row, one in zip(counts, self._run(circuit, compact, angles, shots, seed), strict=True):
                for outcome, count in one.data.counts.items():
                    row[int(outcome, 16)] = count
            yield counts

    def _checked(self, compact: CompactCircuit) -> tuple[QuantumCircuit, list[int]]:
        """A copy that Aer can run, and the qubit that its sign is on, where it has one."""
        _check_free_angles(compact)
        circuit = compact.circuit
        if self._target is not None and any(item.name == "delay" for item in circuit.data):
            circuit = relaxing(circuit, self._target)
        sign = [compact.circuit.num_qubits] if compact.signed else []
        copy = circuit.copy()
        ready = deferred(copy) if self._confusions is None else instruments(copy, self._confusions)
        if ready.num_qubits > self._widest:
            raise InputError(
                f"Aer simulates at most {self._widest} qubits here, the circuit uses {ready.num_qubits}"
                f"{' with those of its sign' if sign else ''}; use more parts, or cut it"
            )
        return ready, sign

    def _chunks(self, compact: CompactCircuit, values: FloatArray, width: int) -> Iterator[FloatArray]:
        chunk = max(1, min(_CHUNK, _CHUNK_BYTES // (16 * self._dimension**width)))
        for start in range(0, len(values), chunk):
            yield compact.angles.at(values[start : start + chunk])

    def _run(
        self, circuit: QuantumCircuit, compact: CompactCircuit, angles: FloatArray, shots: int, seed: int | None = None
    ) -> list[Any]:
        """Aer's result of every set of angles."""
        if compact.slots:
            work, binds = [circuit], [{slot: angles[:, j].tolist() for j, slot in enumerate(compact.slots)}]
        else:
            work, binds = [circuit] * len(angles), None
        result = self._simulator.run(work, parameter_binds=binds, shots=shots, seed_simulator=seed).result()
        if not result.success:
            raise RuntimeError(f"Aer failed: {result.status}")
        return list(result.results)


def _check_free_angles(compact: CompactCircuit) -> None:
    """Aer leaves free angles of gates that do not call themselves parameterised at 0, without a word."""
    for item in compact.circuit.data:
        free = any(isinstance(value, ParameterExpression) and value.parameters for value in item.params)
        if free and not item.operation.is_parameterized():
            raise InputError(f"Aer cannot bind the angle of {item.name!r} at run time; use a device without that gate")
