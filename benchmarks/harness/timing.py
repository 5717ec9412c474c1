"""Interleaved measurement of a case, and ratios of what was measured in the same round."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .cases import Array, Case
from .check import agree
from .pool import Child, Pool

Key = tuple[str, int]  # contestant, threads


@dataclass(frozen=True)
class Ratio:
    """Time of one contestant over that of another.

    Attributes:
        median: Over the rounds, of the ratio within each round.
        low: Lower quartile.
        high: Upper quartile.
        best: Ratio of the fastest visits: what remains of it on a quiet machine.
    """

    median: float
    low: float
    high: float
    best: float


@dataclass(frozen=True)
class Timed:
    """Seconds per training step of a case, per contestant and thread count: (rounds, 2), wall and CPU.

    CPU seconds of one thread leave out what other programs took; with more threads they also count waiting.
    """

    case: Case
    seconds: dict[Key, Array]
    difference: float  # largest disagreement between contestants, outputs and gradients

    def ratio(self, numerator: Key, denominator: Key, cpu: bool = False) -> Ratio | None:
        """None where one of them was not measured."""
        if numerator not in self.seconds or denominator not in self.seconds:
            return None
        above, below = (self.seconds[key][:, int(cpu)] for key in (numerator, denominator))
        low, median, high = np.percentile(above / below, [25, 50, 75])
        return Ratio(float(median), float(low), float(high), float(above.min() / below.min()))

    def median(self, key: Key) -> float | None:
        """Median wall seconds per step."""
        return float(np.median(self.seconds[key][:, 0])) if key in self.seconds else None


def measure(pool: Pool, case: Case, contestants: Sequence[str], rounds: int, seconds: float) -> Timed:
    """Check that the contestants agree, then time them round by round."""
    with tempfile.TemporaryDirectory() as folder:
        children = pool.prepare(case.name, contestants, Path(folder))
        difference = agree(case, Path(folder))
    return Timed(case, round_robin(children, case.name, rounds, seconds), difference)


def round_robin(children: list[Child], case: str, rounds: int, seconds: float) -> dict[Key, Array]:
    """(rounds, 2) wall and CPU seconds per step; each round visits all children, starting with another one."""
    times: dict[Key, list[tuple[float, float]]] = {(child.contestant, child.threads): [] for child in children}
    for number in range(rounds):
        shift = number % len(children)
        for child in children[shift:] + children[:shift]:
            times[child.contestant, child.threads].append(child.visit(case, seconds))
    return {key: np.array(found) for key, found in times.items()}
