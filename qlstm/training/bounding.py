"""The bound on what cutting the bridges of a model costs: a penalty in the loss, and the overhead for the record."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from backends.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor, nn

SHARE = 0.9
"""The penalty begins at this share of the bound's logarithm, so that steps of the optimiser do not carry beyond it."""
STRENGTH = 1.0


class OverheadBound:
    """STRENGTH x sum over circuits of relu(log overhead - SHARE log bound)^2; see `qlstm.bridges.overhead`.

    Args:
        model: A model with bridges.
        bound: Most sampling overhead of any circuit.

    Raises:
        InputError: For a model without bridges.
    """

    def __init__(self, model: nn.Module, bound: float) -> None:
        if not bridged(model):
            raise InputError(f"max_overhead={bound} bounds the overhead of bridges, the model has none; leave it out")
        self._model: Any = model
        self._threshold = SHARE * math.log(bound)

    def __call__(self) -> Tensor:
        """The penalty at the present angles, one number, differentiable."""
        excess: Tensor = (self._model.bridge_overhead().log() - self._threshold).relu()
        return STRENGTH * excess.square().sum()


def bridged(model: nn.Module) -> bool:
    """Whether the parts of a model are joined by bridges."""
    return bool(getattr(getattr(model, "qlstm", model), "joinings", None))


def largest_overhead(model: Any) -> float | None:
    """Sampling overhead of the circuit that costs most to cut, at the present angles; None without bridges."""
    if not bridged(model):
        return None
    return float(model.bridge_overhead().detach().max())
