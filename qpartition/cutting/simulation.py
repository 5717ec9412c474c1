"""Fragments simulated without noise: exact expectations, or shots drawn from them by what they weigh."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .angles import FloatArray
from .bases import CutBasis
from .fragments import Fragment
from .results import Difference, Measured
from .shots import tiered, weights
from .simulate import tensor


@dataclass(frozen=True)
class Simulation:
    """Of the fragments of one circuit.

    Attributes:
        fragments: What is simulated.
        cuts: The decompositions of what was cut: they say what each subexperiment weighs.
        local: See `Knitted.local`.
    """

    fragments: Sequence[Fragment]
    cuts: Sequence[CutBasis]
    local: Sequence[tuple[NDArray[np.int8], NDArray[np.intp]]]

    def measured(self, angles: FloatArray, shots: int | None, rng: np.random.Generator) -> Measured:
        """Expectations of the fragments with their variances.

        Args:
            angles: All free angles, shape (n, angles).
            shots: Per subexperiment on average; None for exact expectations.
            rng: Draws them.
        """
        pairs = [self._sampled(f, angles, shots, rng) for f in range(len(self.fragments))]
        return Measured([t for t, _ in pairs], None if shots is None else [v for _, v in pairs if v is not None])

    def differences(self, angles: FloatArray, shots: int | None, rng: np.random.Generator) -> Iterator[Difference]:
        """Of every fragment by each of its angles, for all rows; arguments as for `measured`."""
        rows = np.arange(len(angles))
        for f, fragment in enumerate(self.fragments):
            for angle in fragment.angles:
                yield Difference(f, rows, np.full_like(rows, angle), *self._shifted(f, angles, angle, shots, rng))

    def _sampled(
        self, f: int, angles: FloatArray, shots: int | None, rng: np.random.Generator
    ) -> tuple[FloatArray, FloatArray | None]:
        strings, which = self.local[f]
        exact = tensor(self.fragments[f], angles, strings)
        if shots is None:
            return exact[..., which], None
        each = tiered(weights(self.fragments[f], self.cuts, angles), shots)[None, ..., None]
        plus = rng.binomial(np.broadcast_to(each, exact.shape).astype(np.int64), np.clip((1 + exact) / 2, 0.0, 1.0))
        found = 2 * plus / each - 1
        certain = np.abs(exact) > 1 - 1e-12  # read from no qubit, or from one that cannot be otherwise
        variance = np.where(certain, 0.0, (1 - found**2 + 1 / each) / each)
        return found[..., which], variance[..., which]

    def _shifted(
        self, f: int, angles: FloatArray, angle: int, shots: int | None, rng: np.random.Generator
    ) -> tuple[FloatArray, FloatArray | None]:
        """Derivative of a fragment's expectations by an angle of its own, and its variance."""
        up, down = angles.copy(), angles.copy()
        up[:, angle] += np.pi / 2
        down[:, angle] -= np.pi / 2
        (above, one), (below, other) = (self._sampled(f, turned, shots, rng) for turned in (up, down))
        return (above - below) / 2, None if one is None or other is None else (one + other) / 4
