"""Free-running forecasts: the loop is closed, a model's own forecasts are its newest inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from backends.errors import InputError, shown
from qlstm.tasks.checks import point_count, whole_number
from qlstm.tasks.scaling import Scaler
from qlstm.tasks.series import Array, Series
from qlstm.tasks.windows import by_step, forecast_windows

Predict = Callable[[Array], Array]
"""Scaled windows (n, window, features) to scaled forecasts (n, horizon * targets)."""


def free_run(
    predict: Predict, series: Series, scaler: Scaler, window: int, steps: int, starts: Sequence[int] | None = None
) -> Array:
    """Forecast ``steps`` points on from each start without looking at what came true.

    The first window ends before the start; each forecast, with the model's whole horizon, is put at its end. A feature
    that is not a target, such as the input u of NARMA, is not forecast: it has to be known, and is taken from ``series``.

    Args:
        predict: Such as `LinearFit.predict`, or a model's.
        series: With the features the model was trained on, at least up to the starts.
        scaler: That of the training.
        window: Past values per forecast.
        steps: Points to forecast from each start.
        starts: The first point that is forecast, of each run, window .. len(series); by default one run from the end.

    Returns:
        In units, (starts, steps, targets).

    Raises:
        InputError: For a start without a whole window before it, a model that does not see what it forecasts, or a
            further feature that is not known far enough.
    """
    steps, names = point_count("steps", steps, 1), scaler.features.names
    if not callable(predict):
        raise InputError(f"{shown(predict)} is no function; give predict, such as linear_fit(data).predict")
    forecast_windows(series, scaler, window)  # for its checks
    first = _starts(series, window, starts)
    fed_back = _fed_back(scaler)
    seen = np.stack([scaler.transform(series.values[start - window : start]) for start in first])
    done: list[Array] = []
    count = 0
    while count < steps:
        ahead = by_step(predict(seen), len(scaler.target.names))
        done.append(scaler.inverse(ahead))
        count += ahead.shape[1]
        if count >= steps:
            break
        new = np.empty((len(first), ahead.shape[1], len(names)))
        for k, name in enumerate(names):
            if name in fed_back:
                new[..., k] = done[-1][..., fed_back[name]]
            else:
                at = first[:, None] + np.arange(count - ahead.shape[1], count)
                new[..., k] = _known(series, k, at, window, steps)
        seen = np.concatenate([seen, scaler.transform(new)], axis=1)[:, -window:]
    return np.concatenate(done, axis=1)[:, :steps]


def _starts(series: Series, window: int, starts: Sequence[int] | None) -> NDArray[np.int64]:
    if starts is not None and not isinstance(starts, Iterable):
        raise InputError(f"starts={shown(starts)} is not a list of points; give [{shown(starts)}] for a single one")
    chosen = [len(series)] if starts is None else [whole_number("start", start, 0) for start in starts]
    for start in chosen:
        if not window <= start <= len(series):
            raise InputError(
                f"start={start}: a free run needs the {window} points before it, and {series.name!r} has points"
                f" 0 to {len(series) - 1}; give a start from {window} to {len(series)}"
            )
    if not chosen:
        raise InputError("starts is empty: give one point or more to start from")
    return np.array(chosen, dtype=np.int64)


def _fed_back(scaler: Scaler) -> dict[str, int]:
    """Which target each feature is that is one."""
    targets = scaler.target.names
    found = {name: targets.index(name) for name in scaler.features.names if name in targets}
    if len(found) < len(targets):
        hidden = ", ".join(name for name in targets if name not in found)
        raise InputError(
            f"the model forecasts {hidden} without seeing it ({', '.join(scaler.features.names)}), so nothing can be fed"
            " back: forecast without a free run, or train with it among the features"
        )
    return found


def _known(series: Series, column: int, at: NDArray[np.int64], window: int, steps: int) -> Array:
    """A feature that is not forecast, at points of the future."""
    if at.max() >= len(series):
        name, last = series.feature_names[column], len(series) - 1
        raise InputError(
            f"{name!r} is not forecast, so a free run has to know it, and {series.name!r} has it up to point {last} only:"
            f" start at least {steps} points before the end ({max(window, len(series) - steps)}), run fewer, or give more data"
        )
    return np.asarray(series.values[at, column])
