"""From outcome probabilities to <Z> and its standard error, exactly or by drawing shots."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from .qpu import Expectations

FloatArray = NDArray[np.float64]


@cache
def signs(bits: int, signed: bool = False) -> FloatArray:
    """What is read of every joint outcome, shape (2^bits, bits); bit k of the outcome is output k.

    The eigenvalue of Z_k; where the last bit is a sign (see `backends.qpu.Request.columns`), times that.
    """
    outcomes = np.arange(2**bits)
    eigenvalues = np.asarray(1.0 - 2.0 * ((outcomes[:, None] >> np.arange(bits)) & 1), dtype=np.float64)
    if signed:
        eigenvalues[:, :-1] *= eigenvalues[:, -1:]
    return eigenvalues


def expectations(
    chunks: Iterable[FloatArray], shots: int | None, rng: np.random.Generator, signed: bool = False
) -> Expectations:
    """<Z> of all outputs from the joint distribution of their outcomes.

    Args:
        chunks: The distributions of consecutive parameter sets, shape (some sets, 2^outputs); bit k of the column
            number is the outcome of output k.
        shots: Shots per set, all outputs read from the same shots; None for the exact values.
        rng: Draws the shots.
        signed: The last of the outputs is a sign, which multiplies the others.
    """
    parts = [_expectations(chunk, shots, rng, signed) for chunk in chunks]
    if len(parts) == 1:
        return parts[0]
    return Expectations(np.concatenate([p.values for p in parts]), np.concatenate([p.stderr for p in parts]))


def _expectations(probabilities: FloatArray, shots: int | None, rng: np.random.Generator, signed: bool) -> Expectations:
    if shots is None:
        bits = probabilities.shape[1].bit_length() - 1
        exact = probabilities @ signs(bits, signed)
        return Expectations(exact, np.zeros_like(exact))
    # multinomial refuses a sum above 1, and rounding leaves probabilities such as -1e-17
    clean = np.maximum(probabilities, 0.0)
    clean /= clean.sum(axis=1, keepdims=True)
    return from_counts(rng.multinomial(shots, clean), shots, signed)


def from_counts(counts: NDArray[np.int64], shots: int, signed: bool = False) -> Expectations:
    """<Z> and standard errors from joint counts of shape (sets, 2^outputs), as for `expectations`."""
    bits = counts.shape[1].bit_length() - 1
    values = counts @ signs(bits, signed) / shots
    return Expectations(values, standard_error(values, shots))


def standard_error(values: FloatArray, shots: int) -> FloatArray:
    """Standard error of <Z> estimated from ``shots`` shots.

    sqrt((1 - z^2) / shots) with z from add-one (Laplace) counts, z = shots <Z> / (shots + 2), so that a finite
    sample that happened to give only +1 or -1 is not reported as certain; its error is about 2 / shots.
    The values themselves are the unbiased sample means.
    """
    z = values * (shots / (shots + 2))
    error: FloatArray = np.sqrt((1.0 - z**2) / shots)
    return error
