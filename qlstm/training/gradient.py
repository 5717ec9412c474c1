"""The gradient of one optimiser step, from wherever the model takes it."""

from __future__ import annotations

import math

import torch

from backends.errors import InputError

from ..spsa import spsa_gradient
from .bounding import OverheadBound
from .devices import executor_of, gradient_of
from .recipe import Recipe
from .signal import signal_to_noise


def fill_gradient(
    model: torch.nn.Module,
    x: torch.Tensor,
    y: torch.Tensor,
    recipe: Recipe,
    penalty: OverheadBound | None,
    steps: int,
    where: str,
) -> tuple[float, float | None]:
    """Fill ``.grad`` with the gradient of the mean squared error and the penalty.

    Args:
        model: What is trained.
        x: Windows, (batch, window, features).
        y: What came after them, (batch, horizon * targets).
        recipe: Of the training.
        penalty: On the overhead of bridges.
        steps: Optimiser steps done, which fix the draws of `signal_to_noise`.
        where: The step, for messages.

    Returns:
        The loss, and the signal-to-noise ratio of the gradient; None where it is not asked for or not known.

    Raises:
        InputError: For a loss that is not finite.
    """

    def loss(forecast: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.mse_loss(forecast, y)

    def penalised() -> torch.Tensor:
        error = loss(model(x))
        return error if penalty is None else error + penalty()

    if executor_of(model) is not None and gradient_of(model) == "spsa":
        value = spsa_gradient(model, penalised, recipe.perturbation)
        _require_finite(value, recipe, where)
        return value, None
    found = penalised()
    value = found.item()
    _require_finite(value, recipe, where)
    found.backward()  # type: ignore[no-untyped-call]
    return value, signal_to_noise(model, loss, steps) if recipe.signal else None


def _require_finite(loss: float, recipe: Recipe, where: str) -> None:
    if not math.isfinite(loss):
        raise InputError(
            f"the loss is {loss} at {where}; lr={recipe.lr} is too large for this model, start again with a smaller one"
        )
