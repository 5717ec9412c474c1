"""From a series to supervised windows: past values in, the next value out, or the next few."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from backends.errors import InputError, check_is, unknown_name
from qlstm.tasks.checks import real_number, whole_number
from qlstm.tasks.scaling import MinMax, Scaler
from qlstm.tasks.series import Array, Series

Scaling = Literal["train", "all"]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Scaled windows in time order: the first ones train, the rest test.

    Window i holds points i .. i + window - 1 and its targets are the ``horizon`` points after it, i + window ..
    i + window + horizon - 1. There are N = points - window - horizon of them (the last point is left out, as in the
    published QLSTM experiments), int(split * N) for training.

    Attributes:
        series: What they were cut from, in units.
        scaler: Between units and [-1, 1].
        x: Every window, (N, window, features), float64, scaled.
        y: All that is to be forecast, (N, horizon * targets), float64, scaled: the targets one step ahead, then those
            two steps ahead, and so on; see `by_step`.
        train: How many of them train.
        window: Past points a forecast sees.
        horizon: How many steps ahead are forecast at once.
        split: Share of the windows that train.
        scaling: ``"train"``: fitted on the points of the training windows and their targets alone;
            ``"all"``: on the whole series, as in the paper, which lets the test part leak its range.
    """

    series: Series
    scaler: Scaler
    x: Array
    y: Array
    train: int
    window: int
    horizon: int
    split: float
    scaling: Scaling

    @classmethod
    def of(
        cls, series: Series, window: int = 4, horizon: int = 1, split: float = 0.67, scaling: Scaling = "train"
    ) -> Dataset:
        """Scale a series and cut it into windows.

        Raises:
            InputError: For a value outside its range, too few points, or a column that is constant where
                the scaling is fitted.
        """
        check_is(series, Series, "give one, as from tasks.load")
        window, horizon = whole_number("window", window, 1), whole_number("horizon", horizon, 1)
        split = real_number("split", split, above=0.0)
        if split >= 1:
            raise InputError(f"split={split!r} must lie between 0 and 1: it is the share of windows that train")
        if scaling not in ("train", "all"):
            raise unknown_name("scaling", scaling, ("train", "all"))
        if not series.target_names:
            raise InputError(f"{series.name!r} has no target column: only forecasts can be made from it")
        count = _window_count(series, window, horizon, split)
        train = min(int(split * count), count - 1)  # a split next to 1 may round up to all of them
        fitted = train + window + horizon - 1 if scaling == "train" else len(series)
        scaler = Scaler(
            MinMax.fit(series.values[:fitted], series.feature_names),
            MinMax.fit(series.target[:fitted], series.target_names),
        )
        x = _slide(scaler.transform(series.values), window)[:count]
        y = _ahead(scaler.transform_target(series.target)[window:], horizon)[:count]
        return cls(series, scaler, x, y, train, window, horizon, split, scaling)

    def __len__(self) -> int:
        return len(self.x)

    @property
    def x_train(self) -> Array:
        """Windows that train, (train, window, features)."""
        return self.x[: self.train]

    @property
    def y_train(self) -> Array:
        """Their targets, (train, horizon * targets)."""
        return self.y[: self.train]

    @property
    def x_test(self) -> Array:
        """Held-out windows, (N - train, window, features)."""
        return self.x[self.train :]

    @property
    def y_test(self) -> Array:
        """Their targets, (N - train, horizon * targets)."""
        return self.y[self.train :]

    @property
    def truth(self) -> Array:
        """Every target in units, (N, horizon * targets)."""
        return _ahead(self.series.target[self.window :], self.horizon)[: len(self)]

    @property
    def points(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Which point of the series the first target of each window is, (N,); the others follow it."""
        return np.arange(len(self), dtype=np.int64) + self.window

    @property
    def boundary(self) -> float:
        """Half a point before the first one that no training window looks at; in a figure the test begins there."""
        return self.window + self.train + self.horizon - 1.5


def forecast_windows(series: Series, scaler: Scaler, window: int) -> Array:
    """Every window of new data, scaled as the model was trained, (points - window + 1, window, features).

    Window i ends at point i + window - 1 and forecasts the points that follow; the last ones look beyond the data.

    Raises:
        InputError: For other features than the model was trained on, or fewer points than one window.
    """
    window = whole_number("window", window, 1)
    if series.feature_names != scaler.features.names:
        raise InputError(
            f"{series.name!r} has the features {', '.join(series.feature_names)}, the model was trained on"
            f" {', '.join(scaler.features.names)}: give data with those columns"
        )
    if len(series) < window:
        raise InputError(
            f"{series.name!r} has {len(series)} point(s): a forecast from a window of {window} needs {window}"
        )
    return _slide(scaler.transform(series.values), window)


def by_step(y: Array, targets: int) -> Array:
    """What a model forecasts, apart by steps ahead, (n, horizon * targets) -> (n, horizon, targets)."""
    return np.reshape(y, (len(y), -1, targets))


def _window_count(series: Series, window: int, horizon: int, split: float) -> int:
    """N, checked to give at least one window to train and one to test."""
    count = len(series) - window - horizon
    if count < 2 or int(split * count) < 1:
        needed = window + horizon + max(2, math.ceil(1 / split))
        raise InputError(
            f"{series.name!r} has {len(series)} point(s): window={window}, horizon={horizon} and split={split:g}"
            f" need at least {needed}, give more data or a smaller window{' or horizon' * (horizon > 1)}"
        )
    return count


def _slide(values: Array, window: int) -> Array:
    """(points, columns) -> (points - window + 1, window, columns), a copy."""
    return np.array(np.lib.stride_tricks.sliding_window_view(values, window, axis=0).swapaxes(1, 2), order="C")


def _ahead(values: Array, horizon: int) -> Array:
    """(points, targets) -> (points - horizon + 1, horizon * targets): every point and those after it, side by side."""
    return _slide(values, horizon).reshape(len(values) - horizon + 1, -1)
