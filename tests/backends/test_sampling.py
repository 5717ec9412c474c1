"""Shots: right distribution, joint outcomes, honest standard errors."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from backends.sampling import expectations, signs, standard_error


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_signs_follow_bit_order() -> None:
    assert signs(2).tolist() == [[1, 1], [-1, 1], [1, -1], [-1, -1]]


def test_outputs_come_from_the_same_shots() -> None:
    bell = np.tile([0.5, 0.0, 0.0, 0.5], (50, 1))
    found = expectations([bell], 100, rng())
    np.testing.assert_array_equal(found.values[:, 0], found.values[:, 1])
    assert found.values.std() > 0


def test_spread_of_estimates_is_their_standard_error() -> None:
    probabilities = np.tile([0.55, 0.25, 0.15, 0.05], (4000, 1))
    found = expectations([probabilities], 200, rng(1))
    exact = probabilities[0] @ signs(2)
    np.testing.assert_allclose(found.values.mean(axis=0), exact, atol=5 * found.stderr.mean() / np.sqrt(4000))
    np.testing.assert_allclose(found.values.std(axis=0), found.stderr.mean(axis=0), rtol=0.05)


def test_exact_has_no_error() -> None:
    found = expectations([np.array([[0.25, 0.75]])], None, rng())
    assert found.values.tolist() == [[-0.5]]
    assert found.stderr.tolist() == [[0.0]]


@given(st.integers(1, 10**6), st.floats(-1, 1))
def test_error_is_never_zero_and_tends_to_the_textbook_one(shots: int, z: float) -> None:
    error = standard_error(np.array([z]), shots)[0]
    assert 0 < error <= (1 + 1e-12) / np.sqrt(shots)
    assert error >= np.sqrt((1 - z**2) / shots) - 1e-12
    if shots > 1000 and abs(z) < 0.9:
        np.testing.assert_allclose(error, np.sqrt((1 - z**2) / shots), rtol=0.02)


def test_rounding_noise_in_probabilities_is_harmless() -> None:
    found = expectations([np.array([[1.0 + 1e-12, -1e-17]])], 10, rng())
    assert found.values.tolist() == [[1.0]]
    assert found.stderr[0, 0] > 0.1
