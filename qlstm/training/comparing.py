"""Mappings compared on a task: a model is trained exactly, then run on the devices under each mapping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from backends.errors import InputError

from ..metrics import r2
from .assembly import build_data, build_model, open_topology
from .callbacks import Callback
from .pricing import gradient_of, mapping_options
from .settings import RunSettings
from .trainer import Trainer, predict

if TYPE_CHECKING:
    from qpartition import Comparison, Dispatcher
    from qpartition.executor import Angles, Estimate, Jacobian, Masks, Weights

    from ..forecaster import Forecaster
    from ..tasks import Dataset

MEASURED = 32
"""Test windows, spread over the held-out part, at whose angles the error of the expectations is measured."""

REPEATS = 5
"""Forecasts per mapping, since one with shots is a matter of luck."""


def compare_mappings(
    given: Mapping[str, Any], mappings: Sequence[str], callbacks: Sequence[Callback] = ()
) -> tuple[RunSettings, Comparison, float]:
    """Train exactly, then measure each mapping: cost, error of the expectations at the model's own angles, and R2.

    Args:
        given: Settings of the run that differ from the defaults.
        mappings: Names of mappings.
        callbacks: Told about the exact training.

    Returns:
        The settings, the comparison with the test R2 under each mapping, and the test R2 in exact simulation.

    Raises:
        InputError: Without devices, or for settings that cannot be used.
        BudgetError: If measuring would cost more than the budget; what is over it is not run.
    """
    from qpartition import Dispatcher, Workload, compare

    settings = RunSettings(**given)
    if not settings.qpu:
        raise InputError("compare needs devices to map onto; name some with --qpu, such as fake:fez")
    data = build_data(settings)
    model = build_model(settings, data)
    topology = open_topology(settings, model)
    Trainer(model, data, settings, callbacks).fit()
    exact = r2(data.y_test, predict(model, data.x_test))
    found = compare(
        Workload.of(model, min(settings.batch, data.train), settings.window),
        topology,
        mappings,
        settings.shots,
        angles=_angles(model, data),
        seed=settings.seed,
        options={name: mapping_options(settings, name) for name in mappings},
        gradient=gradient_of(settings),
        jacobian=settings.jacobian,
        samples=settings.samples,
        packing=settings.packing,
        mitigation=settings.mitigation,
        budget_seconds=settings.budget,
    )
    scores, spent = dict[str, list[float]](), found.qpu_seconds
    for name, plan in found.plans.items():
        left = None if settings.budget is None else settings.budget - spent
        with Dispatcher(plan, budget_seconds=left, seed=settings.seed) as devices:  # another seed in every round
            repeats = range(1 if settings.shots is None else REPEATS)
            scores[name] = [r2(data.y_test, _forecast(model, data, devices)) for _ in repeats]
            spent += devices.report().qpu_seconds
    return settings, found.with_r2(scores), exact


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


def _angles(model: Forecaster, data: Dataset) -> tuple[Angles, Weights]:
    """Encoding angles and weights of every sub-VQC while the model forecasts some test windows."""
    from backends import open_qpu
    from qpartition import Dispatcher, Topology, Workload, plan

    rows = np.linspace(0, len(data.x_test) - 1, min(MEASURED, len(data.x_test))).astype(int)
    width = max(circuit.num_qubits for circuit in model.circuits())
    ideal = Topology([open_qpu("exact")], width)
    with Dispatcher(plan(Workload.of(model, len(rows), data.window), ideal, shots=None)) as exact:
        recorder = _Recorder(exact)
        model.executor = recorder
        predict(model, data.x_test[rows])
        model.executor = None
    return {key: np.concatenate(seen) for key, seen in recorder.inputs.items()}, recorder.weights


def _forecast(model: Forecaster, data: Dataset, devices: Dispatcher) -> Any:
    model.executor = devices
    try:
        return predict(model, data.x_test)
    finally:
        model.executor = None
