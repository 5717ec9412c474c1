"""Forecasts of a model for windows, without gradients."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from backends.errors import InputError

from .devices import executor_of

_CHUNK = 4096
"""Windows per forward pass of an exact evaluation, to bound memory; on devices all windows share each round."""


def predict(model: torch.nn.Module, x: torch.Tensor | NDArray[np.float64]) -> NDArray[np.float64]:
    """A model's forecasts without gradients, shape (n, targets), for windows of shape (n, window, features).

    Raises:
        InputError: Without a window.
    """
    like = next(model.parameters())
    if not isinstance(x, torch.Tensor | np.ndarray) or not len(x):
        raise InputError("there is nothing to forecast from; give windows of shape (n, window, features), at least one")
    windows = as_tensor(x, like)
    chunk = len(windows) if executor_of(model) is not None else _CHUNK
    model.eval()
    with torch.no_grad():
        forecasts = [model(windows[i : i + chunk]) for i in range(0, len(windows), chunk)]
    return np.asarray(torch.cat(forecasts).double().cpu().numpy())


def as_tensor(values: torch.Tensor | NDArray[np.float64], like: torch.Tensor) -> torch.Tensor:
    """In the dtype and on the device of ``like``; arrays are copied, since torch accepts no read-only ones."""
    tensor = values if isinstance(values, torch.Tensor) else torch.from_numpy(np.array(values))
    return tensor.to(like)
