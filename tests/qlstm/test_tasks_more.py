"""The sequences beside the paper's own, each against its equation solved another way."""

import math
import sys

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.sparse import csr_array
from scipy.sparse.linalg import expm_multiply
from scipy.special import ellipj

from backends.errors import InputError
from qlstm import tasks
from qlstm.tasks.mackey_glass import _solve


def column(name, **options):
    return tasks.load(name, **options).target[:, 0]


@pytest.mark.parametrize("omega0", [0.5, 3.0, 6.0])
def test_the_undamped_pendulum_is_an_elliptic_function(omega0):
    """From rest angle and below the top: theta' = omega0 cn(W t | k^2), sin(theta/2) = k sn(W t | k^2), k = omega0 / 2W."""
    pull = math.sqrt(9.81)
    sn, cn, _, _ = ellipj(pull * np.linspace(0, 20, 240), (omega0 / 2 / pull) ** 2)
    speed = column("pendulum-undamped", omega0=omega0)
    np.testing.assert_allclose(speed, omega0 * cn, atol=1e-11)
    energy = speed**2 / 2 - 9.81 * (1 - 2 * (omega0 / 2 / pull * sn) ** 2)
    np.testing.assert_allclose(energy, omega0**2 / 2 - 9.81, rtol=1e-11)


@pytest.mark.parametrize("options", [{}, {"a": 0.7, "w": 3.1, "b": 0.3, "points": 100}, {"a": 3.0, "t_end": 10.0}])
def test_the_forced_pendulum_agrees_with_scipy(options):
    o = {"points": 480, "t_end": 40.0, "b": 0.15, "a": 2.0, "w": 2.0} | options
    expected = solve_ivp(
        lambda t, y: (y[1], o["a"] * math.cos(o["w"] * t) - o["b"] * y[1] - 9.81 * math.sin(y[0])),
        (0.0, o["t_end"]), (0.0, 3.0), "DOP853", np.linspace(0.0, o["t_end"], o["points"]), rtol=3e-14, atol=1e-14,
    )  # fmt: skip
    np.testing.assert_allclose(column("pendulum-forced", **options), expected.y[1], rtol=0, atol=1e-10)


def test_the_forced_pendulum_forgets_its_start_and_keeps_the_time_of_its_drive():
    options = {"t_end": 60 * math.pi, "points": 601}  # 60 turns of the drive, 10 samples a turn
    late = column("pendulum-forced", **options)[-100:]
    np.testing.assert_allclose(late, column("pendulum-forced", theta0=1.0, omega0=0.0, **options)[-100:], atol=2e-4)
    np.testing.assert_allclose(late[10:], late[:-10], atol=2e-4)
    assert np.ptp(late) > 0.5


def test_bessel_is_the_mean_of_a_cosine():
    """J_n(x) = (1/pi) integral over [0, pi] of cos(n s - x sin s), by the trapezoid rule, exact for a periodic function."""
    s, x = np.arange(400) * 2 * np.pi / 400, np.linspace(0, 60, 240)
    np.testing.assert_allclose(column("bessel"), np.cos(2 * s - np.outer(x, np.sin(s))).mean(axis=1), atol=1e-14)
    assert tasks.load("bessel", order=0, points=3).target[0, 0] == 1.0


def test_bessel_solves_its_equation():
    x = np.linspace(1.0, 61.0, 1201)
    h = x[1] - x[0]
    y = column("bessel", points=1221, x_end=61.0)[20:]
    slope = (y[:-4] - 8 * y[1:-3] + 8 * y[3:-1] - y[4:]) / (12 * h)
    bend = (-y[:-4] + 16 * y[1:-3] - 30 * y[2:-2] + 16 * y[3:-1] - y[4:]) / (12 * h * h)
    middle, x = y[2:-2], x[2:-2]
    np.testing.assert_allclose(bend + slope / x + (1 - 4 / x**2) * middle, 0, atol=2e-6)


def test_pulses_come_back_weaker():
    f, x = column("quantum-control"), np.arange(-2, 20, 0.01)
    assert len(f) == len(x) == 2200
    published = 0.0
    for n in range(11):
        published += np.exp(-10 * (x - 2 * n) ** 2) * np.exp(-x / 16)
    np.testing.assert_allclose(f, published, rtol=1e-9, atol=1e-15)
    tops = f[200::200]  # x = 0, 2, ..., 18
    np.testing.assert_allclose(tops[1:] / tops[:-1], math.exp(-2 / 16), rtol=1e-12)


def hamiltonian(levels, detuning=0.0):
    """H of Jaynes and Cummings with g = 1 and the atom first, and its operators, dense."""
    a = np.kron(np.eye(2), np.diag(np.sqrt(np.arange(1.0, levels)), 1))
    raising = np.kron(np.array([[0.0, 1.0], [0.0, 0.0]]), np.eye(levels))  # excited first
    z = np.kron(np.diag([1.0, -1.0]), np.eye(levels))
    return detuning / 2 * z + raising @ a + a.T @ raising.T, a, z


def coherent(photons, levels):
    n = np.arange(levels)
    return np.exp(-photons / 2) * photons ** (n / 2) / np.sqrt([float(math.factorial(k)) for k in n])


def test_inversion_is_that_of_the_hamiltonian():
    h, _, z = hamiltonian(40)
    energies, states = np.linalg.eigh(h)
    start = states.T @ np.concatenate([coherent(4.0, 40), np.zeros(40)])
    times = np.linspace(0, 30, 200)
    psi = np.exp(-1j * np.outer(times, energies)) * start @ states.T
    found = column("inversion", photons=4.0, t_end=30.0, points=200)
    np.testing.assert_allclose(found, (np.abs(psi) ** 2 @ np.diag(z)), atol=1e-10)


def test_inversion_collapses_and_revives():
    """It is gone well before the first revival, at 2 pi sqrt(photons), and back there."""
    w = np.abs(column("inversion"))
    times = np.linspace(0, 50, 500)
    revival = 2 * math.pi * math.sqrt(10.0)
    assert w[(times > 4) & (times < 8)].max() < 0.02 < 0.3 < w[np.abs(times - revival) < 3].max()


@pytest.mark.parametrize(("photons", "kappa", "detuning"), [(0.0, 0.1, 0.0), (1.5, 0.2, 0.7), (2.0, 0.0, 0.5)])
def test_loss_is_that_of_the_whole_master_equation(photons, kappa, detuning):
    """The whole density matrix, coherences between all numbers of quanta included, as one long vector."""
    h, a, z = hamiltonian(16, detuning)
    one, number = np.eye(32), a.T @ a
    lindblad = -1j * (np.kron(h, one) - np.kron(one, h))  # of rho, row after row
    lindblad += kappa * (np.kron(a, a) - (np.kron(number, one) + np.kron(one, number)) / 2)
    start = np.concatenate([coherent(photons, 16) if photons else np.eye(16)[0], np.zeros(16)])
    rho = expm_multiply(csr_array(lindblad), np.outer(start, start).ravel().astype(complex), 0, 6, 25)
    expected = rho[:, ::33].real @ np.diag(z)
    found = column("jaynes-cummings-damped", photons=photons, kappa=kappa, detuning=detuning, t_end=6.0, points=25)
    np.testing.assert_allclose(found, expected, atol=2e-7)


def lorentzian(times, kappa, detuning=0.0):
    """|G|^2 of Breuer and Petruccione (10.45) for an atom in an empty damped mode with g = 1."""
    width = kappa / 2 - 1j * detuning
    d = np.sqrt(width**2 - 4 + 0j)  # gamma_0 lambda / 2 = g^2
    return np.abs(np.exp(-width * times / 2) * (np.cosh(d * times / 2) + width / d * np.sinh(d * times / 2))) ** 2


@pytest.mark.parametrize(("kappa", "detuning"), [(0.1, 0.0), (1.0, 0.4), (12.0, 0.0)])
def test_an_empty_mode_is_a_lorentzian_reservoir(kappa, detuning):
    times = np.linspace(0, 40, 240)
    excited = (1 + column("jaynes-cummings-damped", kappa=kappa, detuning=detuning)) / 2
    np.testing.assert_allclose(excited, lorentzian(times, kappa, detuning), atol=1e-11)


def test_the_mode_gives_the_atom_memory():
    """Excitation comes back from a narrow mode, many times; a broad one is as good as none and it only decays."""
    narrow, broad = column("jaynes-cummings-damped"), column("jaynes-cummings-damped", kappa=12.0)
    rises = np.diff(narrow) > 1e-3
    assert np.count_nonzero(rises[1:] & ~rises[:-1]) >= 10
    assert (np.diff(broad) < 1e-12).all() and broad[-1] == pytest.approx(-1, abs=1e-5)


def test_without_loss_the_damped_inversion_is_the_other():
    options = {"photons": 3.0, "t_end": 20.0, "points": 100}
    found = column("jaynes-cummings-damped", kappa=0.0, **options)
    np.testing.assert_allclose(found, column("inversion", **options), atol=1e-10)


def mackey_glass_by_steps(t_end, tau=17.0, x0=1.2):
    """An adaptive integrator from delay to delay, on its own dense output."""
    known, start, pieces = (lambda t: np.full(np.shape(t), x0)), x0, []
    while len(pieces) * tau < t_end:
        shift = len(pieces) * tau

        def slope(t, x, past=known):
            before = past(t - tau)
            return 0.2 * before / (1 + before**10) - 0.1 * x

        solved = solve_ivp(slope, (shift, shift + tau), [start], "DOP853", rtol=1e-12, atol=1e-13, dense_output=True)
        known, start = (lambda t, s=solved.sol: s(t)[0]), solved.y[0, -1]
        pieces.append(solved.sol)
    return pieces


def test_mackey_glass_agrees_with_an_adaptive_integrator():
    pieces = mackey_glass_by_steps(700.0)
    times = 100 + 6.0 * np.arange(100)
    expected = [pieces[int(t / 17)](t)[0] for t in times]
    np.testing.assert_allclose(column("mackey-glass", points=100), expected, atol=2e-7)


def test_mackey_glass_does_not_depend_on_its_step():
    """Chaos multiplies rounding by less than a million over the whole series."""
    times = 100 + 6.0 * np.arange(500)
    finer = _solve(times, 0.2, 0.1, 10.0, 17.0, 1.2, degree=100)
    np.testing.assert_allclose(column("mackey-glass"), finer, atol=1e-6)


def test_mackey_glass_is_chaotic_at_17_and_periodic_at_10():
    a, b = column("mackey-glass"), column("mackey-glass", x0=1.2 + 1e-6)
    assert np.abs(a - b)[:20].max() < 1e-4 < 0.1 < np.abs(a - b)[-100:].max()
    late = column("mackey-glass", tau=10.0, interval=0.5, points=4000)[-1000:]
    period = np.argmin([np.abs(late[k:] - late[:-k]).max() for k in range(20, 200)]) + 20
    assert np.abs(late[period:] - late[:-period]).max() < 0.02 < np.ptp(late)
    np.testing.assert_allclose(
        column("mackey-glass", tau=50.0, beta=0.0, skipped=0.0), 1.2 * np.exp(-0.6 * np.arange(500))
    )


def test_sunspots_are_as_recorded():
    pytest.importorskip("statsmodels")
    series = tasks.load("sunspots")
    assert len(series) == 309 and series.target_names == ("sunspots",)
    assert series.target[:4, 0].tolist() == [5.0, 11.0, 16.0, 23.0]  # 1700 to 1703
    assert series.target[1957 - 1700, 0] == series.target.max() == 190.2  # the largest of all cycles


def test_missing_weeks_of_co2_are_left_out_and_missing_months_filled():
    datasets = pytest.importorskip("statsmodels.datasets")
    weeks = datasets.co2.load_pandas().data["co2"]
    by_month = {}
    for day, value in weeks.items():
        by_month.setdefault((day.year, day.month), []).extend([] if math.isnan(value) else [value])
    level = [sum(values) / len(values) if values else math.nan for values in by_month.values()]
    series = tasks.load("co2")
    assert len(series) == len(level) - 1 == 525
    changes = np.diff(level)
    known = np.isfinite(changes)
    np.testing.assert_allclose(series.target[known, 0], changes[known], atol=1e-9)
    gaps = sum(map(math.isnan, level))
    assert f"{gaps} of 526 months" in series.source and gaps == 5
    assert level[0] + series.target.sum() == pytest.approx(level[-1])


@pytest.mark.parametrize("name", ["sunspots", "co2"])
def test_without_statsmodels_one_line_says_what_to_do(monkeypatch, name):
    monkeypatch.setitem(sys.modules, "statsmodels", None)
    with pytest.raises(InputError, match=r"statsmodels, which is not installed .*pip install 'qpartition\[data\]'"):
        tasks.load(name)


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("pendulum-forced", {"a": math.inf}, "a=inf"),
        ("pendulum-forced", {"w": 1e300}, "cannot be followed"),
        ("pendulum-undamped", {"b": 0.1}, "unknown option of pendulum-undamped 'b'"),
        ("bessel", {"order": -1}, "order=-1"),
        ("bessel", {"x_end": 0}, "x_end=0"),
        ("quantum-control", {"delay": 0}, "delay=0"),
        ("inversion", {"photons": -1}, "photons=-1"),
        ("inversion", {"photons": 1e6}, "more than the 1000"),
        ("jaynes-cummings-damped", {"kappa": -0.1}, "kappa=-0.1"),
        ("mackey-glass", {"tau": 0}, "tau=0"),
        ("mackey-glass", {"beta": 1e308, "x0": 1e3, "n": 0.0}, "cannot be followed"),
        ("sunspots", {"points": 3}, "unknown option of sunspots"),
        ("pendulum", {"points": 10**400}, "must be at most 1,000,000"),
        ("pendulum", {"t_end": 1e308}, "cannot be followed"),
        ("narma2", {"points": 10**12}, "points=1000000000000 must be at most 1,000,000"),
        ("bessel", {"order": 10**400}, "must be at most 1,000,000"),
        ("quantum-control", {"step": 1e308}, "more than 10,000 pulses"),
        ("quantum-control", {"lifetime": 1e-320}, "only finite numbers"),
        ("mackey-glass", {"skipped": 1e308}, "more than 100,000 stretches"),
        ("mackey-glass", {"tau": 1e-320}, "more than 100,000 stretches"),
        (None, {}, "None is no name and no path"),
    ],
)
def test_bad_requests(name, options, words):
    with pytest.raises(InputError) as error:
        tasks.load(name, **options)
    assert words in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: tasks.Dataset.of(None), "None is not a Series"),
        (lambda: tasks.linear_fit("data"), "'data' is not a Dataset"),
        (lambda: tasks.csv_series(3), "3 is no path of a CSV file"),
        (lambda: tasks.Series.univariate("x", "abc", "y"), "values of 'x' are 'abc'"),
    ],
)
def test_something_else_is_refused(call, words):
    with pytest.raises(InputError, match=words):
        call()


def test_windows_of_another_size_are_refused():
    fit = tasks.linear_fit(tasks.Dataset.of(tasks.load("pendulum")))
    for windows in (np.zeros((3, 5, 1)), np.zeros((3, 2)), np.zeros(4), "x"):
        with pytest.raises(InputError, match="4 numbers each"):
            fit.predict(windows)
