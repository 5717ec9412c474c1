"""A time series: input features and targets, point by point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from backends.errors import InputError, shown, unknown_name

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Series:
    """Equally spaced points of a time series; row t of both arrays belongs to the same moment.

    Attributes:
        name: What it is called in tables and figures.
        values: Input features, (points, features), float64.
        target: What is forecast, (points, targets), float64; no column where new data has no truth.
        feature_names: One per column of ``values``.
        target_names: One per column of ``target``.
        source: Where the numbers come from, in words.

    Raises:
        InputError: Where shapes do not agree or a value is not finite.
    """

    name: str
    values: Array
    target: Array
    feature_names: tuple[str, ...]
    target_names: tuple[str, ...]
    source: str = ""

    def __post_init__(self) -> None:
        for field, names in (("values", self.feature_names), ("target", self.target_names)):
            array = _numbers(self.name, field, getattr(self, field))
            object.__setattr__(self, field, array)
            if array.ndim != 2 or array.shape[1] != len(names):
                raise InputError(f"{field} of {self.name!r} has shape {array.shape}: needs (points, {len(names)})")
            if not np.isfinite(array).all():
                row, column = np.argwhere(~np.isfinite(array))[0]
                raise InputError(
                    f"{field} of {self.name!r} has {array[row, column]} at point {row}, column {names[column]!r}:"
                    " only finite numbers can be used, fill the gap or cut the series"
                )
        if len(self.values) != len(self.target):
            raise InputError(f"{self.name!r} has {len(self.values)} points of values but {len(self.target)} of target")
        if self.values.shape[1] == 0:
            raise InputError(f"{self.name!r} has no feature: at least one is needed")

    def __len__(self) -> int:
        return len(self.values)

    @classmethod
    def univariate(cls, name: str, values: Array, column: str, source: str = "") -> Series:
        """A series that is forecast from its own past.

        Args:
            name: What it is called.
            values: The points, (points,).
            column: Name of its one feature and target.
            source: Where it comes from.
        """
        points = _numbers(name, "values", values).reshape(-1, 1)
        return cls(name, points, points, (column,), (column,), source)

    def select(self, features: Sequence[str]) -> Series:
        """The same series with these features only, in this order.

        Raises:
            InputError: For a name that is not a feature, a repeated one, or none at all.
        """
        if not features or len(set(features)) < len(features):
            raise InputError(
                f"features={','.join(features)!r}: name each of {', '.join(self.feature_names)} at most once"
            )
        for name in features:
            if name not in self.feature_names:
                raise unknown_name(f"feature of {self.name}", name, self.feature_names)
        columns = [self.feature_names.index(name) for name in features]
        return replace(self, values=self.values[:, columns], feature_names=tuple(features))


def _numbers(name: str, field: str, given: object) -> Array:
    try:
        return np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{field} of {name!r} are {shown(given)}: only arrays of numbers can be used") from error
