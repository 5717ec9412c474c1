"""Shifted sets and their folding, on functions whose derivatives are known."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from qpartition.shifts import BoolArray, Shifts


@settings(max_examples=100, deadline=None)
@given(mask=hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=5)), seed=st.integers(0, 99))
def test_folding_shifted_sines_gives_cosines(mask: BoolArray, seed: int) -> None:
    """f_j(a) = sum_p C_jp sin(a_p) has the derivative C_jp cos(a_p)."""
    rng = np.random.default_rng(seed)
    base, weight = rng.uniform(-3, 3, mask.shape), rng.normal(size=(2, mask.shape[1]))
    shifts = Shifts.of(mask)
    sets = shifts.values(base)
    assert sets.shape == (2 * mask.sum(), mask.shape[1])
    slope, error = shifts.fold(np.sin(sets) @ weight.T, np.full((len(sets), 2), 0.1))
    where = np.broadcast_to(mask[:, None, :], slope.shape)
    np.testing.assert_allclose(slope, np.where(where, weight * np.cos(base)[:, None, :], 0), atol=1e-14)
    np.testing.assert_allclose(error, np.where(where, 0.1 / np.sqrt(2), 0), atol=1e-15)


def test_only_the_wanted_column_is_shifted() -> None:
    base = np.zeros((2, 3))
    sets = Shifts.of(np.array([[False, True, False], [True, False, False]])).values(base)
    half = np.pi / 2
    np.testing.assert_array_equal(sets, [[0, half, 0], [half, 0, 0], [0, -half, 0], [-half, 0, 0]])
    assert not base.any()
