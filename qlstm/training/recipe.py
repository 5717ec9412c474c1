"""How a model is trained: optimiser, learning rate, order of the data."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import Any

from backends.errors import InputError, unknown_name

OPTIMIZERS = ("rmsprop", "adam")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Options of a training; the defaults are those that reproduce the published results.

    Attributes:
        optimizer: ``"rmsprop"`` (alpha 0.99, eps 1e-8) or ``"adam"``.
        lr: Learning rate of the first epoch.
        cosine: Let the rate fall to ``lr / 100`` over all epochs along half a cosine.
        shuffle: Draw a new order of the windows every epoch.
        batch: Windows per optimiser step; the last batch of an epoch may be smaller.
        epochs: Passes over the training windows.
        seed: Fixes the weights the model starts from, the order of the windows and sampled shots.
        max_overhead: A model with bridges: a penalty in the loss keeps the sampling overhead of cutting them under this;
            None for no bound. A run with ``wide="cut"`` also refuses to cut gates or wires at a larger one.
        perturbation: How far ``gradient="spsa"`` moves every parameter, one way and the other.
        signal: Log the gradient's signal-to-noise ratio and the standard errors of the losses on devices with shots. It
            costs no execution, and the time of about one simulated round a step.
    """

    optimizer: str = "rmsprop"
    lr: float = 0.01
    cosine: bool = False
    shuffle: bool = False
    batch: int = 10
    epochs: int = 100
    seed: int = 0
    max_overhead: float | None = None
    perturbation: float = 0.1
    signal: bool = True

    def __post_init__(self) -> None:
        if self.optimizer not in OPTIMIZERS:
            raise unknown_name("optimizer", self.optimizer, OPTIMIZERS)
        for name, usual in (("lr", 0.01), ("perturbation", 0.1)):
            if not _is_above(getattr(self, name), 0):
                raise InputError(f"{name}={getattr(self, name)!r} must be a positive number; {usual} is usual")
        if self.max_overhead is not None and not _is_above(self.max_overhead, 1):
            raise InputError(
                f"max_overhead={self.max_overhead!r} must be a number above 1, the overhead without cuts; 3 is usual for bridges"
            )
        for name in ("cosine", "shuffle", "signal"):
            if not isinstance(getattr(self, name), bool):
                raise InputError(f"{name}={getattr(self, name)!r} must be True or False")
        for name in ("batch", "epochs"):
            require_count(name, getattr(self, name), least=1)
        require_count("seed", self.seed, least=0, most=2**63 - 1)

    @property
    def bridge_bound(self) -> float | None:
        """What the penalty keeps the bridges under; None for no penalty."""
        return self.max_overhead

    def rate(self, epoch: int) -> float:
        """Learning rate of an epoch, counted from 0."""
        if not self.cosine:
            return self.lr
        floor = self.lr / 100
        return floor + (self.lr - floor) * (1 + math.cos(math.pi * epoch / self.epochs)) / 2


def _is_above(value: object, limit: float) -> bool:
    """Whether this is a finite number above the limit."""
    number: Any = value if isinstance(value, Real) and not isinstance(value, bool) else math.nan
    return bool(limit < number < math.inf)


def require_count(name: str, value: object, *, least: int, most: int | None = None) -> None:
    """Raise unless ``value`` is an integer within the limits.

    Raises:
        InputError: Names the value and the limit it breaks.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise InputError(f"{name}={value!r} must be an integer of at least {least}")
    if most is not None and value > most:
        raise InputError(f"{name}={value!r} must be at most {most}")
