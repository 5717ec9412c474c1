"""How many shots each subexperiment gets: in proportion to what it weighs, in a few tiers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .angles import FloatArray
from .bases import CutBasis
from .fragments import Fragment

TIERS = 3
"""Numbers of shots that differ by factors of two; a device runs those of a tier as one job."""


def weights(fragment: Fragment, bases: Sequence[CutBasis], angles: FloatArray) -> FloatArray:
    """What every subexperiment weighs in the sum, largest over the parameter sets; one axis per slot.

    By the magnitudes of the coefficients: sum over the other side of the cut.
    """
    total = np.ones(())
    for slot in fragment.slots:
        magnitudes = np.abs(bases[slot.cut].matrix(angles)).max(axis=0)
        total = np.multiply.outer(total, magnitudes.sum(axis=1 - slot.side))
    return np.asarray(total)


def tiered(weight: FloatArray, shots: int, tiers: int = TIERS) -> FloatArray:
    """Shots for every subexperiment, ``shots`` on average: the heaviest get the most, down to a few tiers below.

    Args:
        weight: What each weighs.
        shots: On average.
        tiers: Distinct numbers of shots, at most.
    """
    if weight.size == 1:
        return np.full(weight.shape, float(shots))
    heaviest = max(float(weight.max()), np.finfo(float).tiny)
    steps = np.clip(np.round(np.log2(heaviest / np.maximum(weight, np.finfo(float).tiny))), 0, tiers - 1)
    share = 0.5**steps
    return np.asarray(np.maximum(1.0, np.round(shots * share.size * share / share.sum())))


def allotted(weight: FloatArray, sets: int) -> NDArray[np.intp]:
    """So many parameter sets shared out among subexperiments by their weights; each gets at least one.

    On a device all sets of a job have the same shots, so a subexperiment that weighs more is run more often. The first
    ones go to each in turn; every other goes where it lowers the variance most, sum of weight^2 / times.

    Args:
        weight: What each weighs, shape (subexperiments,).
        sets: How many there are to share out, at least one for each.

    Returns:
        The subexperiment of every set, shape (sets,), ascending.
    """
    times = np.ones(len(weight), dtype=np.intp)
    for _ in range(sets - len(weight)):
        times[np.argmax(weight**2 / (times * (times + 1)))] += 1
    return np.repeat(np.arange(len(weight)), times)
