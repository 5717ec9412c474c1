"""Sampling a fixed number of terms of a sum without replacement, with probability proportional to size."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
_CERTAIN = 1 - 1e-9
"""Probabilities above this are 1, so that rounding never draws an entry twice."""


class Draw(NamedTuple):
    """Which entries were drawn, and how likely each drawn entry was.

    Attributes:
        entries: Numbers of the drawn entries.
        probability: Inclusion probability of each of them; 1 for those that only fill up.
    """

    entries: NDArray[np.intp]
    probability: FloatArray


def inclusion_probabilities(sizes: FloatArray, count: int) -> FloatArray:
    """min(1, c x size) with c such that the sum is ``count``, or all entries of positive size if they are fewer.

    Args:
        sizes: Not negative, shape (entries,).
        count: How many are to be drawn.
    """
    positive = sizes > 0
    if np.count_nonzero(positive) <= count:
        return positive.astype(np.float64)
    certain = np.zeros(sizes.shape, bool)
    while True:  # each pass makes one more entry certain, at least
        rest = np.where(certain, 0.0, sizes / sizes.max())
        found: FloatArray = rest * ((count - np.count_nonzero(certain)) / rest.sum())
        found[certain] = 1.0
        above = (found > _CERTAIN) & ~certain
        if not above.any():
            return found
        certain |= above


def draw(sizes: FloatArray, count: int, rng: np.random.Generator) -> Draw:
    """Exactly min(count, entries) different entries, by systematic sampling of a random order (Madow 1949).

    Entries of size zero only fill up. sum over drawn entries of term / probability (Horvitz and Thompson 1952) is an
    unbiased estimate of the sum of all terms, provided that those of size zero are zero.

    Args:
        sizes: Not negative, shape (entries,).
        count: How many to draw.
        rng: Where chance comes from.
    """
    probability = inclusion_probabilities(sizes, count)
    certain = np.flatnonzero(probability >= 1)
    order = rng.permutation(np.flatnonzero((probability > 0) & (probability < 1)))
    number = min(count, int(np.count_nonzero(sizes > 0))) - certain.size
    chosen = np.empty(0, np.intp)
    if number:
        ends = np.cumsum(probability[order])
        points = (rng.random() + np.arange(number)) * (ends[-1] / number)
        chosen = order[np.minimum(np.searchsorted(ends, points, side="right"), order.size - 1)]
    zeros = np.flatnonzero(sizes <= 0)
    missing = max(0, min(count, sizes.size) - certain.size - chosen.size)
    fill = rng.choice(zeros, missing, replace=False) if missing else zeros[:0]
    entries = np.concatenate([certain, chosen, fill])
    return Draw(entries, np.concatenate([np.ones(certain.size), probability[chosen], np.ones(fill.size)]))


def draw_variance(terms: FloatArray, probability: FloatArray) -> FloatArray:
    """Estimated variance of the Horvitz-Thompson sums, by the formula of Hajek (1964) for designs of high entropy.

    Args:
        terms: The drawn terms of several sums, shape (drawn, sums).
        probability: Inclusion probabilities, shape (drawn,).

    Returns:
        Shape (sums,); zero where everything was certain. Noise of measured terms is included with the factor
        1 - probability. NaN cannot occur, but one uncertain term alone gives no estimate and counts as zero.
    """
    uncertain = probability < 1
    number = np.count_nonzero(uncertain)
    if number < 2:
        return np.zeros(terms.shape[1])
    share = (1 - probability[uncertain])[:, None]
    scaled = terms[uncertain] / probability[uncertain][:, None]
    centre = (share * scaled).sum(0) / share.sum()
    variance: FloatArray = number / (number - 1) * (share * (scaled - centre) ** 2).sum(0)
    return variance
