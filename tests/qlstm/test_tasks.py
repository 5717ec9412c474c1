"""The built-in tasks against their equations, solved another way."""

import math
import subprocess
import sys
from collections import deque

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from backends.errors import InputError
from qlstm import tasks


def runge_kutta(points=240, t_end=20.0, b=0.15, g=9.81, theta=0.0, omega=3.0, substeps=40):
    """Classical fixed-step RK4 of Eq. 14 with L = m = 1."""

    def slope(state):
        return np.array([state[1], -b * state[1] - g * math.sin(state[0])])

    step = t_end / (points - 1) / substeps
    state, rows = np.array([theta, omega]), []
    for _ in range(points):
        rows.append(state)
        for _ in range(substeps):
            k1 = slope(state)
            k2 = slope(state + step / 2 * k1)
            k3 = slope(state + step / 2 * k2)
            k4 = slope(state + step * k3)
            state = state + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return np.array(rows)[:, 1]


def test_pendulum_agrees_with_another_integrator():
    series = tasks.load("pendulum")
    assert series.values.shape == series.target.shape == (240, 1)
    assert series.target[0, 0] == 3.0
    np.testing.assert_allclose(series.target[:, 0], runge_kutta(), atol=1e-9)


def test_pendulum_options_reach_the_equation():
    series = tasks.load("pendulum", points=60, t_end=5.0, b=0.4, g=3.7, theta0=0.5, omega0=-1.0)
    expected = runge_kutta(60, 5.0, 0.4, 3.7, 0.5, -1.0, substeps=80)
    np.testing.assert_allclose(series.target[:, 0], expected, atol=1e-9)
    long_and_heavy = tasks.load(
        "pendulum", points=60, t_end=5.0, b=0.8, g=7.4, theta0=0.5, omega0=-1.0, length=2, mass=2
    )
    np.testing.assert_allclose(long_and_heavy.target, series.target, atol=1e-9)


def test_pendulum_of_small_swings_is_a_damped_cosine():
    series = tasks.load("pendulum", omega0=1e-5)
    t = np.linspace(0, 20, 240)
    rate, frequency = 0.075, math.sqrt(9.81 - 0.075**2)
    exact = 1e-5 * np.exp(-rate * t) * (np.cos(frequency * t) - rate / frequency * np.sin(frequency * t))
    np.testing.assert_allclose(series.target[:, 0], exact, atol=1e-14 + 1e-5 * 1e-6)


@pytest.mark.parametrize(
    "options",
    [
        {}, {"points": 2}, {"points": 3000}, {"b": 0.0}, {"g": 0.0}, {"omega0": 20.0}, {"theta0": 3.0, "omega0": 0.0},
        {"b": 60.0, "t_end": 3.0}, {"b": 2.0, "t_end": 1000.0}, {"t_end": 1e-6}, {"b": 0.01, "t_end": 200.0},
    ],
)  # fmt: skip
def test_pendulum_agrees_with_scipy(options):
    o = {"points": 240, "t_end": 20.0, "b": 0.15, "g": 9.81, "theta0": 0.0, "omega0": 3.0} | options
    expected = solve_ivp(
        lambda _, state: (state[1], -o["b"] * state[1] - o["g"] * math.sin(state[0])),
        (0.0, o["t_end"]), (o["theta0"], o["omega0"]), "DOP853", np.linspace(0.0, o["t_end"], o["points"]),
        rtol=3e-14, atol=1e-14,
    )  # fmt: skip
    np.testing.assert_allclose(tasks.load("pendulum", **options).target[:, 0], expected.y[1], rtol=0, atol=5e-11)


def test_pendulum_at_rest_stays():
    assert not tasks.load("pendulum", omega0=0.0).target.any()


@pytest.mark.parametrize("options", [{"b": 1e300}, {"g": 1e300}, {"omega0": 1e300}])
def test_pendulum_that_cannot_be_followed_is_refused(options):
    with pytest.raises(InputError, match="cannot be followed to t_end=20 with b/m="):
        tasks.load("pendulum", **options)


def u(t):
    if t < 0:
        return 0.0
    product = math.prod(math.sin(2 * math.pi * f * t / 100) for f in (2.11, 3.73, 4.11))
    return 0.1 * (product + 1)


def narma_by_queue(order, y0, points=300):
    """Eq. 15 and its general form, with the past in a queue."""
    past = deque([y0, y0] if order == 2 else [y0] + [0.0] * (order - 1), maxlen=order)
    out = []
    for t in range(points):
        out.append(past[0])
        if order == 2:
            following = 0.1 + past[0] * (0.4 + 0.4 * past[1]) + 0.6 * u(t) ** 3
        else:
            following = 0.1 + past[0] * (0.3 + 0.05 * math.fsum(past)) + 1.5 * u(t) * u(t - order + 1)
        past.appendleft(following)
    return np.array(out)


@pytest.mark.parametrize("order", [2, 5, 10])
@pytest.mark.parametrize("y0", [0.196, 0.0])
def test_narma_agrees_with_another_loop(order, y0):
    series = tasks.load(f"narma{order}", y0=y0)
    assert series.values.shape == series.target.shape == (300, 1)
    np.testing.assert_allclose(series.target[:, 0], narma_by_queue(order, y0), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("order", [2, 5, 10])
def test_narma_with_u_gives_every_window_what_the_next_value_needs(order):
    """The window that ends at t determines y_{t+1} through the equation alone."""
    series = tasks.load(f"narma{order}", with_u=True)
    assert series.feature_names == ("y", "u")
    data = tasks.Dataset.of(series, window=order, scaling="all")
    windows, following = series.values, data.truth[:, 0]
    for i, t in enumerate(data.points - 1):
        y, drive = windows[t - order + 1 : t + 1].T
        if order == 2:
            expected = 0.4 * y[1] + 0.4 * y[1] * y[0] + 0.6 * drive[1] ** 3 + 0.1
        else:
            expected = 0.3 * y[-1] + 0.05 * y[-1] * y.sum() + 1.5 * drive[0] * drive[-1] + 0.1
        assert following[i] == pytest.approx(expected, abs=1e-14)


def test_features_choose_u():
    both = tasks.load("narma5", features="u, y")
    assert both.feature_names == ("u", "y")
    np.testing.assert_array_equal(both.values[:, ::-1], tasks.load("narma5", with_u=True).values)
    assert tasks.load("narma5", features=["u"], target="y").values.shape == (300, 1)


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(sorted(set(tasks.TASKS) - {"sunspots", "co2"})), st.integers(2, 400))
def test_fewer_points_are_a_prefix_or_all_finite(name, points):
    series = tasks.load(name, points=points)
    assert len(series) == points and np.isfinite(series.values).all() and series.name == name
    if name.startswith("narma") or name in ("quantum-control", "mackey-glass"):  # the others divide a range of time
        np.testing.assert_array_equal(series.target, tasks.load(name, points=500).target[:points])


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("narma3", {}, "did you mean 'narma"),
        ("pendulun", {}, "did you mean 'pendulum'"),
        ("nowhere.csv", {}, "no file 'nowhere.csv'"),
        ("some/where", {}, "no file 'some/where'"),
        ("pendulum", {"y0": 1.0}, "unknown option of pendulum 'y0'"),
        ("narma2", {"with_v": True}, "did you mean 'with_u'"),
        ("narma2", {"with_u": "yes"}, "with_u='yes' must be True or False"),
        ("narma2", {"y0": math.nan}, "y0=nan must be a finite number"),
        ("narma2", {"y0": 1e6}, "diverges from y0=1e+06"),
        ("narma10", {"y0": True}, "y0=True"),
        ("narma10", {"points": 1}, "points=1 must be a whole number of at least 2"),
        ("narma10", {"points": 20.5}, "points=20.5"),
        ("pendulum", {"length": 0}, "length=0 must be a finite number above 0"),
        ("pendulum", {"b": -1}, "b=-1 must be a finite number of at least 0"),
        ("pendulum", {"t_end": "20"}, "t_end='20'"),
        ("pendulum", {"target": "x"}, "unknown target of pendulum 'x'"),
        ("pendulum", {"features": "theta"}, "did you mean 'theta_dot'"),
        ("narma2", {"features": "y,y"}, "at most once"),
        ("narma2", {"features": "y,u", "with_u": False}, "unknown feature of narma2 'u'"),
    ],
)
def test_bad_requests(name, options, words):
    with pytest.raises(InputError) as error:
        tasks.load(name, **options)
    assert words in str(error.value) and "\n" not in str(error.value)


def test_a_new_task_is_one_function_and_one_line(monkeypatch):
    def ramp(*, points: int = 20) -> tasks.Series:
        return tasks.Series.univariate("ramp", np.arange(points), "x")

    monkeypatch.setitem(tasks.TASKS, "ramp", ramp)
    assert len(tasks.load("ramp", points=30)) == 30
    with pytest.raises(InputError, match="did you mean 'points'"):
        tasks.load("ramp", point=30)


@pytest.mark.parametrize(
    ("values", "target", "words"),
    [
        (np.ones(5), np.ones((5, 1)), r"values of 's' has shape \(5,\): needs \(points, 1\)"),
        (np.ones((5, 2)), np.ones((5, 1)), r"needs \(points, 1\)"),
        (np.ones((5, 1)), np.ones((4, 1)), "5 points of values but 4 of target"),
        (np.array([[1.0], [math.nan]]), np.ones((2, 1)), "nan at point 1, column 'a'"),
        (np.ones((2, 1)), np.array([[1.0], [-math.inf]]), "target of 's' has -inf at point 1"),
    ],
)
def test_series_checks_its_arrays(values, target, words):
    with pytest.raises(InputError, match=words):
        tasks.Series("s", values, target, ("a",), ("b",))


def test_import_is_light():
    code = "import sys, qlstm.tasks, qlstm.metrics; print([m for m in sys.argv[1:] if m in sys.modules])"
    heavy = ["scipy", "torch", "qiskit", "pandas", "matplotlib", "numba", "networkx"]
    done = subprocess.run([sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
