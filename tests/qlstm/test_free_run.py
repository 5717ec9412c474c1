"""Free-running forecasts against recursions that can be written down."""

import numpy as np
import pytest

from backends.errors import InputError
from qlstm.tasks import Dataset, Series, free_run, linear_fit, load


def wave(points=60):
    """x_{t+1} = 1.6 x_t - 0.95 x_{t-1} + 0.1, which a linear fit to windows of two finds exactly."""
    x = np.empty(points)
    x[:2] = 0.0, 1.0
    for t in range(1, points - 1):
        x[t + 1] = 1.6 * x[t] - 0.95 * x[t - 1] + 0.1
    return Series.univariate("wave", x, "x")


def driven(points=80, seed=1):
    """y_{t+1} = 0.7 y_t - 0.2 u_t + 1 with a random u; u is the first feature."""
    u = np.random.default_rng(seed).normal(size=points)
    y = np.full(points, 0.3)
    for t in range(points - 1):
        y[t + 1] = 0.7 * y[t] - 0.2 * u[t] + 1
    return Series("driven", np.column_stack([u, y]), y[:, None], ("u", "y"), ("y",))


@pytest.mark.parametrize("horizon", [1, 3])
@pytest.mark.parametrize("steps", [1, 3, 7, 20])
def test_an_exact_model_goes_on_as_the_series_does(horizon, steps):
    data = Dataset.of(wave(), window=2, horizon=horizon)
    run = free_run(linear_fit(data).predict, wave(30), data.scaler, 2, steps)
    np.testing.assert_allclose(run[0, :, 0], wave().target[30 : 30 + steps, 0], atol=1e-8)


@pytest.mark.parametrize("horizon", [1, 2])
def test_an_input_that_is_not_forecast_is_taken_from_the_data(horizon):
    series = driven()
    data = Dataset.of(series, window=3)
    known = np.stack([series.target[t : t + 10] for t in (20, 70)])
    runs = free_run(linear_fit(data).predict, series, data.scaler, 3, 10, starts=[20, 70])
    np.testing.assert_allclose(runs, known, atol=1e-9)
    # of two steps at once the second has to do without its u, so only what is known can be asked for
    two = Dataset.of(series, window=3, horizon=2)
    run = free_run(linear_fit(two).predict, series, two.scaler, 3, 2, starts=[20])
    np.testing.assert_allclose(run[0, 0], series.target[20], atol=1e-9)
    assert abs(run[0, 1] - series.target[21]) > 1e-3


def bent(x):
    """Some model of two features and two steps, far from linear."""
    first = np.tanh(x[:, -1, 1] - 0.5 * x[:, 0, 0] * x[:, -1, 1])
    return np.column_stack([first, np.sin(2 * first) + 0.1 * x[:, 1, 0]])


def test_the_loop_written_out():
    series = driven()
    scaler = Dataset.of(series, window=3).scaler
    values, expected = series.values.copy(), []
    while len(expected) < 9:
        start = 40 + len(expected)
        ahead = bent(scaler.transform(values[start - 3 : start])[None])[0]
        for k, scaled in enumerate(ahead):
            expected.append(scaler.inverse([[scaled]])[0, 0])
            values[start + k, 1] = expected[-1]
    np.testing.assert_allclose(free_run(bent, series, scaler, 3, 9, [40])[0, :, 0], expected[:9], rtol=1e-12)


def test_nothing_beyond_the_start_is_seen_but_the_input():
    series = driven()
    scaler = Dataset.of(series, window=3).scaler
    before = free_run(bent, series, scaler, 3, 8, [50])
    changed = series.values.copy()
    changed[50:, 1] = 9.0
    other = Series("other", changed, changed[:, 1:], ("u", "y"), ("y",))
    np.testing.assert_array_equal(free_run(bent, other, scaler, 3, 8, [50]), before)
    changed[51, 0] += 1.0
    moved = free_run(bent, Series("moved", changed, changed[:, 1:], ("u", "y"), ("y",)), scaler, 3, 8, [50])
    np.testing.assert_array_equal(moved[:, :2], before[:, :2])
    assert (moved[:, 2:] != before[:, 2:]).any()


def test_runs_side_by_side_are_runs_one_by_one():
    series = driven()
    scaler = Dataset.of(series, window=3).scaler
    together = free_run(bent, series, scaler, 3, 5, [3, 30, 76])
    alone = [free_run(bent, series, scaler, 3, 5, [start])[0] for start in (3, 30, 76)]
    np.testing.assert_allclose(together, alone, rtol=1e-12)


def test_the_input_is_needed_up_to_the_last_window_only():
    """The forecast of the last point but one needs no u of its own time."""
    series = driven()
    data = Dataset.of(series, window=3)
    predict = linear_fit(data).predict
    assert free_run(predict, series, data.scaler, 3, 1).shape == (1, 1, 1)
    assert free_run(predict, series, data.scaler, 3, 6, [75]).shape == (1, 6, 1)
    with pytest.raises(
        InputError, match=r"'u' is not forecast.* up to point 79 only: start at least 7 points .*\(73\)"
    ):
        free_run(predict, series, data.scaler, 3, 7, [75])
    assert free_run(predict, series, data.scaler, 3, 7, [73]).shape == (1, 7, 1)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"starts": [2]}, "start=2: a free run needs the 3 points before it"),
        ({"starts": [81]}, "give a start from 3 to 80"),
        ({"starts": [1.5]}, "start=1.5"),
        ({"starts": []}, "starts is empty"),
        ({"starts": 10}, "starts=10 is not a list of points; give [10]"),
        ({"steps": 0}, "steps=0"),
        ({"steps": 10**7}, "steps=10000000 must be at most 1,000,000"),
    ],
)
def test_bad_starts(options, words):
    series = driven()
    with pytest.raises(InputError) as error:
        free_run(bent, series, Dataset.of(series, window=3).scaler, 3, **({"steps": 4} | options))
    assert words in str(error.value)


def test_a_model_that_does_not_see_what_it_forecasts():
    series = driven().select(["u"])
    data = Dataset.of(series, window=3)
    with pytest.raises(InputError, match=r"forecasts y without seeing it \(u\), so nothing can be fed back"):
        free_run(linear_fit(data).predict, series, data.scaler, 3, 4, [20])
    with pytest.raises(InputError, match="was trained on u"):
        free_run(linear_fit(data).predict, driven(), data.scaler, 3, 4, [20])


def test_errors_grow_with_the_steps():
    """Of many free runs of an inexact model; the tenth step is worse than the first."""
    series = load("mackey-glass", points=300)
    data = Dataset.of(series)
    starts = range(int(data.points[data.train]), 290)
    runs = free_run(linear_fit(data).predict, series, data.scaler, 4, 10, starts)
    errors = (runs[..., 0] - np.stack([series.target[t : t + 10, 0] for t in starts])) ** 2
    assert errors[:, 0].mean() < 0.5 * errors[:, -1].mean()
