"""Errors told apart by how many steps ahead a forecast is, as a table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .output import Output

_APART = re.compile(r"(?:test_)?(mse|r2)_(\d+)")


def is_apart(name: str) -> bool:
    """Whether a metric is of one step of several: ``test_mse_1``, ``r2_3``."""
    return _APART.fullmatch(name) is not None


def by_steps(output: Output, metrics: Mapping[str, Mapping[str, Any]]) -> None:
    """A row per step ahead with the mean squared error and R2 of every model; nothing where one step is forecast.

    Args:
        output: Where to.
        metrics: By what is put before the names of the columns.
    """
    cells: dict[int, dict[str, str]] = {}
    for model, values in metrics.items():
        for name, value in values.items():
            if found := _APART.fullmatch(name):
                kind = {"mse": "mse", "r2": "R2"}[found[1]]
                cells.setdefault(int(found[2]), {})[f"{model} {kind}".strip()] = f"{value:.6g}"
    if cells:
        names = list(dict.fromkeys(name for row in cells.values() for name in row))
        rows = [(str(step), *(row.get(name, "") for name in names)) for step, row in sorted(cells.items())]
        output.rows("By steps ahead", ("steps", *names), rows)
