"""Min-max scaling of every column to [-1, 1], and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from backends.errors import InputError
from qlstm.tasks.series import Array


@dataclass(frozen=True)
class MinMax:
    """Column k is mapped by v -> 2 (v - low_k) / (high_k - low_k) - 1.

    Values outside [low, high] land outside [-1, 1]; nothing is clipped.

    Attributes:
        names: The columns.
        low: Smallest value of each, mapped to -1.
        high: Largest value of each, mapped to 1.
    """

    names: tuple[str, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]

    def __post_init__(self) -> None:
        if not len(self.names) == len(self.low) == len(self.high):
            raise InputError(
                f"a scaling of {len(self.names)} columns has {len(self.low)} low and {len(self.high)} high values:"
                " needs one of each per column"
            )
        for name, low, high in zip(self.names, self.low, self.high, strict=True):
            if not (np.isfinite(high - low) and high > low):
                raise InputError(
                    f"column {name!r} cannot be scaled from [{low:g}, {high:g}]: needs finite low < high, leave it out"
                )

    @classmethod
    def fit(cls, values: Array, names: tuple[str, ...]) -> MinMax:
        """The range of every column of ``values``, (points, columns).

        Raises:
            InputError: For a column that is constant here, or spans more than a float can hold.
        """
        low, high = values.min(axis=0), values.max(axis=0)
        for name, value, other in zip(names, low, high, strict=True):
            if value == other:
                raise InputError(
                    f"column {name!r} is constant ({value:g}) over the {len(values)} points the scaling is fitted on:"
                    " leave it out with --features, or fit on more points (a larger split, or scaling='all')"
                )
        with np.errstate(over="ignore"):
            return cls(tuple(names), tuple(low.tolist()), tuple(high.tolist()))

    def transform(self, values: ArrayLike) -> Array:
        """From units to [-1, 1], (..., columns)."""
        return np.asarray(2.0 * ((self._checked(values) - self.low) / self._span) - 1.0)

    def inverse(self, scaled: ArrayLike) -> Array:
        """From [-1, 1] back to units, (..., columns)."""
        return np.asarray(self._checked(scaled) * 0.5 * self._span + (0.5 * self._span + self.low))

    def inverse_width(self, width: ArrayLike) -> Array:
        """A difference, such as a standard error, from [-1, 1] back to units, (..., columns)."""
        return np.asarray(self._checked(width) * 0.5 * self._span)

    @property
    def _span(self) -> Array:
        return np.subtract(self.high, self.low)

    def _checked(self, values: ArrayLike) -> Array:
        array = np.asarray(values, dtype=np.float64)
        if array.ndim == 0 or array.shape[-1] != len(self.names):
            raise InputError(
                f"values of shape {array.shape} cannot be scaled: the last axis must hold"
                f" the {len(self.names)} column(s) {', '.join(self.names)}"
            )
        return array

    def to_dict(self) -> dict[str, object]:
        """JSON-able; floats keep every bit."""
        return {"names": list(self.names), "low": list(self.low), "high": list(self.high)}

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> MinMax:
        """The inverse of `to_dict`.

        Raises:
            InputError: For missing or unusable entries.
        """
        try:
            names, low, high = (list(data[key]) for key in ("names", "low", "high"))  # type: ignore[call-overload]
            return cls(tuple(map(str, names)), tuple(map(float, low)), tuple(map(float, high)))
        except InputError:
            raise
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"not a saved scaling ({error!r}): needs names, low and high, one per column") from None


@dataclass(frozen=True)
class Scaler:
    """The scaling of features and targets, as kept beside a trained model.

    Attributes:
        features: Of the model's inputs.
        target: Of what it forecasts.
    """

    features: MinMax
    target: MinMax

    def transform(self, values: ArrayLike) -> Array:
        """Features from units to [-1, 1], (..., features)."""
        return self.features.transform(values)

    def transform_target(self, target: ArrayLike) -> Array:
        """Targets from units to [-1, 1], (..., targets)."""
        return self.target.transform(target)

    def inverse(self, y: ArrayLike) -> Array:
        """Forecasts or targets from [-1, 1] back to units, (..., targets)."""
        return self.target.inverse(y)

    def inverse_width(self, width: ArrayLike) -> Array:
        """Standard errors of forecasts from [-1, 1] back to units, (..., targets)."""
        return self.target.inverse_width(width)

    def to_dict(self) -> dict[str, object]:
        """JSON-able; floats keep every bit."""
        return {"features": self.features.to_dict(), "target": self.target.to_dict()}

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> Scaler:
        """The inverse of `to_dict`.

        Raises:
            InputError: For missing or unusable entries.
        """
        parts = [data.get(key) if isinstance(data, Mapping) else None for key in ("features", "target")]
        if not all(isinstance(part, Mapping) for part in parts):
            raise InputError("not a saved scaler: needs the entries 'features' and 'target', train the model again")
        features, target = (MinMax.from_dict(part) for part in parts)  # type: ignore[arg-type]
        return cls(features, target)
