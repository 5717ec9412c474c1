"""How good a forecast is: squared error, R2, and the epoch at which training has converged."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from backends.errors import InputError


def mse(truth: ArrayLike, prediction: ArrayLike) -> float:
    """Mean squared error over all entries; NaN where a forecast is NaN.

    Raises:
        InputError: For different shapes, or no entries.
    """
    y, p = _pair(truth, prediction)
    with np.errstate(over="ignore"):  # of a diverged forecast
        return float(np.mean((y - p) ** 2))


def r2(truth: ArrayLike, prediction: ArrayLike) -> float:
    """Coefficient of determination 1 - SS_res / SS_tot, the mean over targets for arrays (n, targets).

    1 is perfect, 0 as good as the mean of the truth, and it has no lower bound. It does not depend on the units. NaN
    where it is undefined (a constant truth, one point) or a forecast is NaN.

    Raises:
        InputError: For different shapes, or no entries.
    """
    y, p = (array.reshape(len(array), -1) for array in _pair(truth, prediction))
    total = np.sum((y - y.mean(axis=0)) ** 2, axis=0)
    # the mean of a constant column may round, and leave a spread
    total = np.where(y.min(axis=0) == y.max(axis=0), np.nan, total)
    with np.errstate(over="ignore"):
        return float(np.mean(1 - np.sum((y - p) ** 2, axis=0) / total))


def drop99(losses: ArrayLike, share: float = 0.99) -> int | None:
    """First epoch (counted from 1) by which the loss has made 99% of its drop from the first epoch to its minimum.

    Epochs with a NaN or infinite loss are passed over; None where there is no other.

    Args:
        losses: Test loss of every epoch, (epochs,).
        share: The share of the drop.
    """
    loss = _curve(losses)
    finite = loss[np.isfinite(loss)]
    if not len(finite):
        return None
    # written from the minimum, so that rounding cannot put the goal below it
    goal = finite.min() + (1 - share) * (finite[0] - finite.min())
    return int(np.argmax(np.isfinite(loss) & (loss <= goal))) + 1


def best_epoch(losses: ArrayLike) -> int | None:
    """Epoch (counted from 1) of the smallest loss, the first of equals; None where no loss is finite."""
    loss = _curve(losses)
    if not np.isfinite(loss).any():
        return None
    return int(np.argmin(np.where(np.isfinite(loss), loss, np.inf))) + 1


@dataclass(frozen=True)
class Scores:
    """What is reported of a forecast over all windows of a data set.

    Attributes:
        train_mse: Mean squared error of the training windows, in the units given.
        test_mse: Of the held-out windows.
        test_r2: R2 of the held-out windows.
        whole_r2: R2 over all windows, training ones included; it is this that fits the paper's tables.
    """

    train_mse: float
    test_mse: float
    test_r2: float
    whole_r2: float

    @classmethod
    def of(cls, truth: ArrayLike, prediction: ArrayLike, train: int) -> Scores:
        """Scores of forecasts in time order, the first ``train`` of them trained on.

        Args:
            truth: (n, targets) or (n,).
            prediction: The same shape.
            train: Number of training windows, 1 .. n - 1.

        Raises:
            InputError: For different shapes or a ``train`` that leaves one of the parts empty.
        """
        y, p = _pair(truth, prediction)
        if not 0 < train < len(y):
            raise InputError(f"train={train} of {len(y)} windows: both parts need at least one, 1 to {len(y) - 1}")
        return cls(mse(y[:train], p[:train]), mse(y[train:], p[train:]), r2(y[train:], p[train:]), r2(y, p))

    def to_dict(self) -> dict[str, float]:
        """The four numbers by name."""
        return asdict(self)


def by_step(truth: ArrayLike, prediction: ArrayLike, train: int, horizon: int) -> dict[str, float]:
    """Test errors apart by how many steps ahead a forecast is: ``test_mse_1``, ``test_r2_1``, ``test_mse_2``, ...

    Args:
        truth: (n, horizon * targets), as in `qlstm.tasks.Dataset`.
        prediction: The same shape.
        train: Number of training windows.
        horizon: Steps; for one step nothing is told apart, and the result is empty.

    Raises:
        InputError: For different shapes, or one that is not made of so many steps.
    """
    y, p = _pair(truth, prediction)
    if y.ndim != 2 or y.shape[1] % horizon:
        raise InputError(
            f"forecasts of shape {y.shape} cannot be divided into {horizon} steps: needs (n, steps * targets)"
        )
    found: dict[str, float] = {}
    width = y.shape[1] // horizon
    for step in range(horizon) if horizon > 1 else ():
        columns = slice(step * width, (step + 1) * width)
        scores = Scores.of(y[:, columns], p[:, columns], train)
        found |= {f"test_mse_{step + 1}": scores.test_mse, f"test_r2_{step + 1}": scores.test_r2}
    return found


def _pair(truth: ArrayLike, prediction: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both as float64 of one shape; (n,) against (n, 1) would broadcast to n x n."""
    y, p = np.asarray(truth, dtype=np.float64), np.asarray(prediction, dtype=np.float64)
    if y.shape != p.shape or y.size == 0 or y.ndim == 0:
        raise InputError(f"truth of shape {y.shape} and prediction of {p.shape}: needs the same shape, not empty")
    return y, p


def _curve(losses: ArrayLike) -> NDArray[np.float64]:
    loss = np.asarray(losses, dtype=np.float64)
    if loss.ndim != 1 or not len(loss):
        raise InputError(f"losses of shape {loss.shape}: needs one number per epoch, at least one")
    return loss
