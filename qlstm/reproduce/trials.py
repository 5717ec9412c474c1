"""One training of an experiment, and what is kept of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..metrics import best_epoch, drop99
from .setups import Data, Setup

if TYPE_CHECKING:
    from ..tasks import Dataset

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Trial:
    """What one training gave, after its last epoch.

    Attributes:
        setup: What was trained.
        seed: Of its first weights and of the order of the windows.
        parameters: Trainable numbers, all of them.
        test_r2: R2 of the held-out windows.
        whole_r2: R2 of all windows.
        train_mse: Training loss of every epoch, (epochs,), scaled; empty for the linear fit.
        test_mse: Test loss, the same shape.
        forecasts: Of all windows, in units, (windows,).
    """

    setup: Setup
    seed: int
    parameters: int
    test_r2: float
    whole_r2: float
    train_mse: Array
    test_mse: Array
    forecasts: Array

    @property
    def drop99(self) -> int | None:
        """First epoch with 99% of the fall of the test loss; None without epochs."""
        return drop99(self.test_mse) if len(self.test_mse) else None

    @property
    def best_epoch(self) -> int | None:
        """Epoch of the smallest test loss; None without epochs."""
        return best_epoch(self.test_mse) if len(self.test_mse) else None


@lru_cache(maxsize=32)
def dataset(data: Data) -> Dataset:
    """The windows, made once."""
    return data.load()


def same_windows(data: Data) -> Data:
    """Data whose training part holds the extremes of the series are scaled alike either way: then those of ``"all"``."""
    other = replace(data, scaling="all")
    mine, its = dataset(data), dataset(other)
    return other if np.array_equal(mine.x, its.x) and np.array_equal(mine.y, its.y) else data


def run(setup: Setup, seed: int, stop: Callable[[], bool] = lambda: False) -> Trial | None:
    """Train; None if ``stop()`` came true before the end.

    Raises:
        InputError: If the loss is no longer finite.
    """
    return _linear(setup) if setup.model is None else _trained(setup, seed, stop)


def _linear(setup: Setup) -> Trial:
    from ..tasks import linear_fit

    data = dataset(setup.data)
    fit = linear_fit(data)
    none = np.empty(0)
    forecasts = data.scaler.inverse(fit.predict(data.x))[:, 0]
    return Trial(setup, 0, fit.parameters, fit.scores.test_r2, fit.scores.whole_r2, none, none, forecasts)


def _trained(setup: Setup, seed: int, stop: Callable[[], bool]) -> Trial | None:
    import torch

    from ..training import Trainer

    assert setup.model is not None
    data = dataset(setup.data)
    torch.manual_seed(seed)
    model = setup.model.build(setup.data.features)
    trainer = Trainer(model, data, replace(setup.recipe, seed=seed))
    history = trainer.fit(stop)
    if not trainer.finished:
        return None
    assert trainer.forecasts is not None
    last, train, test = history.rows[-1], history.column("train_mse"), history.column("test_mse")
    return Trial(
        setup,
        seed,
        sum(parameter.numel() for parameter in model.parameters()),
        float(last["test_r2"]),
        float(last["whole_r2"]),
        np.array(train, dtype=np.float64),
        np.array(test, dtype=np.float64),
        data.scaler.inverse(trainer.forecasts)[:, 0],
    )
