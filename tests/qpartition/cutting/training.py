"""A model with a circuit that is cut, and a training step of it as a model does it."""

from __future__ import annotations

import numpy as np
from qiskit import QuantumCircuit

from backends.qpu import FloatArray
from qpartition import Dispatcher
from tests.qpartition import toy
from tests.qpartition.cutting import circuits

BATCH, STEPS = 2, 2


class Model:
    """A wide circuit with weights beside a narrow one that is not cut, in two time steps."""

    jacobian = "deferred"

    def __init__(self) -> None:
        wide = circuits.chain(4, kind="rzz")
        wide.name, wide.metadata = "wide", {"outputs": 2, "inputs": 4, "weights": 7, "sources": ("h", "x", "h", "x")}
        self.listed = [wide, toy.circuit("narrow", qubits=2, outputs=1, inputs=1, sources=("h",))]

    def circuits(self) -> list[QuantumCircuit]:
        return self.listed


def step(devices: Dispatcher, model: Model, fused: bool) -> tuple[FloatArray, FloatArray]:
    """A training step as a model does it; its values and all its derivatives, one after the other."""
    rng = np.random.default_rng(0)
    weights = {c.name: rng.uniform(-3, 3, c.metadata["weights"]) for c in model.listed}
    found, inputs, masks = [], [], []
    for t in range(STEPS):
        inputs.append({c.name: rng.uniform(-3, 3, (BATCH, c.metadata["inputs"])) for c in model.listed})
        masks.append(
            {c.name: np.tile([s == "h" and t > 0 for s in c.metadata["sources"]], (BATCH, 1)) for c in model.listed}
        )
        if fused:
            found.append(devices.values_and_jacobian(inputs[t], weights, masks[t]))
        else:
            found.append((devices.values(inputs[t], weights), {}))
    slopes = [one for _, one in found]
    if not fused:
        stacked, mask = ({k: np.concatenate([one[k] for one in many]) for k in weights} for many in (inputs, masks))
        slopes = [devices.jacobian(stacked, weights, mask)]
    values = [one.value.ravel() for each, _ in found for one in each.values()]
    ravelled = [array.ravel() for key in weights for name in ("inputs", "weights") for array in
                [np.concatenate([getattr(each[key], name) for each in slopes])]]  # fmt: skip
    return np.concatenate(values), np.concatenate(ravelled)
