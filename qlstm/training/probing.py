"""A trained model on devices: its angles, its forecasts and its gradient there, to compare with exact ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from .prediction import predict

if TYPE_CHECKING:
    from qpartition import Dispatcher
    from qpartition.executor import Angles, Estimate, Jacobian, Masks, Weights

    from ..forecaster import Forecaster
    from ..tasks import Dataset

MEASURED = 32
"""Test windows, spread over the held-out part, at whose angles the error of the expectations is measured."""

REPEATS = 5
"""Forecasts, since one with shots is a matter of luck."""


def measured_windows(data: Dataset) -> NDArray[np.int64]:
    """Test windows at whose angles the error is measured."""
    return np.linspace(0, len(data.x_test) - 1, min(MEASURED, len(data.x_test))).astype(np.int64)


class _Recorder:
    """An executor that keeps the angles it is asked for."""

    def __init__(self, executor: Dispatcher) -> None:
        self._executor = executor
        self.inputs: dict[str, list[Any]] = {}
        self.weights: dict[str, Any] = {}

    def values(self, inputs: Angles, weights: Weights) -> dict[str, Estimate]:
        """Pass the question on."""
        for key, rows in inputs.items():
            self.inputs.setdefault(key, []).append(rows)
        self.weights |= weights
        return self._executor.values(inputs, weights)

    def jacobian(self, inputs: Angles, weights: Weights, mask: Masks | None = None) -> dict[str, Jacobian]:
        """Pass the question on."""
        return self._executor.jacobian(inputs, weights, mask)

    def values_and_jacobian(
        self, inputs: Angles, weights: Weights, mask: Masks | None = None
    ) -> tuple[dict[str, Estimate], dict[str, Jacobian]]:
        """Pass the question on."""
        return self._executor.values_and_jacobian(inputs, weights, mask)


def angles_of(model: Forecaster, data: Dataset) -> tuple[Angles, Weights]:
    """Encoding angles and weights of every sub-VQC while the model forecasts some test windows."""
    from backends import open_qpu
    from qpartition import Dispatcher, Topology, Workload, plan

    rows = measured_windows(data)
    width = max(circuit.num_qubits for circuit in model.circuits())
    ideal = Topology([open_qpu("exact")], width)
    with Dispatcher(plan(Workload.of(model, len(rows), data.window), ideal, shots=None)) as exact:
        recorder = _Recorder(exact)
        model.executor = recorder
        predict(model, data.x_test[rows])
        model.executor = None
    return {key: np.concatenate(seen) for key, seen in recorder.inputs.items()}, recorder.weights


def forecast_on(devices: Dispatcher, model: Forecaster, data: Dataset) -> Any:
    """Forecasts of the test windows."""
    model.executor = devices
    try:
        return predict(model, data.x_test)
    finally:
        model.executor = None


def loss_gradient(model: Forecaster, data: Dataset, rows: int, devices: Dispatcher | None) -> NDArray[np.float64]:
    """The gradient of the mean squared error over the first training windows, all parameters one after the other.

    Args:
        model: What is differentiated.
        data: Its windows.
        rows: How many of them.
        devices: Where expectations and their derivatives come from; None for exact simulation.
    """
    x, y = (torch.as_tensor(array[:rows]) for array in (data.x_train, data.y_train))
    parameters = [p for p in model.parameters() if p.requires_grad]
    model.executor = devices
    try:
        found = torch.autograd.grad((model(x) - y).square().mean(), parameters)
    finally:
        model.executor = None
    return torch.cat([gradient.reshape(-1) for gradient in found]).numpy()
