"""The Bessel function of the first kind of order two, J_2(x).

    x^2 y'' + x y' + (x^2 - 4) y = 0,   y(0) = 0,   y ~ x^2 / 8 near 0

Source: a sequence of "Quantum Long Short-Term Memory" (Chen, Yoo and Fang, arXiv 2009.01783) and of many papers after it.
Range and number of points are chosen here: about nine and a half periods, 25 points each.
"""

from __future__ import annotations

import numpy as np

from qlstm.tasks.checks import point_count, real_number, whole_number
from qlstm.tasks.series import Series

_MOST_ORDER = 10**6


def bessel(*, points: int = 240, x_end: float = 60.0, order: int = 2) -> Series:
    """J_order(x) on ``linspace(0, x_end, points)``.

    Args:
        points: Number of samples.
        x_end: Argument of the last sample.
        order: Order of the function.

    Raises:
        InputError: For a value outside its range.
    """
    from scipy.special import jv  # costs more to import than to use, and most tasks need none of it

    points, order = point_count("points", points), whole_number("order", order, 0, _MOST_ORDER)
    x = np.linspace(0.0, real_number("x_end", x_end, above=0.0), points)
    return Series.univariate("bessel", jv(order, x), f"J{order}", f"Bessel function J_{order}(x), arXiv 2009.01783")
