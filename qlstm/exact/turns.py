"""Rotations of single qubits in plain torch; bit k of an index into the state is qubit k."""

from __future__ import annotations

import torch
from torch import Tensor


def _split(state: Tensor, qubits: int, k: int) -> Tensor:
    return torch.unflatten(state, -1, (2 ** (qubits - 1 - k), 2, 2**k))


def ry(state: Tensor, qubits: int, k: int, angle: Tensor) -> Tensor:
    """RY on qubit k; state of shape (..., 2^qubits), angle (radians) broadcastable to its leading axes."""
    s, half = _split(state, qubits, k), (angle / 2)[..., None, None]
    cosine, sine = half.cos(), half.sin()
    zero, one = s[..., 0, :], s[..., 1, :]
    turned = torch.stack([cosine * zero - sine * one, sine * zero + cosine * one], -2)
    return turned.flatten(-3)


def rz(state: Tensor, qubits: int, k: int, angle: Tensor) -> Tensor:
    """RZ on qubit k, as `ry`; the state becomes complex."""
    s, half = _split(state, qubits, k), (angle / 2)[..., None, None]
    phase = torch.complex(half.cos(), half.sin())
    turned = torch.stack([phase.conj() * s[..., 0, :], phase * s[..., 1, :]], -2)
    return turned.flatten(-3)
