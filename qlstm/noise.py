"""Shot noise in exact training: what a finite number of shots would add to every measured <Z>.

<Z> estimated from N shots has the variance (1 - <Z>^2) / N. A model that met it in training forecasts better on devices,
which add it to every forecast.
"""

from __future__ import annotations

import torch
from torch import Tensor

from backends.errors import InputError
from qlstm.bank import Bank


def require_shots(shots: object) -> None:
    """``train_shots`` is None or a positive integer."""
    if shots is not None and (not isinstance(shots, int) or isinstance(shots, bool) or shots < 1):
        raise InputError(f"train_shots={shots!r} must be an integer of at least 1, or None for no shot noise")


def draw_noise(bank: Bank, steps: int, like: Tensor, shots: int) -> Tensor:
    """Standard normals from torch's global generator, over the root of the shots.

    Args:
        bank: Who measures.
        steps: Evaluations in a row.
        like: Its second-last axis is the batch; dtype and device of the noise.
        shots: Per expectation.

    Returns:
        Shape (steps, gates, batch, outputs).
    """
    shape = (steps, len(bank.gates), like.shape[-2], bank.outputs)
    return torch.randn(shape, dtype=like.dtype, device=like.device).mul_(shots**-0.5)


def estimated(z: Tensor, noise: Tensor) -> Tensor:
    """``z`` as that many shots would estimate it; the added noise is a constant to autograd.

    Args:
        z: Exact <Z>, shape (gates, batch, outputs).
        noise: One step of `draw_noise`, same shape.
    """
    exact = z.detach()
    return z + noise * (1 - exact * exact).clamp_(min=0).sqrt_()
