"""Errors, R2 and convergence epochs."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from backends.errors import InputError
from qlstm.metrics import Scores, best_epoch, by_step, drop99, mse, r2

values = arrays(np.float64, st.tuples(st.integers(3, 20), st.integers(1, 3)), elements=st.floats(-100, 100))


def test_by_hand():
    assert mse([1, 2, 3], [1, 2, 5]) == pytest.approx(4 / 3)
    assert r2([1, 2, 3], [1, 2, 5]) == pytest.approx(1 - 4 / 2)
    assert r2([[1], [2], [3]], [[2], [2], [2]]) == 0.0


@settings(max_examples=60, deadline=None)
@given(values, st.integers(0, 2**32 - 1))
def test_r2_is_one_less_the_share_of_unexplained_variance(truth, seed):
    truth = truth + np.arange(len(truth))[:, None] * 1000.0
    prediction = truth + np.random.default_rng(seed).normal(scale=50, size=truth.shape)
    each = [1 - np.mean((y - p) ** 2) / np.var(y) for y, p in zip(truth.T, prediction.T, strict=True)]
    assert r2(truth, prediction) == pytest.approx(np.mean(each), rel=1e-9)
    assert r2(3 * truth - 7, 3 * prediction - 7) == pytest.approx(r2(truth, prediction), rel=1e-7)
    assert r2(truth, truth) == 1.0


@pytest.mark.parametrize("truth", [[2.0] * 5, [0.1] * 7, [3.0]])
def test_r2_of_a_constant_truth_is_undefined(truth):
    assert math.isnan(r2(truth, truth)) and math.isnan(r2(truth, np.zeros(len(truth))))


def test_diverged_forecast_is_nan_not_an_error():
    assert r2([1, 2, 3], [1, 1e200, 3]) == -math.inf and mse([1, 2], [1e200, 2]) == math.inf
    assert math.isnan(r2([1, 2, 3], [1, math.nan, 3])) and math.isnan(mse([1, 2], [math.nan, 1]))


@pytest.mark.parametrize("measure", [mse, r2])
def test_shapes_must_agree(measure):
    with pytest.raises(InputError, match=r"\(3,\) and prediction of \(3, 1\)"):
        measure([1, 2, 3], [[1], [2], [3]])
    with pytest.raises(InputError, match="not empty"):
        measure([], [])
    with pytest.raises(InputError):
        measure(1.0, 1.0)


def test_drop99_by_hand():
    assert drop99([100, 50, 2, 1, 0]) == 4
    assert drop99([100, 0, 100, 0]) == 2
    assert drop99([5.0]) == 1
    assert drop99([5.0, 5.0, 5.0]) == 1
    assert drop99([1.0, 2.0, 3.0]) == 1
    assert drop99([math.nan, 10, math.inf, 0.05, 0]) == 4
    assert drop99([math.nan, math.nan]) is None
    assert drop99([4, 2, 1, 0], share=0.5) == 2


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=40))
def test_drop99_is_the_first_epoch_below_the_goal(losses):
    epoch, best = drop99(losses), best_epoch(losses)
    assert 1 <= epoch <= best <= len(losses)
    assert losses[best - 1] == min(losses)
    drop = losses[0] - min(losses)
    slack = 1e-9 * (1 + losses[0])
    assert losses[0] - losses[epoch - 1] >= 0.99 * drop - slack
    assert all(losses[0] - loss <= 0.99 * drop + slack for loss in losses[: epoch - 1])


def test_best_epoch():
    assert best_epoch([3, 1, 2, 1]) == 2
    assert best_epoch([math.nan, 4]) == 2
    assert best_epoch([math.nan]) is None


@pytest.mark.parametrize("losses", [[], [[1.0, 2.0]], 3.0])
def test_losses_are_one_curve(losses):
    for measure in (drop99, best_epoch):
        with pytest.raises(InputError, match="one number per epoch"):
            measure(losses)


def test_scores_split_in_time_order():
    truth, prediction = np.arange(10.0)[:, None], np.arange(10.0)[:, None].copy()
    prediction[7:] += 1
    scores = Scores.of(truth, prediction, train=6)
    assert scores.train_mse == 0 and scores.test_mse == pytest.approx(3 / 4)
    assert scores.test_r2 == pytest.approx(1 - 3 / 5) and scores.whole_r2 == pytest.approx(1 - 3 / 82.5)
    assert scores.to_dict() == {
        "train_mse": 0.0, "test_mse": scores.test_mse, "test_r2": scores.test_r2, "whole_r2": scores.whole_r2,
    }  # fmt: skip
    for train in (0, 10):
        with pytest.raises(InputError, match=f"train={train} of 10"):
            Scores.of(truth, prediction, train)


def test_errors_by_steps_ahead_by_hand():
    truth = np.array([[0.0, 1, 2, 3], [1, 2, 3, 4], [2, 4, 4, 8], [4, 0, 5, 5]])  # two steps of two targets
    prediction = truth + np.array([0, 0, 1, -1])
    found = by_step(truth, prediction, 2, 2)
    assert found == {
        "test_mse_1": 0.0, "test_r2_1": 1.0, "test_mse_2": 1.0, "test_r2_2": pytest.approx(1 - (2 / 0.5 + 2 / 4.5) / 2),
    }  # fmt: skip
    assert by_step(truth, prediction, 2, 1) == {}
    with pytest.raises(InputError, match="cannot be divided into 3 steps"):
        by_step(truth, prediction, 2, 3)
