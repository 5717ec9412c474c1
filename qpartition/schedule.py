"""How long a training is, in what devices have to run for it."""

from __future__ import annotations

from dataclasses import dataclass

from backends.errors import InputError, shown
from backends.whole import whole

from .workload import MOST


@dataclass(frozen=True)
class Schedule:
    """A training: ``epochs`` times all optimiser steps over the training sequences, then a forward pass to evaluate.

    Attributes:
        train: Training sequences; an epoch takes ceil(train / batch) steps, the last one with what is left.
        evaluated: Sequences that are forecast after every epoch.
        epochs: Passes over the training sequences.
    """

    train: int
    evaluated: int
    epochs: int

    def __post_init__(self) -> None:
        for name in ("train", "evaluated", "epochs"):
            value = getattr(self, name)
            number = whole(value, 0, MOST)
            if number is None:
                raise InputError(f"{name}={shown(value)} of a schedule must be an integer of 0 to {MOST}")
            object.__setattr__(self, name, number)

    def batches(self, batch: int) -> dict[int, int]:
        """How often a step of which size is taken in an epoch."""
        full, rest = divmod(self.train, batch)
        return {size: times for size, times in ((batch, full), (rest, 1)) if size and times}
