"""A small executor: the protocol of `qpartition.executor.Executor`, spelled out, that remembers its rounds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit
from qiskit.quantum_info import Statevector

from backends import QPU, Request, open_qpu
from qlstm import QLSTM, Forecaster
from qpartition.executor import Angles, Estimate, Jacobian, Masks, Weights

Array = NDArray[np.float64]
Evaluate = Callable[[QuantumCircuit, Array], Array]
"""A sub-VQC and parameter sets (sets, parameters) -> <Z> (sets, outputs)."""
Kind = Literal["values", "jacobian", "both"]


def by_statevector(circuit: QuantumCircuit, values: Array) -> Array:
    """Every parameter set bound and simulated by qiskit."""
    found = np.empty((len(values), circuit.metadata["outputs"]))
    for row, one in enumerate(values):
        state = Statevector(circuit.assign_parameters(one))
        for k in range(found.shape[1]):
            zero, unit = state.probabilities([k])
            found[row, k] = zero - unit
    return found


@cache
def _exact_qpu() -> QPU:
    return open_qpu("exact")


def by_exact_qpu(circuit: QuantumCircuit, values: Array) -> Array:
    """All parameter sets as one request to the package's own noiseless device (much faster)."""
    qpu = _exact_qpu()
    request = Request(circuit, values, circuit.metadata["outputs"], qpu.cores(circuit.num_qubits)[0])
    return qpu.run([request]).result()[0].values


@dataclass
class Recorder:
    """Evaluates the circuits of a model, and lists what it was asked for.

    Attributes:
        model: Anything with ``circuits()``.
        evaluate: Who simulates.
        rounds: Per call its kind and its arguments.
        scribble: Overwrite the arguments afterwards, as an executor may with what it was given.
    """

    model: Any
    evaluate: Evaluate = by_exact_qpu
    rounds: list[tuple[Kind, Angles, Weights, Masks | None]] = field(default_factory=list)
    scribble: bool = False
    twins: int = 0

    def __post_init__(self) -> None:
        self.by_key = {circuit.name: circuit for circuit in self.model.circuits()}

    @property
    def kinds(self) -> list[Kind]:
        """What every round was."""
        return [kind for kind, *_ in self.rounds]

    def values(self, inputs: Angles, weights: Weights) -> dict[str, Estimate]:
        """See `Executor`."""
        self._note("values", inputs, weights, None)
        return self._values(inputs, weights)

    def jacobian(self, inputs: Angles, weights: Weights, mask: Masks | None = None) -> dict[str, Jacobian]:
        """See `Executor`."""
        self._note("jacobian", inputs, weights, mask)
        return self._jacobians(inputs, weights, mask)

    def twin_jacobian(self, inputs: Angles, weights: Weights, mask: Masks | None = None) -> dict[str, Jacobian]:
        """See `Dispatcher.twin_jacobian`: the same derivatives, and no round."""
        self.twins += 1
        return self._jacobians(inputs, weights, mask)

    def values_and_jacobian(
        self, inputs: Angles, weights: Weights, mask: Masks | None = None
    ) -> tuple[dict[str, Estimate], dict[str, Jacobian]]:
        """See `Executor`."""
        self._note("both", inputs, weights, mask)
        return self._values(inputs, weights), self._jacobians(inputs, weights, mask)

    def _note(self, kind: Kind, inputs: Angles, weights: Weights, mask: Masks | None) -> None:
        """Check the contract, keep a copy."""
        assert inputs.keys() == weights.keys() == (inputs if mask is None else mask).keys()
        for key, angles in inputs.items():
            meta = self.by_key[key].metadata
            assert angles.dtype == weights[key].dtype == np.float64
            assert angles.ndim == 2
            assert angles.shape[1] == meta["inputs"]
            assert weights[key].shape == (meta["weights"],)
            if mask is not None:
                assert mask[key].dtype == np.bool_
                assert mask[key].shape in (angles.shape, (len(angles), angles.shape[1] + meta["weights"]))
        copied = [{key: array.copy() for key, array in given.items()} for given in (inputs, weights)]
        needed = None if mask is None else {key: array.copy() for key, array in mask.items()}
        self.rounds.append((kind, copied[0], copied[1], needed))

    def _values(self, inputs: Angles, weights: Weights) -> dict[str, Estimate]:
        found = {}
        for key, angles in inputs.items():
            value = self.evaluate(self.by_key[key], _sets(angles, weights[key]))
            found[key] = Estimate(value, np.zeros_like(value))
            if self.scribble:
                for array in (angles, weights[key]):
                    if array.flags.writeable:
                        array[...] = 99.0
        return found

    def _jacobians(self, inputs: Angles, weights: Weights, mask: Masks | None) -> dict[str, Jacobian]:
        return {
            key: self._one(key, angles, weights[key], np.ones_like(angles, bool) if mask is None else mask[key])
            for key, angles in inputs.items()
        }

    def _one(self, key: str, angles: Array, weights: Array, mask: NDArray[np.bool_]) -> Jacobian:
        """(<Z>(a + pi/2) - <Z>(a - pi/2)) / 2 for every angle, Sec. II.E."""
        base, rows = _sets(angles, weights), len(angles)
        slopes = np.zeros((rows, self.by_key[key].metadata["outputs"], base.shape[1]))
        shifted = np.repeat(base[np.newaxis], 2 * base.shape[1], 0)
        for n in range(base.shape[1]):
            shifted[2 * n, :, n] += np.pi / 2
            shifted[2 * n + 1, :, n] -= np.pi / 2
        found = self.evaluate(self.by_key[key], shifted.reshape(-1, base.shape[1]))
        plus_minus = found.reshape(base.shape[1], 2, rows, -1)
        slopes[...] = np.moveaxis((plus_minus[:, 0] - plus_minus[:, 1]) / 2, 0, -1)
        count = angles.shape[1]
        if mask.shape[1] == count:
            mask = np.hstack([mask, np.ones((rows, len(weights)), bool)])
        slopes = np.where(mask[:, np.newaxis], slopes, 0.0)
        d_inputs, d_weights = slopes[..., :count].copy(), slopes[..., count:].copy()
        return Jacobian(d_inputs, d_weights, np.zeros_like(d_inputs), np.zeros_like(d_weights))


def attach(
    model: QLSTM | Forecaster, jacobian: str = "deferred", gradient: str = "auto", evaluate: Evaluate = by_exact_qpu
) -> Recorder:
    """Move a model to a fresh executor."""
    qlstm = model if isinstance(model, QLSTM) else model.qlstm
    qlstm.jacobian, qlstm.gradient = jacobian, gradient
    executor = Recorder(model, evaluate)
    model.executor = executor
    return executor


def _sets(angles: Array, weights: Array) -> Array:
    return np.hstack([angles, np.broadcast_to(weights, (len(angles), len(weights)))])
