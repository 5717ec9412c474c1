"""The Mackey-Glass equation, a delay differential equation that is chaotic for a delay of 17.

    x'(t) = beta x(t - tau) / (1 + x(t - tau)^n) - gamma x(t),   x(t) = x0 for t <= 0

Source: Mackey and Glass, Science 197, 287 (1977); beta = 0.2, gamma = 0.1, n = 10, tau = 17 and x0 = 1.2 are the usual
constants of forecasting. Four values six apart, and the one six later, is the embedding of Jang (IEEE Trans. Syst. Man
Cybern. 23, 665 (1993)), so a sample is taken every 6, after the first 100 have passed.
"""

from __future__ import annotations

import numpy as np
from numpy.polynomial import chebyshev

from backends.errors import InputError
from qlstm.tasks.checks import point_count, real_number
from qlstm.tasks.series import Array, Series

_DEGREE = 60
"""Of the polynomial on a stretch of at most `_STRETCH`; the solution has fallen to rounding there long before."""
_STRETCH = 20.0
_MOST_STRETCHES = 10**5


def mackey_glass(
    *,
    points: int = 500,
    interval: float = 6.0,
    skipped: float = 100.0,
    beta: float = 0.2,
    gamma: float = 0.1,
    n: float = 10.0,
    tau: float = 17.0,
    x0: float = 1.2,
) -> Series:
    """x(t) at t = skipped, skipped + interval, ...

    Args:
        points: Number of samples.
        interval: Time between two samples.
        skipped: Time before the first sample.
        beta: Rate of production.
        gamma: Rate of loss.
        n: Exponent.
        tau: Delay.
        x0: Value up to t = 0.

    Raises:
        InputError: For a value outside its range, or a solution that leaves the range of a float.
    """
    points = point_count("points", points)
    interval, tau = real_number("interval", interval, above=0.0), real_number("tau", tau, above=0.0)
    skipped, x0 = real_number("skipped", skipped, at_least=0.0), real_number("x0", x0, at_least=0.0)
    beta, gamma = real_number("beta", beta, at_least=0.0), real_number("gamma", gamma, at_least=0.0)
    n, last = real_number("n", n, at_least=0.0), skipped + interval * (points - 1)
    if not max(last / min(tau, _STRETCH), tau / _STRETCH) <= _MOST_STRETCHES:
        raise InputError(
            f"t={last:g} with a delay tau={tau:g} takes more than {_MOST_STRETCHES:,} stretches of the solution; make"
            " skipped or interval smaller, or tau one of usual size"
        )
    times = skipped + interval * np.arange(points, dtype=np.float64)
    return Series.univariate(
        "mackey-glass", _solve(times, beta, gamma, n, tau, x0), "x", f"Mackey-Glass equation with a delay of {tau:g}"
    )


def _solve(times: Array, beta: float, gamma: float, n: float, tau: float, x0: float, degree: int = _DEGREE) -> Array:
    """The method of steps: on a stretch of one delay the delayed term is known, and the rest is linear.

    There x = x(0) + integral (f - gamma x), collocated at Chebyshev nodes: (1 + gamma J) x = x(0) + J f. The solution is
    smooth within a stretch, and its derivatives jump only between two.
    """
    pieces = int(np.ceil(tau / _STRETCH))  # of a delay, for long ones
    nodes = chebyshev.chebpts1(degree + 1)
    to_coefficients = np.linalg.inv(chebyshev.chebvander(nodes, degree))
    length = tau / pieces
    integrals = chebyshev.chebint(np.eye(degree + 1), lbnd=-1, scl=length / 2)  # column k: integral of T_k
    integral = chebyshev.chebvander(nodes, degree + 1) @ integrals @ to_coefficients
    step = np.linalg.inv(np.eye(degree + 1) + gamma * integral)
    delayed = [np.full(degree + 1, x0) for _ in range(pieces)]
    values, start = np.full(len(times), x0), x0
    for k in range(int(times[-1] / length) + 1):
        before = delayed[k % pieces]
        with np.errstate(over="ignore", invalid="ignore"):
            at_nodes = step @ (start + integral @ (beta * before / (1 + before**n)))
        coefficients = to_coefficients @ at_nodes
        inside = (times >= k * length) & (times <= (k + 1) * length)
        values[inside] = chebyshev.chebval(2 * (times[inside] / length - k) - 1, coefficients)
        delayed[k % pieces], start = at_nodes, float(chebyshev.chebval(1.0, coefficients))
    if not np.isfinite(values).all():
        raise InputError(f"Mackey-Glass cannot be followed to t={times[-1]:g} from x0={x0:g}: make beta or x0 smaller")
    return values
