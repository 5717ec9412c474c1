"""Pendulums: the damped one of Eq. 14, and with the same constants one without friction and one with a drive.

    pendulum:            theta'' + (b/m) theta' + (g/L) sin(theta) = 0
    pendulum-undamped:   theta'' + (g/L) sin(theta) = 0
    pendulum-forced:     theta'' + (b/m) theta' + (g/L) sin(theta) = a cos(w t)

Source: Eq. 14 of "Toward Large-Scale Distributed Quantum Long Short-Term Memory" (arXiv 2503.14088), with theta(0) = 0 and
theta'(0) = 3 rad/s as given there. The paper leaves the constants and the sampling open; g = 9.81 m/s^2, L = 1 m,
m = 1 kg, b = 0.15 and 240 points on [0, 20] s are those of one author's public QLSTM code. The drive is the usual one
(Baker and Gollub, Chaotic Dynamics, Cambridge 1990, Eq. 3.1, in units of time); its strength here is below chaos.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from operator import mul
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from backends.errors import InputError
from qlstm.tasks.checks import point_count, real_number
from qlstm.tasks.series import Series

SOURCE = "damped pendulum, Eq. 14 of arXiv 2503.14088; theta'(t) in rad/s"
UNDAMPED = "pendulum without friction, Eq. 14 of arXiv 2503.14088 with b = 0; theta'(t) in rad/s"
FORCED = "damped and driven pendulum, Eq. 14 of arXiv 2503.14088 with a cos(w t) on its right; theta'(t) in rad/s"
FloatArray: TypeAlias = NDArray[np.float64]

_ORDER = 24
_PRECISION = 1e-17
"""Last term of a Taylor series, of the angle or its rate."""
_AT_REST = 1e-200
_MOST_STEPS = 10**6
_TRIED, _HOPELESS = 1000, 10**4
"""After so many steps the time must have come further than this part of the whole, or the rest is out of reach."""


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
    rates = _Rates.of(b, g, length, mass)
    return _series("pendulum", SOURCE, points, t_end, rates, theta0, omega0)


def undamped(
    *,
    points: int = 240,
    t_end: float = 20.0,
    g: float = 9.81,
    length: float = 1.0,
    theta0: float = 0.0,
    omega0: float = 3.0,
) -> Series:
    """The angular velocity of a pendulum without friction; arguments and errors as for `pendulum`.

    Its energy theta'^2 / 2 - (g/L) cos(theta) stays what it is, so the period does too.
    """
    return _series("pendulum-undamped", UNDAMPED, points, t_end, _Rates.of(0.0, g, length, 1.0), theta0, omega0)


def forced(
    *,
    points: int = 480,
    t_end: float = 40.0,
    b: float = 0.15,
    g: float = 9.81,
    length: float = 1.0,
    mass: float = 1.0,
    theta0: float = 0.0,
    omega0: float = 3.0,
    a: float = 2.0,
    w: float = 2.0,
) -> Series:
    """The angular velocity of a damped and driven pendulum; other arguments and errors as for `pendulum`.

    Args:
        a: Strength of the drive, in rad/s^2.
        w: Its angular frequency, in rad/s.
    """
    rates = replace(_Rates.of(b, g, length, mass), drive=real_number("a", a), frequency=real_number("w", w))
    return _series("pendulum-forced", FORCED, points, t_end, rates, theta0, omega0)


@dataclass(frozen=True)
class _Rates:
    """theta'' + damping theta' + pull sin(theta) = drive cos(frequency t)."""

    damping: float
    pull: float
    drive: float = 0.0
    frequency: float = 0.0

    @classmethod
    def of(cls, b: float, g: float, length: float, mass: float) -> _Rates:
        damping = real_number("b", b, at_least=0.0) / real_number("mass", mass, above=0.0)
        return cls(damping, real_number("g", g, at_least=0.0) / real_number("length", length, above=0.0))


def _series(name: str, source: str, points: int, t_end: float, rates: _Rates, theta0: float, omega0: float) -> Series:
    points = point_count("points", points)
    t_end = real_number("t_end", t_end, above=0.0)
    speeds = _speeds(points, t_end, rates, real_number("theta0", theta0), real_number("omega0", omega0))
    return Series.univariate(name, speeds, "theta_dot", source)


def _speeds(points: int, t_end: float, rates: _Rates, angle: float, speed: float) -> FloatArray:
    """Angular velocities at the sampled times: Taylor series, each as far as it is exact to the last digits of a double.

    Written out because the integrators of scipy take longer to import than to run, on every ``qlstm plan``.
    """
    times = np.linspace(0.0, t_end, points)
    speeds = np.full(points, speed)
    now, known = 0.0, 1
    for count in range(_MOST_STEPS):
        if count == _TRIED and now * _HOPELESS < t_end:
            step = math.nan
            break
        angles, velocities = _taylor(angle, speed, rates, now)
        step = _reach(angles, velocities)
        until = int(np.searchsorted(times, now + step, side="right"))
        speeds[known:until] = np.polyval(velocities[::-1], times[known:until] - now)
        if until >= points:
            break
        angle, speed = (float(np.polyval(series[::-1], step)) for series in (angles, velocities))
        now, known = now + step, max(known, until)
    else:
        step = math.nan
    if not (step > 0.0 and np.isfinite(speeds).all()):
        raise InputError(
            f"the pendulum cannot be followed to t_end={t_end:g} with b/m={rates.damping:g} 1/s and g/L={rates.pull:g} "
            "1/s^2; make them, omega0, the drive or t_end smaller"
        )
    return speeds


def _taylor(angle: float, speed: float, rates: _Rates, now: float) -> tuple[list[float], list[float]]:
    """Taylor coefficients of theta and theta' in the time from now, by the equation and the chain rule for its sine."""
    angles, speeds, sines, cosines = [angle], [speed], [math.sin(angle)], [math.cos(angle)]
    phase, power = rates.frequency * now, rates.drive
    for k in range(_ORDER):
        past = speeds[::-1]
        sine, cosine = sum(map(mul, cosines, past)), -sum(map(mul, sines, past))
        push = power * math.cos(phase + k * math.pi / 2)  # the k-th derivative of the drive over k!
        angles.append(speeds[k] / (k + 1))
        speeds.append((push - rates.damping * speeds[k] - rates.pull * sines[k]) / (k + 1))
        sines.append(sine / (k + 1))
        cosines.append(cosine / (k + 1))
        power *= rates.frequency / (k + 1)
    return angles, speeds


def _reach(angles: list[float], speeds: list[float]) -> float:
    """The time up to which the last terms, and so those left out, do not count; nan for numbers that overflow."""
    size = _PRECISION * max(abs(angles[0]), abs(speeds[0]), _AT_REST)
    terms = [(k, max(abs(angles[k]), abs(speeds[k]))) for k in (_ORDER - 1, _ORDER)]
    if not all(map(math.isfinite, (*angles, *speeds))):
        return math.nan
    return min(((size / term) ** (1 / k) for k, term in terms if term), default=math.inf)
