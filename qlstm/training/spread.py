"""How far forecasts on devices, and losses made of them, would scatter if they were measured again: the noise of shots."""

from __future__ import annotations

import math
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .devices import shots_of

if TYPE_CHECKING:
    from ..forecaster import Forecaster

Array = NDArray[np.float64]
REPLICATES = 32
"""Repetitions; the standard error of a single forecast is then known to about 13%, that of a loss much better."""
WIDEST = 10
"""Qubits of the widest circuit that is simulated for this; every further one doubles the time."""
_ROWS = 8192
"""Windows per simulated forward pass, to bound memory."""


def forecast_deviations(model: Any, x: Tensor, seed: int) -> Array | None:
    """Forecasts of a model on its devices in repetitions of the measurement, less their mean; None where not known.

    The forward pass is repeated in exact simulation with the noise of the run's shots on every <Z>, variance
    (1 - <Z>^2) / shots (see `qlstm.noise`), and carried through time as it is. Nothing is run on the devices. Outputs of
    one circuit count as independent, and <Z> is that of the noiseless circuit: noise moves it towards 0, so the true
    variance is larger by the little that <Z>^2 lost.

    Not known: without devices or for exact expectations, where there is no shot noise; with error mitigation, which
    amplifies it; for cut circuits, whose <Z> is put together from many pieces; for circuits of more than `WIDEST` qubits.

    Args:
        model: A `Forecaster`; any other module gives None.
        x: Windows, (n, window, features).
        seed: Of the noise; torch's generator is left alone.

    Returns:
        Shape (`REPLICATES`, n, outputs).
    """
    shots = shots_of(model)
    if shots is None or not hasattr(model, "train_shots") or _width(model) > WIDEST:
        return None
    return simulated_deviations(model, x, shots, seed)


def simulated_deviations(model: Forecaster, x: Tensor, shots: int, seed: int) -> Array:
    """The same for any number of shots; see `forecast_deviations`."""
    noisy = deepcopy(model).train()  # a copy has no executor
    noisy.train_shots = shots
    many = max(1, _ROWS // max(1, len(x)))
    drawn: list[Tensor] = []
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        for first in range(0, REPLICATES, many):
            times = min(many, REPLICATES - first)
            drawn.append(noisy(x.repeat(times, 1, 1)).reshape(times, len(x), -1))
    found = torch.cat(drawn).double()
    return np.asarray((found - found.mean(0)).cpu().numpy())


def stderr(deviations: Array) -> Array:
    """Standard errors of forecasts, (repetitions, n, outputs) -> (n, outputs)."""
    return np.asarray(np.sqrt(np.sum(deviations**2, axis=0) / (len(deviations) - 1)))


def _width(model: Forecaster) -> int:
    """Qubits of the widest circuit."""
    banks = [*model.qlstm.banks.values(), *([model.head_bank] if model.head_bank else [])]
    return max(width for bank in banks for width in bank.partition.qubits)


def mse_stderr(truth: Array, forecast: Array, deviations: Array) -> float:
    """Standard error of a mean squared error, from repetitions of the forecasts.

    Residuals r = r0 + e of one window, e normal with the covariance S, have var(|r|^2) = 4 r0' S r0 + 2 tr S^2, of
    which 4 r' S r - 2 tr S^2 is an unbiased estimate. All outputs of a window are made of the same h, so S is not
    diagonal; windows are measured by executions of their own, so their errors are independent.

    Args:
        truth: (n, outputs).
        forecast: As measured, the same shape.
        deviations: (repetitions, n, outputs), with mean 0 over the repetitions.
    """
    count = len(deviations) - 1
    along = np.einsum("rnk,nk->rn", deviations, forecast - truth)
    traces = [np.sum(np.einsum("rn,rnk->nk", one, deviations) ** 2) for one in np.moveaxis(deviations, 2, 0)]
    variance = 4 * np.sum(along**2) / count - 2 * np.sum(traces) / count**2
    return math.sqrt(max(0.0, float(variance))) / truth.size
