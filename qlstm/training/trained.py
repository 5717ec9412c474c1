"""A trained model, read back from its folder, and its forecasts of new data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from backends.errors import InputError

from ..tasks import TASKS, Scaler, Series, forecast_windows, free_run, load
from . import checkpoint
from .folder import RunFolder
from .forecasts import Forecast
from .prediction import predict
from .recipe import require_count
from .settings import RunSettings
from .state import require_finite

if TYPE_CHECKING:
    from ..forecaster import Forecaster

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Trained:
    """A model and what it needs to know of its data.

    Attributes:
        model: In float64, with the weights of the last checkpoint.
        settings: Those of its run.
        scaler: Between units and what the model sees.
        window: Past values per forecast.
        horizon: Steps ahead that are forecast at once.
    """

    model: Forecaster
    settings: RunSettings
    scaler: Scaler
    window: int
    horizon: int

    @classmethod
    def load(cls, path: Path | str) -> Trained:
        """The model in a run's folder.

        Raises:
            InputError: If there is none, or it is damaged.
        """
        from .. import Forecaster

        file = RunFolder(Path(path)).checkpoint
        state = checkpoint.load(file)
        try:
            model = Forecaster.from_config(state["model"], dtype=torch.float64)
            model.load_state_dict(state["trainer"]["weights"])
            require_finite(state["trainer"]["weights"])
            data = state["data"]
            for name in ("window", "horizon"):
                require_count(name, data[name], least=1)
            scaler = Scaler.from_dict(data["scaler"])
            return cls(model.eval(), RunSettings.from_dict(state["settings"]), scaler, data["window"], data["horizon"])
        except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
            reason = " ".join(str(error).split())
            raise InputError(f"{file} does not hold a whole model ({reason}); train it again") from error

    def read(self, data: str) -> Series:
        """New data with the columns the model was trained on; the target may be missing.

        Raises:
            InputError: For a file or column that cannot be used.
        """
        target = self.scaler.target.names[0]
        try:
            return load(data, target=target, features=list(self.scaler.features.names), new_data=True)
        except InputError as error:
            if data not in TASKS or data == self.settings.task:
                raise
            names = ", ".join(dict.fromkeys((*self.scaler.features.names, target)))
            raise InputError(
                f"the model was trained on {self.settings.task} ({names}), {data} has other columns;"
                " give that task, or a CSV with those columns"
            ) from error

    def forecast(self, series: Series) -> Forecast:
        """Forecasts from every window of the data, the last ones beyond its end."""
        windows, targets = forecast_windows(series, self.scaler, self.window), self.scaler.target.names
        values = self.scaler.inverse(predict(self.model, windows).reshape(-1, len(targets)))
        steps = np.tile(np.arange(1, self.horizon + 1), len(windows))
        points = np.repeat(np.arange(len(windows)), self.horizon) + self.window - 1 + steps
        truth, joint = _truth(series, points, values), self.horizon > 1
        return Forecast(series.name, targets, points, values, truth, steps if joint else None, self.horizon)

    def free_run(self, series: Series, steps: int, start: int | None = None) -> Forecast:
        """Forecast on from a point without looking at what came true; see `qlstm.tasks.free_run`.

        Args:
            series: As from `read`.
            steps: Points to forecast.
            start: The first of them; by default the one after the end of the data.

        Raises:
            InputError: As `qlstm.tasks.free_run`.
        """
        first = len(series) if start is None else start
        values = free_run(lambda x: predict(self.model, x), series, self.scaler, self.window, steps, [first])[0]
        count = np.arange(len(values))
        known = series.target if series.target.shape[1] == values.shape[1] else np.empty((0, values.shape[1]))
        return Forecast(
            series.name,
            self.scaler.target.names,
            first + count,
            values,
            _truth(series, first + count, values),
            count + 1,
            before=known[max(0, first - max(self.window, steps)) : first],
        )


def _truth(series: Series, points: NDArray[np.int64], values: Array) -> Array:
    """The target at some points, NaN where it is not known, in the shape of ``values``."""
    truth = np.full_like(values, np.nan)
    if series.target.shape[1] == values.shape[1]:
        known = points < len(series)
        truth[known] = series.target[points[known]]
    return truth
