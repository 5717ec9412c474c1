"""A trial is a training by the trainer; many at once give the same numbers as one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

from qlstm import Ansatz, Forecaster
from qlstm.metrics import drop99, r2
from qlstm.reproduce.ours import DRIVEN, HIDDEN_DRIVE, PENDULUM, SIZES
from qlstm.reproduce.paper import centric, distributed
from qlstm.reproduce.pool import _here, _there, run_all
from qlstm.reproduce.setups import Classical, Data, Quantum, Setup
from qlstm.reproduce.trials import Trial, dataset, run, same_windows
from qlstm.tasks import Dataset, linear_fit, load
from qlstm.training import Recipe, Trainer, predict

SERIES = Data(task="pendulum")
SMALL = Setup(SERIES, Quantum(2, 1, "contiguous", "chen2024", 1), Recipe(epochs=3, batch=40, shuffle=True))


def parameters(model: torch.nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def test_a_trial_is_what_the_trainer_gives() -> None:
    trial = run(SMALL, 7)
    data = Dataset.of(load("pendulum"), scaling="all")
    torch.manual_seed(7)
    model = Forecaster(1, 2, ansatz=Ansatz.chen2024(depth=1), dtype=torch.float64)
    history = Trainer(model, data, replace(SMALL.recipe, seed=7)).fit()
    forecast = data.scaler.inverse(predict(model, data.x))
    assert trial is not None
    np.testing.assert_array_equal(trial.forecasts, forecast[:, 0])
    np.testing.assert_array_equal(trial.test_mse, history.column("test_mse"))
    assert trial.whole_r2 == pytest.approx(r2(data.truth, forecast))
    assert trial.test_r2 == pytest.approx(r2(data.truth[data.train :], forecast[data.train :]))
    assert trial.drop99 == drop99(trial.test_mse)
    assert trial.parameters == parameters(model)


def test_the_linear_fit_has_no_epochs() -> None:
    trial = run(Setup(Data(task="narma2", with_u=True, scaling="train"), None), 3)
    fit = linear_fit(Dataset.of(load("narma2", with_u=True)))
    assert trial is not None
    assert (trial.test_r2, trial.parameters) == (fit.scores.test_r2, 9)
    assert (trial.drop99, trial.best_epoch) == (None, None)


def test_processes_do_not_change_the_numbers() -> None:
    work = [(SMALL, 0), (SMALL, 1), (Setup(SERIES, None), 0)]
    alone, together = ({(t.setup, t.seed): t for t in run_all(work, processes)} for processes in (1, 2))
    assert set(alone) == set(together) == set(work)
    for one in work:
        np.testing.assert_array_equal(alone[one].test_mse, together[one].test_mse)
        np.testing.assert_array_equal(alone[one].forecasts, together[one].forecasts)


@pytest.mark.parametrize("start", [_here, lambda work, stop: _there(work, 1, stop)], ids=["here", "in a worker"])
def test_stopped_trainings_are_left_out(start: Callable[..., Iterator[Trial]]) -> None:
    long = replace(SMALL, recipe=replace(SMALL.recipe, epochs=10**6))
    looks = iter(range(10**9))
    assert list(start([(long, 0), (long, 1)], lambda: next(looks) > 3)) == []


def test_models_have_the_sizes_that_are_said() -> None:
    assert [parameters(centric(qubits).build(1)) for qubits in (3, 4, 5, 6)] == [63, 84, 105, 126]
    assert parameters(distributed().build(1)) == parameters(distributed(2).build(2)) + 1 == 126
    for features, size in SIZES.items():
        for choice in (PENDULUM, DRIVEN, HIDDEN_DRIVE):
            assert parameters(choice.model.build(features)) == size <= 300
        like = Classical.like(size, features)
        assert parameters(like.build(features)) == like.parameters(features) <= size
        assert Classical(like.hidden + 1).parameters(features) > size


def test_data_are_trained_once_where_both_scalings_agree() -> None:
    assert same_windows(Data(task="pendulum", scaling="train")) == SERIES
    honest = Data(task="narma5", scaling="train", with_u=True)
    assert same_windows(honest) == honest
    assert dataset(Data(task="narma2", y0=0.0)).series.target[0, 0] == 0.0
