"""Forecasts that take no training to speak of: the floor that every model has to be compared with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backends.errors import InputError, check_is
from qlstm.metrics import Scores
from qlstm.tasks.series import Array
from qlstm.tasks.windows import Dataset


@dataclass(frozen=True, eq=False)
class LinearFit:
    """y = [x, 1] W, fitted on the training windows.

    Attributes:
        weights: (window * features + 1, horizon * targets); the last row is the offset.
        scores: Errors and R2, as for a trained model.
    """

    weights: Array
    scores: Scores

    @property
    def parameters(self) -> int:
        """How many numbers were fitted."""
        return int(self.weights.size)

    def predict(self, x: Array) -> Array:
        """Scaled windows (n, window, features) to scaled forecasts (n, horizon * targets).

        Raises:
            InputError: For windows of another size.
        """
        numbers, size = np.prod(np.shape(x)[1:], dtype=int), len(self.weights) - 1
        if np.ndim(x) < 2 or numbers != size:
            raise InputError(
                f"windows of shape {np.shape(x)} are not (n, window, features) with {size} numbers each; give windows"
                " like those of the fit"
            )
        return np.asarray(_design(np.asarray(x)) @ self.weights)


def linear_fit(data: Dataset) -> LinearFit:
    """Fit the training windows of ``data`` by least squares (of least norm, where there are too few).

    Raises:
        InputError: If ``data`` are none.
    """
    check_is(data, Dataset, "make one by tasks.Dataset.of")
    solution = np.linalg.lstsq(_design(data.x_train), data.y_train, rcond=None)[0]
    weights = np.asarray(solution, dtype=np.float64)
    return LinearFit(weights, Scores.of(data.y, _design(data.x) @ weights, data.train))


def persistence(data: Dataset) -> Scores:
    """Errors of `last_values`."""
    return Scores.of(data.y, last_values(data), data.train)


def last_values(data: Dataset) -> Array:
    """Every target is forecast to stay what it was at the last point of the window, (n, horizon * targets), scaled."""
    last = data.scaler.transform_target(data.series.target[data.points - 1])
    return np.tile(last, (1, data.horizon))


def _design(x: Array) -> Array:
    return np.column_stack([x.reshape(len(x), -1), np.ones(len(x))])
