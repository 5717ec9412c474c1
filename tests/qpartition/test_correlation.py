"""Partitions from data: features that vary together share a part."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends.errors import InputError
from qpartition import correlated
from qpartition.correlation import affinity
from qpartition.partition import partition


def blocks(sizes: list[int], seed: int, points: int = 400) -> tuple[np.ndarray, list[set[int]]]:
    """Features in shuffled order, and which of them follow the same hidden series."""
    rng = np.random.default_rng(seed)
    source = rng.normal(size=(points, len(sizes)))
    owner = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    sign = rng.choice([-1.0, 1.0], len(owner))
    features = sign * source[:, owner] + 0.3 * rng.normal(size=(points, len(owner)))
    return features * rng.uniform(1e-3, 1e3, len(owner)), [set(np.flatnonzero(owner == m)) for m in range(len(sizes))]


def features_of(lists: tuple[tuple[int, ...], ...], hidden: int) -> list[set[int]]:
    return [{i - hidden for i in part if i >= hidden} for part in lists]


@pytest.mark.parametrize("seed", range(10))
def test_features_of_one_origin_share_a_part(seed: int) -> None:
    data, expected = blocks([3, 3, 3], seed)
    lists = correlated(data, 6, 3)
    assert sorted(map(sorted, features_of(lists, 6))) == sorted(map(sorted, expected))
    assert [part[:2] for part in lists] == [(0, 1), (2, 3), (4, 5)]  # the slices of h


def test_unequal_groups_go_where_there_is_room() -> None:
    data, expected = blocks([3, 2], 0)
    lists = correlated(data, 2, 2)  # D = 7: widths 4 and 3, one value of h each
    assert features_of(lists, 2) == sorted(expected, key=len, reverse=True)


@given(st.integers(1, 10), st.integers(1, 6), st.data())
def test_nothing_is_lost_and_widths_are_those_of_contiguous(features: int, hidden: int, data: st.DataObject) -> None:
    parts = data.draw(st.integers(1, hidden))
    x = np.random.default_rng(features).normal(size=(5, 4, features))
    split = partition(correlated(x, hidden, parts), features, hidden)
    assert split.outputs == partition("contiguous", features, hidden, parts, hidden + features).outputs
    seen = features_of(split.inputs, hidden)
    assert all(seen)
    if features >= parts:
        assert sum(map(len, seen)) == features
        assert split.qubits == tuple(len(a) for a in np.array_split(np.arange(hidden + features), parts))


@settings(max_examples=40)
@given(st.integers(2, 8), st.integers(2, 4), st.integers(0, 10**6))
def test_no_exchange_of_two_features_is_better(features: int, parts: int, seed: int) -> None:
    x = np.random.default_rng(seed).normal(size=(6, features))
    r = np.abs(np.corrcoef(x.T))

    def within(groups: list[set[int]]) -> float:
        return float(sum(r[i, j] for group in groups for i, j in combinations(sorted(group), 2)))

    groups = features_of(correlated(x, 4, parts), 4)
    if features < parts:
        return
    best = within(groups)
    for a, b in combinations(range(parts), 2):
        for i in groups[a]:
            for j in groups[b]:
                other = [group for m, group in enumerate(groups) if m not in (a, b)]
                assert within([*other, groups[a] - {i} | {j}, groups[b] - {j} | {i}]) <= best + 1e-9


def test_constant_and_huge_features_do_no_harm() -> None:
    x = np.random.default_rng(0).normal(size=(50, 1)) * np.array([1.0, 0.0, 1e300, -1e-300])
    r = affinity(x + np.array([0.0, 7.0, 0.0, 0.0]))
    np.testing.assert_allclose(r[np.ix_([0, 2, 3], [0, 2, 3])], 1 - np.eye(3), atol=1e-9)
    assert not r[1].any()


@pytest.mark.parametrize(
    ("data", "hidden", "parts", "message"),
    [
        (np.zeros((4, 2)), 2, 3, "parts=3 exceeds hidden_size=2"),
        (np.zeros((4, 2)), 0, 1, "hidden_size=0 must be an integer of at least 1"),
        (np.zeros((4, 2)), 2, True, "parts=True must be an integer"),
        (np.zeros(4), 2, 2, r"data of shape \(4,\) must be"),
        (np.zeros((1, 2)), 2, 2, "hold 1 points; a correlation needs at least 2"),
        (np.array([[0.0], [np.nan]]), 2, 2, "not finite"),
        ("pendulum", 2, 2, "data='pendulum' must be an array of numbers"),
        (None, 2, 2, r"data"),
    ],
)
def test_bad_input(data: Any, hidden: Any, parts: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        correlated(data, hidden, parts)


def test_the_name_alone_says_what_to_give() -> None:
    with pytest.raises(InputError, match=r"made from data: give the index lists of qpartition\.correlated"):
        partition("correlated", 2, 4, 2)
