"""What is measured of fragments, and what is made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .angles import FloatArray


@dataclass(frozen=True)
class Estimates:
    """Expectations.

    Attributes:
        values: Shape (n, observables).
        stderr: Standard errors of the same shape; 0 where the expectations are exact. Of a sum of strings they account for
            strings that have a string of a fragment in common, and with it its shots. On devices they are an upper bound
            for sums of strings that differ in single Zs of a fragment, which are read from the same shots.
    """

    values: FloatArray
    stderr: FloatArray


@dataclass(frozen=True)
class Slopes:
    """Derivatives of expectations.

    Attributes:
        values: Shape (n, observables, parameters).
        stderr: Standard errors of the same shape; 0 where they are exact. An upper bound for a parameter in several gates,
            whose derivatives share measurements, and on devices for the sums that `Estimates` names.
    """

    values: FloatArray
    stderr: FloatArray


class Measured(NamedTuple):
    """Expectations of all fragments, one array each of shape (n, one axis per slot, strings).

    ``variances`` are of the same shapes; None where they are exact. ``joint``: strings of a fragment that one circuit
    reads (`units.runs`) are read from the same shots, so that nothing is known of how their errors go together; otherwise
    different strings of a fragment have shots of their own.
    """

    tensors: list[FloatArray]
    variances: list[FloatArray] | None
    joint: bool = False


class Difference(NamedTuple):
    """Derivatives of the expectations of one fragment by angles of its own.

    ``rows`` and ``angles`` say of which parameter sets and by which angles, both of shape (d,), no pair twice; ``values``
    and ``variances`` have shape (d, one axis per slot, strings).
    """

    fragment: int
    rows: NDArray[np.intp]
    angles: NDArray[np.intp]
    values: FloatArray
    variances: FloatArray | None
