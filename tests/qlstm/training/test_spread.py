"""The noise of shots in forecasts and losses, beside what repeated measurements scatter by."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from backends import open_qpu
from qlstm import Ansatz, Forecaster
from qlstm.training.spread import forecast_stderr, mse_stderr
from qlstm.training.trainer import predict
from qpartition import Dispatcher, Topology, Workload, plan

REPEATS, SHOTS = 300, 200


@pytest.fixture
def model() -> Forecaster:
    torch.manual_seed(3)
    made = Forecaster(1, 2, ansatz=Ansatz.chen2024(depth=1), dtype=torch.float64)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.copy_(torch.randn_like(parameter))
    return made


def test_it_is_how_measured_forecasts_scatter(model: Forecaster) -> None:
    """On a noiseless device with shots, where nothing is approximated but the independence of outputs."""
    x = torch.linspace(-1, 1, 10, dtype=torch.float64).reshape(5, 2, 1)
    truth = np.linspace(-0.5, 0.5, 5)[:, None]
    topology = Topology([open_qpu("exact")], 3)
    made = plan(Workload.of(model, 5 * REPEATS, 2), topology, shots=SHOTS)
    with Dispatcher(made, seed=1) as devices:
        model.executor = devices
        many = predict(model, x.repeat(REPEATS, 1, 1)).reshape(REPEATS, 5, 1)
        state = torch.get_rng_state()
        found = forecast_stderr(model, x, seed=0)
        assert torch.equal(torch.get_rng_state(), state)
    assert found is not None and found.shape == (5, 1)
    scatter = many.std(0, ddof=1)
    assert np.sqrt(np.mean(found**2)) == pytest.approx(np.sqrt(np.mean(scatter**2)), rel=0.15)
    losses = np.mean((many - truth) ** 2, axis=(1, 2))
    said = [mse_stderr(truth, one, scatter) for one in many]
    assert np.sqrt(np.mean(np.square(said))) == pytest.approx(losses.std(ddof=1), rel=0.15)


def test_losses_of_normal_forecasts() -> None:
    rng = np.random.default_rng(0)
    truth, clean, sigma = np.zeros((8, 1)), np.full((8, 1), 0.3), np.full((8, 1), 0.2)
    forecasts = clean + sigma * rng.standard_normal((4000, 8, 1))
    losses = np.mean(forecasts**2, axis=(1, 2))
    said = np.mean([mse_stderr(truth, one, sigma) ** 2 for one in forecasts])
    assert math.sqrt(said) == pytest.approx(losses.std(), rel=0.05)


@pytest.mark.parametrize(("shots", "mitigation"), [(None, ()), (100, ("zne",))])
def test_where_it_is_not_known(model: Forecaster, shots: int | None, mitigation: tuple[str, ...]) -> None:
    x = torch.zeros(3, 2, 1, dtype=torch.float64)
    assert forecast_stderr(model, x, 0) is None
    model.executor = SimpleNamespace(plan=SimpleNamespace(shots=shots, mitigation=mitigation))  # type: ignore[assignment]
    assert forecast_stderr(model, x, 0) is None
    wide = Forecaster(1, 11, dtype=torch.float64)
    wide.executor = SimpleNamespace(plan=SimpleNamespace(shots=100, mitigation=()))  # type: ignore[assignment]
    assert forecast_stderr(wide, x, 0) is None
