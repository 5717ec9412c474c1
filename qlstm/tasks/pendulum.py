"""The damped pendulum of Eq. 14: theta'' + (b/m) theta' + (g/L) sin(theta) = 0.

Source: Eq. 14 of "Toward Large-Scale Distributed Quantum Long Short-Term Memory" (arXiv 2503.14088), with theta(0) = 0 and
theta'(0) = 3 rad/s as given there. The paper leaves the constants and the sampling open; g = 9.81 m/s^2, L = 1 m,
m = 1 kg, b = 0.15 and 240 points on [0, 20] s are those of one author's public QLSTM code.
"""

from __future__ import annotations

import math
from operator import mul
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from backends.errors import InputError
from qlstm.tasks.checks import real_number, whole_number
from qlstm.tasks.series import Series

SOURCE = "damped pendulum, Eq. 14 of arXiv 2503.14088; theta'(t) in rad/s"
FloatArray: TypeAlias = NDArray[np.float64]

_ORDER = 24
_PRECISION = 1e-17
"""Last term of a Taylor series, of the angle or its rate."""
_AT_REST = 1e-200
_MOST_STEPS = 10**6


def pendulum(
    *,
    points: int = 240,
    t_end: float = 20.0,
    b: float = 0.15,
    g: float = 9.81,
    length: float = 1.0,
    mass: float = 1.0,
    theta0: float = 0.0,
    omega0: float = 3.0,
) -> Series:
    """The angular velocity theta'(t) of a damped pendulum on ``linspace(0, t_end, points)``.

    Args:
        points: Number of samples.
        t_end: Time of the last sample, in s.
        b: Damping, in kg/s.
        g: Gravity, in m/s^2.
        length: Length of the rod, in m.
        mass: Mass of the bob, in kg.
        theta0: Angle at t = 0, in rad.
        omega0: Angular velocity at t = 0, in rad/s.

    Raises:
        InputError: For a value outside its range.
    """
    points = whole_number("points", points, 2)
    t_end = real_number("t_end", t_end, above=0.0)
    damping = real_number("b", b, at_least=0.0) / real_number("mass", mass, above=0.0)
    pull = real_number("g", g, at_least=0.0) / real_number("length", length, above=0.0)
    start = real_number("theta0", theta0), real_number("omega0", omega0)
    return Series.univariate("pendulum", _speeds(points, t_end, damping, pull, *start), "theta_dot", SOURCE)


def _speeds(points: int, t_end: float, damping: float, pull: float, angle: float, speed: float) -> FloatArray:
    """Angular velocities at the sampled times: Taylor series, each as far as it is exact to the last digits of a double.

    Written out because the integrators of scipy take longer to import than to run, on every ``qlstm plan``.
    """
    times = np.linspace(0.0, t_end, points)
    speeds = np.full(points, speed)
    now, known = 0.0, 1
    for _ in range(_MOST_STEPS):
        angles, rates = _taylor(angle, speed, damping, pull)
        step = _reach(angles, rates)
        until = int(np.searchsorted(times, now + step, side="right"))
        speeds[known:until] = np.polyval(rates[::-1], times[known:until] - now)
        if until >= points:
            break
        angle, speed = (float(np.polyval(series[::-1], step)) for series in (angles, rates))
        now, known = now + step, max(known, until)
    else:
        step = math.nan
    if not (step > 0.0 and np.isfinite(speeds).all()):
        raise InputError(
            f"the pendulum cannot be followed to t_end={t_end:g} with b/m={damping:g} 1/s and g/L={pull:g} 1/s^2; make "
            "them, omega0 or t_end smaller"
        )
    return speeds


def _taylor(angle: float, speed: float, damping: float, pull: float) -> tuple[list[float], list[float]]:
    """Taylor coefficients of theta and theta' in the time from now, by Eq. 14 and the chain rule for its sine."""
    angles, rates, sines, cosines = [angle], [speed], [math.sin(angle)], [math.cos(angle)]
    for k in range(_ORDER):
        past = rates[::-1]
        sine, cosine = sum(map(mul, cosines, past)), -sum(map(mul, sines, past))
        angles.append(rates[k] / (k + 1))
        rates.append(-(damping * rates[k] + pull * sines[k]) / (k + 1))
        sines.append(sine / (k + 1))
        cosines.append(cosine / (k + 1))
    return angles, rates


def _reach(angles: list[float], rates: list[float]) -> float:
    """The time up to which the last terms, and so those left out, do not count; nan for numbers that overflow."""
    size = _PRECISION * max(abs(angles[0]), abs(rates[0]), _AT_REST)
    terms = [(k, max(abs(angles[k]), abs(rates[k]))) for k in (_ORDER - 1, _ORDER)]
    if not all(map(math.isfinite, (*angles, *rates))):
        return math.nan
    return min(((size / term) ** (1 / k) for k, term in terms if term), default=math.inf)
