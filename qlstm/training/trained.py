"""A trained model, read back from its folder, and its forecasts of new data."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from backends.errors import InputError

from ..tasks import TASKS, Scaler, Series, forecast_windows, load
from . import checkpoint
from .folder import RunFolder
from .recipe import require_count
from .settings import RunSettings
from .trainer import predict, require_finite

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
        horizon: Steps from the end of a window to what is forecast.
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
            if data not in TASKS:
                raise
            names = ", ".join(dict.fromkeys((*self.scaler.features.names, target)))
            raise InputError(
                f"the model was trained on {self.settings.task} ({names}), {data} has other columns;"
                " give that task, or a CSV with those columns"
            ) from error

    def forecast(self, series: Series) -> Forecast:
        """A forecast from every window of the data, the last one beyond its end."""
        windows = forecast_windows(series, self.scaler, self.window)
        values = self.scaler.inverse(predict(self.model, windows))
        points = np.arange(len(windows)) + self.window - 1 + self.horizon
        truth = np.full_like(values, np.nan)
        if series.target.shape[1] == values.shape[1]:
            known = points < len(series)
            truth[known] = series.target[points[known]]
        return Forecast(series.name, self.scaler.target.names, points, values, truth)


@dataclass(frozen=True, eq=False)
class Forecast:
    """Forecasts in units.

    Attributes:
        name: Of the series.
        targets: Names of the columns.
        points: Which point of the series each forecast is for, counted from 0, (n,).
        values: (n, targets).
        truth: (n, targets), NaN where it is not known.
        stderr: Standard errors of the forecasts, (n, targets); None where they are exact, or not known.
    """

    name: str
    targets: tuple[str, ...]
    points: NDArray[np.int64]
    values: Array
    truth: Array
    stderr: Array | None = None

    @property
    def known(self) -> NDArray[np.bool_]:
        """Where the truth is known, (n,)."""
        return np.asarray(np.isfinite(self.truth).all(axis=1))

    def metrics(self) -> dict[str, float]:
        """Mean squared error (in units) and R2 where the truth is known; empty where it is nowhere."""
        from ..metrics import mse, r2

        if not self.known.any():
            return {}
        truth, values = self.truth[self.known], self.values[self.known]
        return {"points": int(self.known.sum()), "mse": mse(truth, values), "r2": r2(truth, values)}

    def to_csv(self) -> str:
        """Columns ``point``, then per target forecast, truth (empty where not known) and, where there is one, stderr."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        columns = {"forecast": self.values, "truth": self.truth}
        columns |= {} if self.stderr is None else {"stderr": self.stderr}
        writer.writerow(["point", *(f"{kind}_{name}" for name in self.targets for kind in columns)])
        pairs = np.stack(list(columns.values()), axis=2).reshape(len(self.points), -1)
        for point, row in zip(self.points, pairs, strict=True):
            writer.writerow([int(point), *("" if np.isnan(cell) else repr(float(cell)) for cell in row)])
        return text.getvalue()

    @classmethod
    def read(cls, path: Path, name: str) -> Forecast:
        """The inverse of `to_csv`.

        Args:
            path: The file.
            name: Of the series.

        Raises:
            InputError: If the file cannot be read, or is not whole.
        """
        try:
            text = path.read_text()
            if not text.endswith("\n"):
                raise ValueError("its end is missing")
            header, *lines = list(csv.reader(io.StringIO(text), strict=True))
            targets = tuple(cell.removeprefix("forecast_") for cell in header if cell.startswith("forecast_"))
            kinds = ("forecast", "truth", "stderr")[: (len(header) - 1) // max(1, len(targets))]
            if header != ["point", *(f"{kind}_{target}" for target in targets for kind in kinds)] or len(kinds) < 2:
                raise ValueError("its columns are others")
            points = np.array([int(line[0]) for line in lines], np.int64)
            cells = [[float(cell or "nan") for cell in line[1:]] for line in lines]
            numbers = np.array(cells, np.float64).reshape(len(lines), len(targets), len(kinds))
        except OSError as error:
            raise InputError(f"cannot read {path}: {error.strerror}; check its permissions") from error
        except (ValueError, IndexError, csv.Error) as error:
            raise InputError(f"{path} is damaged ({error}); restore it from a copy, or remove it") from error
        known = dict(zip(kinds, np.moveaxis(numbers, 2, 0), strict=True))
        return cls(name, targets, points, known["forecast"], known["truth"], known.get("stderr"))
