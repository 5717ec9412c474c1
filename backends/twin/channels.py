"""The noise of a core's instructions as Pauli-transfer matrices: exactly Aer's, converted when first needed."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from qiskit.transpiler import Target

from ..noise import confusion
from .pauli import FloatArray, of_channel

Where = tuple[int, ...]


AER_DROPS = 1e-10
"""Aer leaves out the terms of an error of at most this probability, and does not make up for them. On a chip that is
1e-9 a two-qubit gate; the twin does the same, to be equal to Aer and not merely close."""


class Channels:
    """What the hardware adds to each instruction; nothing at all without a target."""

    def __init__(self, target: Target | None) -> None:
        """From the gate errors and relaxation of a (cropped) target."""
        self._target = target
        self._errors: dict[tuple[str, Where], Any] = {}
        self._made: dict[tuple[str, Where], FloatArray] = {}
        if target is not None:
            from qiskit_aer.noise.device import basic_device_gate_errors

            self._errors = {(name, tuple(qubits)): e for name, qubits, e in basic_device_gate_errors(target=target)}

    def after(self, name: str, qubits: Where) -> FloatArray | None:
        """The channel that follows an instruction, its qubits in the instruction's order; None where there is none.

        Its first entry, the trace it leaves, may be a little below 1: Aer drops error terms that are too improbable.
        """
        key = (name, qubits)
        if key not in self._errors:
            return None
        if key not in self._made:
            self._made[key] = _kept(self._errors[key])
        return self._made[key]

    def measured(self, qubit: int) -> FloatArray:
        """A qubit is measured, and the qubit that holds the sign is flipped where it reads 1; shape (16, 16).

        The same channel as in `backends.noise.instruments`.
        """
        read = np.eye(2) if self._target is None else self._confusions[qubit]
        kept = [np.diag([1.0, 0.0, 0.0, 1.0]) / 2 for _ in (0, 1)]
        for matrix, eigenvalue in zip(kept, (1.0, -1.0), strict=True):
            matrix[0, 3] = matrix[3, 0] = eigenvalue / 2
        flips = [np.eye(4), np.diag([1.0, 1.0, -1.0, -1.0])]
        return np.asarray(sum(read[i, r] * np.kron(kept[i], flips[r]) for i in (0, 1) for r in (0, 1)))

    @cached_property
    def _confusions(self) -> FloatArray:
        assert self._target is not None
        return confusion(self._target)

    def idle(self, qubit: int, seconds: float) -> FloatArray | None:
        """Thermal relaxation of a qubit that waits."""
        properties = self._target.qubit_properties if self._target is not None else None
        known = properties[qubit] if properties else None
        if known is None or not seconds > 0.0:
            return None
        return _relaxation(known.t1, known.t2, seconds)


def _kept(error: Any) -> FloatArray:
    """An Aer ``QuantumError`` without the terms that Aer drops."""
    from qiskit_aer.noise import QuantumError

    channel = of_channel(error)
    for circuit, probability in zip(error.circuits, error.probabilities, strict=True):
        if probability <= AER_DROPS:
            channel = channel - probability * of_channel(QuantumError([(circuit, 1.0)]))
    return channel


@lru_cache(maxsize=4096)
def _relaxation(t1: float | None, t2: float | None, seconds: float) -> FloatArray | None:
    """Towards |0>: Z decays with T1, X and Y with T2, at most 2 T1 as in Aer's device noise."""
    if t1 is None and t2 is None:
        return None
    rate1 = 1.0 / t1 if t1 else 0.0
    rate2 = max(1.0 / t2 if t2 else 0.0, rate1 / 2)
    z, xy = np.exp(-seconds * rate1), np.exp(-seconds * rate2)
    matrix = np.diag([1.0, xy, xy, z])
    matrix[3, 0] = 1.0 - z
    return matrix
