"""How much of a measured gradient is signal: its norm over the norm of its standard error."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from .devices import executor_of, gradient_of

MEASURED = ("auto", "parameter-shift", "sampled-shift", "twin")
"""Gradients made of Jacobians whose noise is known; ``spsa`` and ``exact`` have none."""
REPLICATES = 16


def signal_to_noise(model: torch.nn.Module, loss: Callable[[Tensor], Tensor], seed: int) -> float | None:
    """|gradient| / |its standard error| after a backward pass on devices, over all trainable parameters.

    The noise is that of shots, in the values and in the derivatives (and for ``sampled-shift`` of the draw); the
    gradient in the numerator carries it too, so that pure noise gives about 1. See `qlstm.uncertainty`.

    Args:
        model: Its ``.grad`` is filled and its weights are still those of the backward pass.
        loss: Of the model's output.
        seed: Of the repetitions that estimate the error.

    Returns:
        None where it is not known: exact simulation or expectations, ``spsa``, ``exact``.
    """
    measured = executor_of(model) is not None and gradient_of(model) in MEASURED
    if not measured or not hasattr(model, "gradient_stderr"):
        return None
    errors = model.gradient_stderr(loss, replicates=REPLICATES, seed=seed)  # type: ignore[operator]
    slopes = [p.grad for p in model.parameters() if p.requires_grad and p.grad is not None]
    noise = math.sqrt(sum(float(error.double().square().sum()) for error in errors.values()))
    size = math.sqrt(sum(float(slope.double().square().sum()) for slope in slopes))
    return size / noise if noise > 0 else None
