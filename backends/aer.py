"""Qiskit Aer as the simulator of a core: exact outcome probabilities of all parameter sets in one run.

Shots are drawn from these probabilities elsewhere. That is the distribution Aer itself samples from, and several
times faster than asking it for shots.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from qiskit.circuit import ParameterExpression
from qiskit.transpiler import Target

from .errors import InputError
from .isa import CompactCircuit
from .noise import confusion, misread, noise_model

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
        self._confusions = None if target is None else confusion(target)
        self._widest = MAX_QUBITS if target is None else MAX_NOISY_QUBITS
        self._dimension = 2 if target is None else 4
        self._simulator = AerSimulator(
            method="statevector" if target is None else "density_matrix",
            noise_model=noise,
            runtime_parameter_bind_enable=True,
            max_parallel_threads=1,  # more gain nothing at these widths, and devices work side by side
        )

    def distribution(self, compact: CompactCircuit, values: FloatArray, outputs: int) -> Iterator[FloatArray]:
        """See `Engine.distribution`."""
        width = compact.circuit.num_qubits
        if width > self._widest:
            raise InputError(
                f"Aer simulates at most {self._widest} qubits here, the circuit uses {width}; use more parts, or cut it"
            )
        _check_free_angles(compact)
        circuit = compact.circuit.copy()
        circuit.save_probabilities(list(compact.wires[:outputs]))
        chunk = max(1, min(_CHUNK, _CHUNK_BYTES // (16 * self._dimension**width)))
        for start in range(0, len(values), chunk):
            angles = compact.angles.at(values[start : start + chunk])
            found = self._run(circuit, compact, angles)
            yield found if self._confusions is None else misread(found, self._confusions[list(compact.wires[:outputs])])

    def _run(self, circuit: object, compact: CompactCircuit, angles: FloatArray) -> FloatArray:
        binds = [{slot: angles[:, j].tolist() for j, slot in enumerate(compact.slots)}] if compact.slots else None
        result = self._simulator.run(circuit, parameter_binds=binds, shots=1).result()
        if not result.success:
            raise RuntimeError(f"Aer failed: {result.status}")
        found = np.array([experiment.data.probabilities for experiment in result.results])
        return found if binds else np.repeat(found, len(angles), axis=0)


def _check_free_angles(compact: CompactCircuit) -> None:
    """Aer leaves free angles of gates that do not call themselves parameterised at 0, without a word."""
    for item in compact.circuit.data:
        free = any(isinstance(value, ParameterExpression) and value.parameters for value in item.params)
        if free and not item.operation.is_parameterized():
            raise InputError(f"Aer cannot bind the angle of {item.name!r} at run time; use a device without that gate")
