"""Simultaneous perturbation (Spall 1992): a gradient from two values of the loss, whatever the number of parameters."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from backends.errors import InputError

PERTURBATION = 0.1
"""Default of ``c``. The bias grows with c^2, the shot noise of both losses falls with 1 / c; angles are in radians."""


@torch.no_grad()
def spsa_gradient(model: nn.Module, loss: Callable[[], Tensor | float], c: float = PERTURBATION) -> float:
    """Fill ``.grad`` of all trainable parameters from two evaluations of the loss.

    (loss(p + c d) - loss(p - c d)) / (2 c) x d, with every entry of d +1 or -1 at random. Signs come from torch's
    global generator; both evaluations see the same random numbers (dropout). What is in ``.grad`` is replaced.

    Args:
        model: Its trainable parameters are moved together, and put back.
        loss: Evaluates the model and returns a scalar; called twice, on devices two forward passes.
        c: Size of the perturbation.

    Returns:
        The mean of the two losses.

    Raises:
        InputError: For a ``c`` that is not a positive number, or a loss that is not one number.
    """
    if isinstance(c, bool) or not isinstance(c, int | float) or not (math.isfinite(c) and c > 0):
        raise InputError(f"c={c!r} must be a positive number, the size of the perturbation; {PERTURBATION} is usual")
    parameters = [p for p in model.parameters() if p.requires_grad]
    start = [p.detach().clone() for p in parameters]
    signs = [torch.randint(2, p.shape, device="cpu").to(p) * 2 - 1 for p in parameters]
    generator = torch.get_rng_state()
    losses = []
    try:
        for side in (c, -c):
            torch.set_rng_state(generator)
            for parameter, origin, sign in zip(parameters, start, signs, strict=True):
                parameter.copy_(origin + side * sign)
            losses.append(_number(loss()))
    finally:
        for parameter, origin in zip(parameters, start, strict=True):
            parameter.copy_(origin)
    slope = (losses[0] - losses[1]) / (2 * c)
    for parameter, sign in zip(parameters, signs, strict=True):
        parameter.grad = slope * sign
    return sum(losses) / 2


def _number(value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(
            f"the loss is a {type(value).__name__}, but must be one number; reduce it, such as by .mean()"
        ) from error
