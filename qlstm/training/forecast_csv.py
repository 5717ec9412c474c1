"""Tables of forecasts, read back."""

from __future__ import annotations

import csv
import io
from typing import Any

import numpy as np


def parse(text: str) -> dict[str, Any]:
    """The fields of a `Forecast` but its name, from what `Forecast.to_csv` gave.

    Raises:
        ValueError: Or IndexError, or csv.Error, where the text is not whole.
    """
    if not text.endswith("\n"):
        raise ValueError("its end is missing")
    header, *lines = list(csv.reader(io.StringIO(text), strict=True))
    targets = tuple(cell.removeprefix("forecast_") for cell in header if cell.startswith("forecast_"))
    where = ("point", "step") if header[1:2] == ["step"] else ("point",)
    kinds = ("forecast", "truth", "stderr")[: (len(header) - len(where)) // max(1, len(targets))]
    if header != [*where, *(f"{kind}_{target}" for target in targets for kind in kinds)] or len(kinds) < 2:
        raise ValueError("its columns are others")
    places = np.array([[int(cell) for cell in line[: len(where)]] for line in lines], np.int64).reshape(-1, len(where))
    cells = [[float(cell or "nan") for cell in line[len(where) :]] for line in lines]
    known = dict(
        zip(kinds, np.array(cells).reshape(len(lines), len(targets), len(kinds)).transpose(2, 0, 1), strict=True)
    )
    steps = places[:, 1] if len(where) > 1 else None
    horizon = 1 if steps is None else int(steps.max(initial=1))
    if steps is not None and (len(steps) % horizon or np.any(steps.reshape(-1, horizon) != np.arange(1, horizon + 1))):
        raise ValueError("its steps are not 1, 2, ... of every window")
    return {
        "targets": targets, "points": places[:, 0], "values": known["forecast"], "truth": known["truth"],
        "steps": steps, "horizon": horizon, "stderr": known.get("stderr"),
    }  # fmt: skip
