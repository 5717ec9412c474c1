"""Forecasts of a trained model, in units: their errors, their table and their figure."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from backends.errors import InputError

from .forecast_csv import parse

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..tasks import Dataset

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Forecast:
    """Forecasts in units.

    Attributes:
        name: Of the series.
        targets: Names of the columns.
        points: Which point of the series each forecast is for, counted from 0, (n,).
        values: (n, targets).
        truth: (n, targets), NaN where it is not known.
        steps: How many steps after the last value the model saw each forecast is, (n,); None where all are one.
        horizon: How many steps each window forecasts at once, one after the other; 1 in a free run.
        before: Of a free run, the truth just before it, (m, targets), to be drawn.
        stderr: Standard errors of the forecasts, (n, targets); None where they are exact, or not known.
    """

    name: str
    targets: tuple[str, ...]
    points: NDArray[np.int64]
    values: Array
    truth: Array
    steps: NDArray[np.int64] | None = None
    horizon: int = 1
    before: Array | None = None
    stderr: Array | None = None

    @classmethod
    def of(cls, data: Dataset, scaled: Array, stderr: Array | None = None) -> Forecast:
        """Of every window of a data set.

        Args:
            data: The windows.
            scaled: As the model gives them, (windows, horizon * targets).
            stderr: Their standard errors, the same shape, scaled too.
        """
        steps = np.tile(np.arange(1, data.horizon + 1), len(data))
        points = np.repeat(data.points, data.horizon) + steps - 1
        shape = len(steps), len(data.series.target_names)
        return cls(
            data.series.name,
            data.series.target_names,
            points,
            data.scaler.inverse(scaled.reshape(shape)),
            data.truth.reshape(shape),
            steps if data.horizon > 1 else None,
            data.horizon,
            stderr=None if stderr is None else data.scaler.inverse_width(stderr.reshape(shape)),
        )

    @property
    def known(self) -> NDArray[np.bool_]:
        """Where the truth is known, (n,)."""
        return np.asarray(np.isfinite(self.truth).all(axis=1))

    def metrics(self) -> dict[str, float]:
        """Mean squared error (in units) and R2 where the truth is known; empty where it is nowhere.

        Where several windows forecast several steps, ``mse_1``, ``r2_1``, ``mse_2``, ... follow: by steps ahead.
        """
        found = self._scores(self.known)
        for step in range(1, self.horizon + 1) if self.horizon > 1 else ():
            scores = self._scores(self.known & (self.steps == step))
            found |= {f"{name}_{step}": value for name, value in scores.items() if name != "points"}
        return found

    def _scores(self, chosen: NDArray[np.bool_]) -> dict[str, float]:
        from ..metrics import mse, r2

        if not chosen.any():
            return {}
        truth, values = self.truth[chosen], self.values[chosen]
        return {"points": int(chosen.sum()), "mse": mse(truth, values), "r2": r2(truth, values)}

    def to_csv(self) -> str:
        """Columns ``point`` and, where not all are one, ``step``; then per target forecast, truth and, where known, stderr.

        The truth is empty where it is not known.
        """
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        where = {"point": self.points} | ({} if self.steps is None else {"step": self.steps})
        columns = {"forecast": self.values, "truth": self.truth}
        columns |= {} if self.stderr is None else {"stderr": self.stderr}
        writer.writerow([*where, *(f"{kind}_{name}" for name in self.targets for kind in columns)])
        pairs = np.stack(list(columns.values()), axis=2).reshape(len(self.points), -1)
        for place, row in zip(zip(*where.values(), strict=True), pairs, strict=True):
            writer.writerow([*map(int, place), *("" if np.isnan(cell) else repr(float(cell)) for cell in row)])
        return text.getvalue()

    @classmethod
    def read(cls, path: Path, name: str) -> Forecast:
        """The inverse of `to_csv`; that of a free run is read as one window.

        Args:
            path: The file.
            name: Of the series.

        Raises:
            InputError: If the file cannot be read, or is not whole.
        """
        try:
            return cls(name, **parse(path.read_text()))
        except OSError as error:
            raise InputError(f"cannot read {path}: {error.strerror}; check its permissions") from error
        except (ValueError, IndexError, csv.Error) as error:
            raise InputError(f"{path} is damaged ({error}); restore it from a copy, or remove it") from error

    @property
    def following(self) -> dict[str, Array]:
        """By target what is forecast last: all steps of the last window, or of a free run, (steps,)."""
        last = self.values[-self.horizon :] if self.steps is None or self.horizon > 1 else self.values
        return {name: last[:, k] for k, name in enumerate(self.targets)}

    def draw(self, path: Path, boundary: float | None = None) -> None:
        """Draw the forecasts against what is known of the truth.

        Args:
            path: PNG file to replace.
            boundary: Where the test begins; see `Dataset.boundary`.

        Raises:
            InputError: If the file cannot be written.
        """
        from .. import figures

        if self.before is not None:
            count, start = len(self.before), int(self.points[0])
            figures.forecast(
                np.concatenate([np.full_like(self.before, np.nan), self.values]),
                path,
                truth=np.concatenate([self.before, self.truth]),
                points=np.arange(start - count, start + len(self.values)),
                boundary=start - 0.5,
                name=self.name,
                begins="free run begins",
            )
            return
        figures.ahead(self.by_window(self.values), path, **self._beside(), boundary=boundary, name=self.name)

    def figure(self, boundary: float | None = None) -> Figure:
        """What `draw` draws of windows, without a title."""
        from ..figures import ahead_figure

        return ahead_figure(self.by_window(self.values), **self._beside(), boundary=boundary)

    def by_window(self, values: Array) -> Array:
        """Values, truth or stderr by window, (n, targets) -> (windows, horizon, targets)."""
        return values.reshape(-1, self.horizon, len(self.targets))

    def _beside(self) -> dict[str, Any]:
        """What is drawn with the values."""
        return {
            "points": self.points[:: self.horizon],
            "truth": self.by_window(self.truth) if self.known.any() else None,
            "stderr": None if self.stderr is None else self.by_window(self.stderr),
        }
