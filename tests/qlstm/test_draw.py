"""Fixed-size sampling with probability proportional to size: counts, inclusion frequencies, unbiased sums."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qlstm.draw import draw, draw_variance, inclusion_probabilities

SIZES = st.lists(st.just(0.0) | st.floats(1e-12, 1e12), min_size=1, max_size=40).map(np.array)


@given(SIZES, st.integers(1, 50), st.integers(0, 2**32))
def test_exactly_so_many_different_entries(sizes, count, seed):
    found = draw(sizes, count, np.random.default_rng(seed))
    assert len(set(found.entries.tolist())) == found.entries.size == min(count, sizes.size)
    assert ((found.probability > 0) & (found.probability <= 1)).all()
    heard = np.count_nonzero(sizes)
    assert np.count_nonzero(sizes[found.entries]) == min(count, heard)  # silent entries only fill up


@given(SIZES, st.integers(1, 50))
def test_probabilities_sum_to_the_count_and_are_proportional_below_one(sizes, count):
    found = inclusion_probabilities(sizes, count)
    assert found.sum() == pytest.approx(min(count, np.count_nonzero(sizes)), rel=1e-9)
    uncertain = (found > 0) & (found < 1)
    if uncertain.any():
        ratio = found[uncertain] / sizes[uncertain]
        assert np.allclose(ratio, ratio[0], rtol=1e-9)
        assert sizes[found == 1].min(initial=np.inf) >= sizes[uncertain].max()


def test_entries_come_as_often_as_they_should_and_sums_are_unbiased():
    rng = np.random.default_rng(0)
    sizes = np.array([9.0, 0.0, 3.0, 2.0, 2.0, 1.0, 1.0, 0.5, 0.25, 0.25])
    terms = np.stack([sizes * rng.normal(size=10), sizes], 1)
    number, often = 4000, np.zeros(10)
    sums, variances = np.empty((number, 2)), np.empty((number, 2))
    for n in range(number):
        found = draw(sizes, 4, rng)
        often[found.entries] += 1
        sums[n] = (terms[found.entries] / found.probability[:, None]).sum(0)
        variances[n] = draw_variance(terms[found.entries], found.probability)
    expected = inclusion_probabilities(sizes, 4)
    error = np.sqrt(expected * (1 - expected) / number)
    assert np.all(np.abs(often / number - expected) <= 4.5 * error)
    assert expected[0] == 1
    assert np.abs(sums[:, 0].mean() - terms[:, 0].sum()) < 4.5 * sums[:, 0].std() / number**0.5
    assert sums[:, 1] == pytest.approx(sizes.sum())  # a sum of the sizes themselves has no spread
    assert variances[:, 0].mean() == pytest.approx(sums[:, 0].var(), rel=0.35)  # small sample, an approximate formula
    assert variances[:, 1] == pytest.approx(0, abs=1e-18)
