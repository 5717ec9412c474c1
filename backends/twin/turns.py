"""The rotation angles of many parameter sets, with their cosines and sines taken once for all that asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .pauli import FloatArray


@dataclass(frozen=True)
class Turns:
    """Angles of some slots.

    Attributes:
        slots: Which.
        angles: Shape (slots, rows), radians.
    """

    slots: Sequence[int]
    angles: FloatArray

    @cached_property
    def place(self) -> dict[int, int]:
        """Where each slot stands in ``angles``."""
        return {slot: i for i, slot in enumerate(self.slots)}

    def of(self, slot: int) -> FloatArray:
        """Angles of one slot, shape (rows,)."""
        found: FloatArray = self.angles[self.place[slot]]
        return found

    def products(self, slots: Sequence[int]) -> FloatArray:
        """All products of 1, cos and sin of some slots, the last one changing fastest; shape (3^slots, rows)."""
        found: FloatArray = self._waves[self.place[slots[0]]]
        for slot in slots[1:]:
            found = (found[:, None] * self._waves[self.place[slot]]).reshape(-1, found.shape[1])
        return found

    @cached_property
    def _waves(self) -> FloatArray:
        """1, cos and sin, shape (slots, 3, rows)."""
        waves = np.empty((len(self.angles), 3, self.angles.shape[1]))
        waves[:, 0] = 1.0
        np.cos(self.angles, out=waves[:, 1])
        np.sin(self.angles, out=waves[:, 2])
        return waves
