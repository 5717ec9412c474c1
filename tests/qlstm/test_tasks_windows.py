"""Windows, split and scaling."""

import json
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from backends.errors import InputError
from qlstm import tasks
from qlstm.tasks import Dataset, MinMax, Scaler, Series, forecast_windows

finite = st.floats(-1e12, 1e12, allow_subnormal=False)


def ramp(points, features=1):
    values = np.arange(points * features, dtype=float).reshape(points, features)
    names = tuple(f"x{k}" for k in range(features))
    return Series("ramp", values, 100 + values[:, :1], names, ("y",))


@pytest.mark.parametrize(("name", "train", "test"), [("pendulum", 157, 78), ("narma2", 197, 98), ("narma10", 197, 98)])
def test_published_split(name, train, test):
    data = Dataset.of(tasks.load(name))
    assert (len(data.x_train), len(data.x_test), len(data)) == (train, test, train + test)
    assert data.x_train.shape == (train, 4, 1) and data.y_test.shape == (test, 1)
    assert data.x.dtype == data.y.dtype == np.float64


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 6), st.integers(1, 4), st.integers(1, 3), st.floats(0.3, 0.9), st.integers(0, 30))
def test_windows_are_the_points_before_their_targets(window, horizon, features, split, extra):
    points = window + horizon + 4 + extra
    series = ramp(points, features)
    data = Dataset.of(series, window, horizon, split, scaling="all")
    assert len(data) == points - window - horizon and data.train == int(split * len(data))
    for i in range(len(data)):
        expected = data.scaler.transform(series.values[i : i + window])
        np.testing.assert_array_equal(data.x[i], expected)
        due = slice(i + window, i + window + horizon)
        assert data.points[i] == i + window and data.truth[i].tolist() == series.target[due, 0].tolist()
        np.testing.assert_allclose(data.scaler.inverse(data.y[i][:, None]), series.target[due], rtol=1e-12)
    assert i + window + horizon == points - 1


def test_train_scaling_sees_training_points_only():
    values = np.concatenate([np.linspace(0, 1, 20), [50.0] * 10])
    series = Series.univariate("jump", values, "x")
    data = Dataset.of(series, window=3, split=0.5)
    used = data.train + 3  # up to the target of the last training window
    assert data.scaler.features.high == data.scaler.target.high == (values[used - 1],)
    assert np.abs(data.x_train).max() <= 1 and np.abs(data.y_train).max() == 1
    assert data.y_test.max() > 1
    changed = Series.univariate("other", np.concatenate([values[:used], -7 * values[used:]]), "x")
    again = Dataset.of(changed, window=3, split=0.5)
    assert again.scaler == data.scaler
    np.testing.assert_array_equal(again.x_train, data.x_train)


def test_all_scaling_spans_the_whole_series():
    data = Dataset.of(tasks.load("pendulum"), scaling="all")
    scaled = data.scaler.transform(data.series.values)
    assert (scaled.min(), scaled.max()) == (-1.0, 1.0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"window": 0}, "window=0 must be a whole number of at least 1"),
        ({"window": 2.5}, "window=2.5"),
        ({"window": True}, "window=True"),
        ({"horizon": 0}, "horizon=0"),
        ({"split": 0}, "split=0 must be a finite number above 0"),
        ({"split": 1.0}, "split=1.0 must lie between 0 and 1"),
        ({"split": math.nan}, "split=nan"),
        ({"scaling": "trian"}, "did you mean 'train'"),
        ({"window": 40}, "has 20 point.* need at least 43"),
        ({"split": 0.01}, "need at least 105"),
    ],
)
def test_bad_window_arguments(arguments, words):
    with pytest.raises(InputError, match=words):
        Dataset.of(ramp(20), **arguments)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5), st.integers(1, 3), st.floats(0.02, 0.98))
def test_number_of_points_needed_is_exact(window, horizon, split):
    with pytest.raises(InputError, match="at least") as error:
        Dataset.of(ramp(2), window, horizon, split)
    needed = int(str(error.value).split("at least ")[1].split(",")[0])
    assert Dataset.of(ramp(needed), window, horizon, split).train >= 1
    with pytest.raises(InputError, match=f"need at least {needed},"):
        Dataset.of(ramp(needed - 1), window, horizon, split)


def test_split_next_to_one_leaves_a_test_window():
    data = Dataset.of(ramp(10), split=math.nextafter(1, 0))
    assert len(data.x_test) == 1


def test_constant_in_the_training_part():
    values = np.concatenate([np.full(25, 2.0), np.arange(10.0)])
    series = Series.univariate("flat", values, "level")
    with pytest.raises(InputError, match=r"column 'level' is constant \(2\) over the 24 points"):
        Dataset.of(series)
    assert Dataset.of(series, scaling="all").train == 20


def test_range_beyond_a_float():
    series = Series.univariate("huge", np.tile([-1.7e308, 1.7e308], 10), "x")
    with pytest.raises(InputError, match="cannot be scaled"):
        Dataset.of(series)


@settings(max_examples=100, deadline=None)
@given(arrays(np.float64, st.tuples(st.integers(2, 30), st.integers(1, 4)), elements=finite))
def test_scaling_round_trip(values):
    assume((np.ptp(values, axis=0) > 0).all())
    scaling = MinMax.fit(values, tuple("abcd"[: values.shape[1]]))
    scaled = scaling.transform(values)
    assert np.abs(scaled).max() <= 1 + 1e-15
    size = np.abs(values).max(axis=0)
    assert (np.abs(scaling.inverse(scaled) - values) <= 8 * np.finfo(float).eps * size).all()
    kept = MinMax.from_dict(json.loads(json.dumps(scaling.to_dict())))
    assert kept == scaling
    np.testing.assert_array_equal(kept.transform(values), scaled)


def test_width_scales_without_offset():
    scaler = Scaler(MinMax(("a",), (0.0,), (1.0,)), MinMax(("y",), (10.0,), (14.0,)))
    np.testing.assert_allclose(scaler.inverse([[0.0], [1.0]]), [[12.0], [14.0]])
    np.testing.assert_allclose(scaler.inverse_width([[0.5]]), [[1.0]])
    np.testing.assert_allclose(scaler.transform_target([[14.0]]), [[1.0]])


GOOD = {"names": ["a"], "low": [0], "high": [1]}


@pytest.mark.parametrize(
    "features",
    [{}, 3, None, {**GOOD, "high": [1, 2]}, {**GOOD, "low": ["x"]}, {**GOOD, "low": [1]}, {**GOOD, "low": [math.nan]}],
)
def test_damaged_scaler(features):
    assert Scaler.from_dict({"features": GOOD, "target": GOOD}).features.high == (1.0,)
    with pytest.raises(InputError) as error:
        Scaler.from_dict({"features": features, "target": GOOD})
    assert "\n" not in str(error.value)


def test_scaler_wants_its_columns():
    data = Dataset.of(ramp(20, 2))
    with pytest.raises(InputError, match=r"shape \(5, 1\).*the 2 column"):
        data.scaler.transform(np.ones((5, 1)))
    with pytest.raises(InputError, match="1 column"):
        data.scaler.inverse(3.0)


def test_forecast_windows_go_on_where_the_data_set_ends():
    series = tasks.load("narma2", with_u=True)
    data = Dataset.of(series, window=3)
    windows = forecast_windows(series, data.scaler, 3)
    assert windows.shape == (298, 3, 2)
    np.testing.assert_array_equal(windows[: len(data)], data.x)
    np.testing.assert_array_equal(windows[-1], data.scaler.transform(series.values[-3:]))
    with pytest.raises(InputError, match="was trained on y, u"):
        forecast_windows(tasks.load("narma2"), data.scaler, 3)
    with pytest.raises(InputError, match="needs 301"):
        forecast_windows(series, data.scaler, 301)


def test_data_without_truth_cannot_train():
    with pytest.raises(InputError, match="no target column"):
        Dataset.of(Series("new", np.arange(20.0)[:, None], np.empty((20, 0)), ("a",), ()))


def test_linear_references():
    pendulum = tasks.linear_fit(Dataset.of(tasks.load("pendulum")))
    assert pendulum.scores.test_r2 > 0.99999 and pendulum.parameters == 5
    narma = tasks.linear_fit(Dataset.of(tasks.load("narma2")))
    assert narma.scores.test_r2 == pytest.approx(0.9980, abs=3e-4)


def test_linear_fit_finds_the_coefficients_of_a_linear_recursion():
    rng = np.random.default_rng(1)
    x = np.empty((80, 2))
    x[0], x[:, 1] = 0.3, rng.normal(size=80)
    for t in range(79):
        x[t + 1, 0] = 0.7 * x[t, 0] - 0.2 * x[t, 1] + 1
    data = Dataset.of(Series("ar", x, x[:, :1], ("y", "u"), ("y",)), window=2)
    fit = tasks.linear_fit(data)
    assert fit.scores.whole_r2 == pytest.approx(1, abs=1e-12)
    ahead = fit.predict(forecast_windows(data.series, data.scaler, 2)[-1:])
    np.testing.assert_allclose(data.scaler.inverse(ahead), [[0.7 * x[-1, 0] - 0.2 * x[-1, 1] + 1]], rtol=1e-10)


def test_linear_fit_with_fewer_windows_than_weights():
    fit = tasks.linear_fit(Dataset.of(ramp(8, 3), window=4, split=0.5))
    assert np.isfinite(fit.weights).all() and fit.scores.train_mse < 1e-20
