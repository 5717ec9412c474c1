"""The noise of shots in forecasts and losses, beside what repeated measurements scatter by."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from backends import open_qpu
from qlstm import Ansatz, Forecaster
from qlstm.training.prediction import predict
from qlstm.training.spread import forecast_deviations, mse_stderr, stderr
from qpartition import Dispatcher, Topology, Workload, plan

REPEATS, SHOTS = 300, 200


def made(outputs: int = 1) -> Forecaster:
    """A small model with weights that matter."""
    torch.manual_seed(3)
    model = Forecaster(1, 2, outputs, ansatz=Ansatz.chen2024(depth=1), dtype=torch.float64)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn_like(parameter))
    return model


@pytest.mark.parametrize("outputs", [1, 3])
def test_it_is_how_measured_forecasts_scatter(outputs: int) -> None:
    """On a noiseless device with shots, where nothing is approximated but the independence of outputs of a circuit.

    Several values that are forecast at once are made of the same h, so their errors go together.
    """
    model, x = made(outputs), torch.linspace(-1, 1, 10, dtype=torch.float64).reshape(5, 2, 1)
    truth = np.linspace(-0.5, 0.5, 5 * outputs).reshape(5, outputs)
    topology = Topology([open_qpu("exact")], 3)
    with Dispatcher(plan(Workload.of(model, 5 * REPEATS, 2), topology, shots=SHOTS), seed=1) as devices:
        model.executor = devices
        many = predict(model, x.repeat(REPEATS, 1, 1)).reshape(REPEATS, 5, outputs)
        state = torch.get_rng_state()
        deviations = forecast_deviations(model, x, seed=0)
        assert torch.equal(torch.get_rng_state(), state)
    assert deviations is not None
    found = stderr(deviations)
    assert found.shape == (5, outputs)
    scatter = many.std(0, ddof=1)
    assert np.sqrt(np.mean(found**2)) == pytest.approx(np.sqrt(np.mean(scatter**2)), rel=0.15)
    losses = np.mean((many - truth) ** 2, axis=(1, 2))
    said = [mse_stderr(truth, one, deviations) for one in many]
    assert np.sqrt(np.mean(np.square(said))) == pytest.approx(losses.std(ddof=1), rel=0.15)


@pytest.mark.parametrize("together", [0.0, 0.9])
def test_losses_of_normal_forecasts(together: float) -> None:
    """Of two outputs with a known correlation."""
    rng = np.random.default_rng(0)
    root = 0.2 * np.linalg.cholesky(np.array([[1, together], [together, 1]]))
    truth, errors = np.zeros((8, 2)), rng.standard_normal((4000, 8, 2)) @ root.T
    forecasts = 0.3 + errors
    losses = np.mean(forecasts**2, axis=(1, 2))
    deviations = errors[:500] - errors[:500].mean(0)
    said = np.mean([mse_stderr(truth, one, deviations) ** 2 for one in forecasts[::20]])
    assert math.sqrt(said) == pytest.approx(losses.std(), rel=0.06)


@pytest.mark.parametrize(("shots", "mitigation"), [(None, ()), (100, ("zne",))])
def test_where_it_is_not_known(shots: int | None, mitigation: tuple[str, ...]) -> None:
    model, x = made(), torch.zeros(3, 2, 1, dtype=torch.float64)
    assert forecast_deviations(model, x, 0) is None
    asked = SimpleNamespace(shots=shots, mitigation=mitigation, cuts=())
    model.executor = SimpleNamespace(plan=asked)  # type: ignore[assignment]
    assert forecast_deviations(model, x, 0) is None
    wide = Forecaster(1, 11, dtype=torch.float64)
    wide.executor = SimpleNamespace(plan=SimpleNamespace(shots=100, mitigation=(), cuts=()))  # type: ignore[assignment]
    assert forecast_deviations(wide, x, 0) is None


@pytest.mark.parametrize("width", [3, 2])
def test_it_is_not_known_of_cut_circuits(width: int) -> None:
    """Whose <Z> is made of those of pieces, not of so many shots of its own."""
    model, x = made(), torch.zeros(3, 2, 1, dtype=torch.float64)
    asked = plan(Workload.of(model, 3, 2), Topology([open_qpu("exact")], width), shots=SHOTS, wide="cut")
    assert asked.live is not None and bool(asked.live.workload.cuts) == (width == 2)
    with Dispatcher(asked, seed=1) as devices:
        model.executor = devices
        assert (forecast_deviations(model, x, 0) is None) == (width == 2)
