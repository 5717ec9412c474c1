"""The damped pendulum of Eq. 14: theta'' + (b/m) theta' + (g/L) sin(theta) = 0.

Source: Eq. 14 of "Toward Large-Scale Distributed Quantum Long Short-Term Memory" (arXiv 2503.14088), with theta(0) = 0 and
theta'(0) = 3 rad/s as given there. The paper leaves the constants and the sampling open; g = 9.81 m/s^2, L = 1 m,
m = 1 kg, b = 0.15 and 240 points on [0, 20] s are those of one author's public QLSTM code.
"""

from __future__ import annotations

import math

import numpy as np

from backends.errors import InputError
from qlstm.tasks.checks import real_number, whole_number
from qlstm.tasks.series import Series

SOURCE = "damped pendulum, Eq. 14 of arXiv 2503.14088; theta'(t) in rad/s"


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
    start = [real_number("theta0", theta0), real_number("omega0", omega0)]
    from scipy.integrate import solve_ivp  # 0.2 s that --help must not wait for

    def motion(_: float, state: tuple[float, float]) -> tuple[float, float]:
        return state[1], -damping * state[1] - pull * math.sin(state[0])

    times = np.linspace(0.0, t_end, points)
    solution = solve_ivp(motion, (0.0, t_end), start, method="DOP853", t_eval=times, rtol=1e-12, atol=1e-12)
    if not solution.success:
        raise InputError(f"the pendulum cannot be integrated with these constants: {solution.message}")
    return Series.univariate("pendulum", solution.y[1], "theta_dot", SOURCE)
