"""The optimisers a `Recipe` can name."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch.optim import Adam, Optimizer, RMSprop

from .recipe import Recipe


def optimizer(recipe: Recipe, parameters: Iterable[torch.nn.Parameter]) -> Optimizer:
    """The optimiser of a recipe, at the rate of the first epoch."""
    if recipe.optimizer == "adam":
        return Adam(parameters, lr=recipe.lr)
    return RMSprop(parameters, lr=recipe.lr, alpha=0.99, eps=1e-8)


def set_rate(optimizer: Optimizer, rate: float) -> None:
    """Use ``rate`` from the next step on."""
    for group in optimizer.param_groups:
        group["lr"] = rate
