"""Nonlinear autoregressive moving average sequences: NARMA-2 (Eq. 15), NARMA-5 and NARMA-10.

    NARMA-2:  y_{t+1} = 0.4 y_t + 0.4 y_t y_{t-1} + 0.6 u_t^3 + 0.1
    NARMA-n:  y_{t+1} = 0.3 y_t + 0.05 y_t sum_{j=0}^{n-1} y_{t-j} + 1.5 u_{t-n+1} u_t + 0.1
    input:    u_t = 0.1 (sin(2 pi 2.11 t/100) sin(2 pi 3.73 t/100) sin(2 pi 4.11 t/100) + 1),  t = 0, 1, ...

Source: Eq. 15 of "Toward Large-Scale Distributed Quantum Long Short-Term Memory" (arXiv 2503.14088). Its u_t
is not printed there; this one, and the general order, are the usual ones (Atiya and Parlos, IEEE Trans. Neural Netw. 11,
697 (2000); Fujii and Nakajima, Phys. Rev. Applied 8, 024030 (2017)). NARMA-2 starts from y_0 = y_{-1} = ``y0``; for
the higher orders y_0 = ``y0`` and every earlier y and u is zero.

Row t of a series is (y_t[, u_t]), so a window that ends at t holds u_t, the input that drives y_{t+1}. The lagged input
u_{t-n+1} of NARMA-n is inside the window where it is at least n long.
"""

from __future__ import annotations

import numpy as np

from backends.errors import InputError, shown
from qlstm.tasks.checks import point_count, real_number
from qlstm.tasks.series import Array, Series


def drive(points: int) -> Array:
    """The external input u_t for t = 0 .. points - 1, within [0, 0.2], (points,)."""
    phase = 2 * np.pi * np.arange(points) / 100
    return np.asarray(0.1 * (np.sin(2.11 * phase) * np.sin(3.73 * phase) * np.sin(4.11 * phase) + 1))


def narma2(*, y0: float = 0.196, with_u: bool = False, points: int = 300) -> Series:
    """NARMA-2, Eq. 15.

    Args:
        y0: y_0 and y_{-1}; 0 starts with a transient that then sets the scale.
        with_u: Whether u_t is a second input feature.
        points: Number of samples.

    Raises:
        InputError: For a value outside its range, or a start from which the recursion diverges.
    """
    y0, u = real_number("y0", y0), drive(point_count("points", points))
    y = np.full(len(u), y0)
    before = y0
    with np.errstate(over="ignore", invalid="ignore"):
        for t in range(len(u) - 1):
            y[t + 1] = 0.4 * y[t] + 0.4 * y[t] * before + 0.6 * u[t] ** 3 + 0.1
            before = y[t]
    return _series(2, y, u, with_u)


def narma5(*, y0: float = 0.196, with_u: bool = False, points: int = 300) -> Series:
    """NARMA-5; arguments and errors as for `narma2`, y and u before t = 0 are zero."""
    return _narma(5, y0, with_u, points)


def narma10(*, y0: float = 0.196, with_u: bool = False, points: int = 300) -> Series:
    """NARMA-10; arguments and errors as for `narma2`, y and u before t = 0 are zero."""
    return _narma(10, y0, with_u, points)


def _narma(order: int, y0: float, with_u: bool, points: int) -> Series:
    u = drive(point_count("points", points))
    y = np.zeros(len(u))
    y[0] = real_number("y0", y0)
    with np.errstate(over="ignore", invalid="ignore"):
        for t in range(len(u) - 1):
            past = y[max(0, t - order + 1) : t + 1].sum()
            lagged = u[t - order + 1] if t >= order - 1 else 0.0
            y[t + 1] = 0.3 * y[t] + 0.05 * y[t] * past + 1.5 * lagged * u[t] + 0.1
    return _series(order, y, u, with_u)


def _series(order: int, y: Array, u: Array, with_u: bool) -> Series:
    if not isinstance(with_u, bool):
        raise InputError(f"with_u={shown(with_u)} must be True or False")
    if not np.isfinite(y).all():
        raise InputError(f"NARMA-{order} diverges from y0={y[0]:g}: start nearer to 0, such as at 0.196")
    columns = np.column_stack([y, u]) if with_u else y[:, None]
    source = f"NARMA-{order}, Eq. 15 of arXiv 2503.14088" if order == 2 else f"NARMA-{order}"
    return Series(f"narma{order}", columns, y[:, None], ("y", "u") if with_u else ("y",), ("y",), source)
