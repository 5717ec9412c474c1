"""The sequence called delayed quantum control: a train of Gaussian pulses whose height falls.

    f(x) = exp(-x / 16) sum_{n=0}^{10} exp(-10 (x - 2 n)^2),   x = -2, -1.99, ..., 19.99

Source: a sequence of the literature on QLSTM and its successors (Chen and co-authors, after arXiv 2009.01783); the
equation and the 2200 points are those of their public code. It stands for a control pulse that comes back after every
delay of 2, weaker each time; no quantum system is solved.
"""

from __future__ import annotations

import numpy as np

from backends.errors import InputError
from qlstm.tasks.checks import point_count, real_number
from qlstm.tasks.series import Series

_MOST_PULSES = 10**4


def quantum_control(
    *, points: int = 2200, step: float = 0.01, delay: float = 2.0, width: float = 10.0, lifetime: float = 16.0
) -> Series:
    """Pulses at x = 0, ``delay``, 2 ``delay``, ...; x starts a delay before the first.

    Args:
        points: Number of samples.
        step: Between two samples.
        delay: Between two pulses.
        width: The factor in the exponent of a pulse; the larger, the narrower.
        lifetime: x in which the height falls by a factor of e.

    Raises:
        InputError: For a value outside its range.
    """
    points, step = point_count("points", points), real_number("step", step, above=0.0)
    delay, width = real_number("delay", delay, above=0.0), real_number("width", width, above=0.0)
    lifetime = real_number("lifetime", lifetime, above=0.0)
    if not step * (points - 1) / delay <= _MOST_PULSES:
        raise InputError(
            f"step={step:g} and delay={delay:g} are more than {_MOST_PULSES:,} pulses in {points} points; make the step or the"
            " points less, or the delay longer"
        )
    x = -delay + step * np.arange(points)
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused by the series
        pulses = sum(np.exp(-width * (x - delay * n) ** 2) for n in range(int(x[-1] / delay) + 2))
        values = np.exp(-x / lifetime) * pulses
    return Series.univariate("quantum-control", values, "f", "delayed quantum control, a train of pulses")
