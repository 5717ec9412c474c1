"""What the modules refuse, in one line each: tensors, dtypes and widths that cannot be evaluated."""

from __future__ import annotations

import math
import warnings

import torch
from torch import Tensor

from backends.errors import InputError, shown
from backends.whole import whole
from qlstm.ansatz import Ansatz
from qlstm.bank import Bank
from qpartition.partition import MOST

WIDEST_EXACT = 20
"""Qubits of the widest circuit that is simulated: its kernel scratch is about a gigabyte."""


def ansatz_or_default(ansatz: object) -> Ansatz:
    """The ansatz given, `Ansatz.chen2020()` for None."""
    if ansatz is None:
        return Ansatz.chen2020()
    if not isinstance(ansatz, Ansatz):
        raise InputError(f"ansatz={ansatz!r} must be an Ansatz, such as Ansatz.chen2024(depth=5)")
    return ansatz


def require_sizes(**sizes: object) -> None:
    """Sizes are integers of at least 1 that a `Partition` can list."""
    for name, size in sizes.items():
        if whole(size, least=1) is None:
            raise InputError(f"{name}={shown(size)} must be an integer of at least 1")
        if whole(size, most=MOST) is None:
            raise InputError(f"{name}={shown(size)} is more than the {MOST} that can be used; give a smaller one")


def require_flags(**flags: object) -> None:
    """Flags are True or False; 1 and 0 will do, any other value is a mistake that would count as True."""
    for name, flag in flags.items():
        if not isinstance(flag, int) or flag not in (0, 1):
            raise InputError(f"{name}={shown(flag)} must be True or False")


def require_dropout(dropout: object, num_layers: object) -> None:
    """``dropout`` is a probability; without a second layer it has nothing to act on."""
    if isinstance(dropout, bool) or not isinstance(dropout, int | float) or not 0 <= dropout <= 1:
        raise InputError(f"dropout={dropout!r} must be a probability between 0 and 1")
    if dropout and num_layers == 1:
        warnings.warn(
            f"dropout={dropout} has no effect with num_layers=1: it follows every layer but the last", stacklevel=3
        )


def require_float(dtype: torch.dtype | None) -> None:
    """Weights are float32 or float64."""
    if dtype not in (None, torch.float32, torch.float64):
        raise InputError(f"dtype={dtype} must be torch.float32 or torch.float64")


def require_like(name: str, value: object, weight: Tensor) -> None:
    """``value`` is a finite tensor of the dtype and on the device of the weights."""
    if not isinstance(value, Tensor):
        kind = type(value).__name__
        raise InputError(f"{name} is of type {kind}, but must be a torch.Tensor; convert it with torch.as_tensor")
    if value.dtype != weight.dtype or value.device != weight.device:
        ours, theirs = f"{weight.dtype} on {weight.device}", f"{value.dtype} on {value.device}"
        raise InputError(f"{name} is {theirs}, but the weights are {ours}; convert one of them")
    # one sum is cheaper than a look at every entry, and finite whenever all of them are, but for an overflow
    if not math.isfinite(value.sum().item()) and not torch.isfinite(value).all():
        raise InputError(f"{name} contains NaN or infinity; remove or fill those values first")


def require_pair(hx: object) -> tuple[Tensor, Tensor]:
    """A start is (h0, c0)."""
    if not isinstance(hx, tuple | list) or len(hx) != 2:
        raise InputError(f"the start is of type {type(hx).__name__}, but must be a pair of tensors (h0, c0)")
    return hx[0], hx[1]


def require_narrow(bank: Bank) -> None:
    """The circuits of a bank are narrow enough to be simulated exactly."""
    width = bank.partition.width
    if width > WIDEST_EXACT:
        raise InputError(
            f"the widest circuit has {width} qubits, but exact values and gradients are simulated up to {WIDEST_EXACT};"
            " divide it with a larger parts=, or run it on devices with gradient='parameter-shift'"
        )
