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
        here = np.arange(self.rows.size)
        plus = base[self.rows]
        minus = plus.copy()
        plus[here, self.columns] += SHIFT
        minus[here, self.columns] -= SHIFT
        return np.concatenate([plus, minus])

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
        error = np.hypot(stderr[:half], stderr[half:]) / 2
        return self._place(slope), self._place(error)

    def _place(self, derivatives: FloatArray) -> FloatArray:
        rows, parameters = self.shape
        dense = np.zeros((rows, parameters, derivatives.shape[1]))
        dense[self.rows, self.columns] = derivatives
        return np.ascontiguousarray(dense.swapaxes(1, 2))
