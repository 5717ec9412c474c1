"""Parameter-shift rule: the shifted parameter sets of many rows at once, and the Jacobian folded back (Sec. II.E)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backends.qpu import FloatArray

BoolArray = NDArray[np.bool_]
SHIFT = np.pi / 2
"""df/da = (f(a + pi/2) - f(a - pi/2)) / 2 for a rotation whose generator has eigenvalues +-1/2."""


@dataclass(frozen=True)
class Shifts:
    """The shifted parameter sets of one sub-VQC: all ``+`` sets, then all ``-`` sets, in the same order.

    Attributes:
        rows: Row of every derivative, shape (derivatives,).
        columns: Parameter of every derivative, shape (derivatives,).
        shape: (rows, parameters) of the unshifted sets.
    """

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    shape: tuple[int, int]

    @classmethod
    def of(cls, wanted: BoolArray) -> Shifts:
        """The shifts that measure the derivatives in ``wanted``, shape (rows, parameters)."""
        rows, columns = np.nonzero(wanted)
        return cls(rows, columns, (wanted.shape[0], wanted.shape[1]))

    def values(self, base: FloatArray) -> FloatArray:
        """Shifted copies of ``base`` (rows, parameters), shape (2 x derivatives, parameters)."""
        here, half = np.arange(self.rows.size), self.rows.size
        shifted: FloatArray = base.take(np.tile(self.rows, 2), axis=0)
        shifted[here, self.columns] += SHIFT
        shifted[half + here, self.columns] -= SHIFT
        return shifted

    def fold(self, values: FloatArray, stderr: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The Jacobian and its standard errors from the expectations of the shifted sets.

        Args:
            values: <Z> of the sets of `values`, shape (2 x derivatives, outputs).
            stderr: Their standard errors; the sets are independent measurements.

        Returns:
            Two arrays of shape (rows, outputs, parameters), zero where nothing was asked for.
        """
        half = self.rows.size
        slope = (values[:half] - values[half:]) / 2
        error = np.sqrt(stderr[:half] ** 2 + stderr[half:] ** 2) / 2  # hypot, without its care for overflow
        return self._place(slope), self._place(error)

    def _place(self, derivatives: FloatArray) -> FloatArray:
        rows, parameters = self.shape
        dense = np.zeros((rows, derivatives.shape[1], parameters))
        dense[self.rows, :, self.columns] = derivatives
        return dense
