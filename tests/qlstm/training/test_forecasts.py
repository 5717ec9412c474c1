"""Tables of forecasts, written and read back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from backends.errors import InputError
from qlstm.tasks import Dataset, Series
from qlstm.tasks.baseline import last_values
from qlstm.training.forecasts import Forecast


def forecast(horizon: int, targets: int, stderr: bool) -> tuple[Dataset, Forecast]:
    t = np.arange(20.0)
    target = np.column_stack([np.sin(t / 3 + k) for k in range(targets)])
    names = ("a", "b")[:targets]
    data = Dataset.of(Series("two", target, target, names, names), 2, horizon)
    width = np.full(data.y.shape, 0.1)
    return data, Forecast.of(data, last_values(data), width if stderr else None)


@pytest.mark.parametrize("stderr", [False, True])
@pytest.mark.parametrize(("horizon", "targets"), [(1, 1), (3, 1), (2, 2)])
def test_a_table_is_read_back(horizon: int, targets: int, stderr: bool, tmp_path: Path) -> None:
    data, given = forecast(horizon, targets, stderr)
    path = tmp_path / "forecast.csv"
    path.write_text(given.to_csv())
    found = Forecast.read(path, "two")
    assert (found.name, found.targets, found.horizon) == ("two", given.targets, horizon)
    for name in ("points", "values", "truth", "steps", "stderr"):
        np.testing.assert_array_equal(getattr(found, name), getattr(given, name))
    assert (found.steps is None, found.stderr is None) == (horizon == 1, not stderr)
    # every row is of its own point
    np.testing.assert_array_equal(found.truth, data.series.target[found.points])
    first = np.arange(len(data)) + data.window
    np.testing.assert_allclose(
        found.by_window(found.values), np.repeat(data.series.target[first - 1][:, None], horizon, 1), atol=1e-12
    )
    if found.stderr is not None:
        width = data.scaler.target.inverse(np.full(targets, 0.1)) - data.scaler.target.inverse(np.zeros(targets))
        np.testing.assert_allclose(found.stderr, np.broadcast_to(width, found.stderr.shape))


@pytest.mark.parametrize(
    "text",
    [
        "point,step,forecast_a,truth_a\n2,1,0.5,\n3,2,0.5,\n3,1,0.5,\n",
        "point,step,forecast_a,truth_a\n2,2,0.5,\n3,1,0.5,\n",
        "point,step,forecast_a\n2,1,0.5\n",
        "point,step,forecast_a,truth_a\n2,1,0.5,",
        "point,step,forecast_a,truth_a\n2,1,x,\n",
        "step,point,forecast_a,truth_a\n1,2,0.5,\n",
    ],
)
def test_a_table_that_is_not_whole(text: str, tmp_path: Path) -> None:
    path = tmp_path / "forecast.csv"
    path.write_text(text)
    with pytest.raises(InputError, match="damaged"):
        Forecast.read(path, "a")
