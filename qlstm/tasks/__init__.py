"""Time series to learn: the paper's tasks, others of its field, and a user's CSV file, and the windows cut from them.

A new task is a function that returns a `Series`, and a line in ``TASKS``.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from backends.errors import InputError, shown, unknown_name
from qlstm.tasks import bessel, jaynes_cummings, mackey_glass, narma, pendulum, pulses, recorded
from qlstm.tasks.baseline import LinearFit, linear_fit, persistence
from qlstm.tasks.csvseries import csv_series
from qlstm.tasks.freerun import free_run
from qlstm.tasks.scaling import MinMax, Scaler
from qlstm.tasks.series import Series
from qlstm.tasks.windows import Dataset, forecast_windows

TASKS: dict[str, Callable[..., Series]] = {
    "pendulum": pendulum.pendulum,
    "pendulum-undamped": pendulum.undamped,
    "pendulum-forced": pendulum.forced,
    "narma2": narma.narma2,
    "narma5": narma.narma5,
    "narma10": narma.narma10,
    "bessel": bessel.bessel,
    "quantum-control": pulses.quantum_control,
    "inversion": jaynes_cummings.inversion,
    "jaynes-cummings-damped": jaynes_cummings.damped,
    "mackey-glass": mackey_glass.mackey_glass,
    "sunspots": recorded.sunspots,
    "co2": recorded.co2,
}


def load(
    name_or_path: str | os.PathLike[str],
    *,
    target: str | None = None,
    features: Sequence[str] | str | None = None,
    new_data: bool = False,
    **options: object,
) -> Series:
    """A task by its name, or the series in a CSV file.

    Args:
        name_or_path: A name in ``TASKS`` (``./pendulum`` is a file of that name), or the path of a CSV file.
        target: The column to forecast.
        features: The columns the model sees, in order; ``"a,b"`` or a list. NARMA tasks know ``y`` and ``u``.
        new_data: The points are for forecasts of a trained model, which asks less of a file; see `csv_series`.
        options: Arguments of the task's function, such as ``y0`` and ``with_u`` of `narma.narma2`.

    Raises:
        InputError: For an unknown name, column or option, or a file that cannot be used.
    """
    if not isinstance(name_or_path, str | os.PathLike):
        raise InputError(
            f"{shown(name_or_path)} is no name and no path; name one of the tasks {', '.join(TASKS)}, or a CSV"
        )
    names = [name.strip() for name in features.split(",")] if isinstance(features, str) else features
    if isinstance(name_or_path, str) and name_or_path in TASKS:
        return _generate(name_or_path, target, names, options)
    if not os.path.exists(name_or_path):
        raise _no_such(name_or_path)
    if options:
        option = next(iter(options))
        having = [name for name, make in TASKS.items() if option in inspect.signature(make).parameters]
        raise InputError(
            f"option {option!r} is for {', '.join(having) or 'no task'}: a CSV file has target and features"
        )
    return csv_series(name_or_path, target, names, new_data)


def _generate(name: str, target: str | None, features: Sequence[str] | None, options: dict[str, object]) -> Series:
    known = inspect.signature(TASKS[name]).parameters
    for option in options:
        if option not in known:
            raise unknown_name(f"option of {name}", option, known)
    if "with_u" in known and features and "u" in features:
        options = {"with_u": True, **options}
    series = TASKS[name](**options)
    if target is not None and target not in series.target_names:
        raise unknown_name(f"target of {name}", target, series.target_names)
    return series if features is None else series.select(features)


def _no_such(name: str | os.PathLike[str]) -> InputError:
    """A missing file where it reads like a path, else an unknown task."""
    text = os.fspath(name)
    if not isinstance(name, str) or os.sep in text or Path(text).suffix:
        return InputError(f"no file {text!r}: check the path, or name one of the tasks {', '.join(TASKS)}")
    return InputError(f"{unknown_name('task', text, TASKS)}, or give the path of a CSV file")


__all__ = [
    "TASKS",
    "Dataset",
    "LinearFit",
    "MinMax",
    "Scaler",
    "Series",
    "csv_series",
    "forecast_windows",
    "free_run",
    "linear_fit",
    "load",
    "persistence",
]
