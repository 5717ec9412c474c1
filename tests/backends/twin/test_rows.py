"""Rows told apart: by hashes, by comparison where hashes collide, and not at all where there are few."""

from __future__ import annotations

import numpy as np
import pytest

from backends.twin import rows as module
from backends.twin.rows import Rows
from tests.backends.circuits import FloatArray

COLUMNS = frozenset({0, 2})


def repeated(kinds: int, sets: int) -> FloatArray:
    """Few values in columns 0 and 2, all different in column 1."""
    rng = np.random.default_rng(0)
    values = rng.uniform(-3, 3, (kinds, 3))[rng.integers(0, kinds, sets)]
    values[:, 1] = rng.uniform(-3, 3, sets)
    return values


@pytest.mark.parametrize("collide", [False, True])
def test_kinds_are_the_distinct_rows(collide: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    values = repeated(7, 300)
    if collide:
        monkeypatch.setattr(module, "_projection", lambda count, columns: np.zeros(count))
    found = Rows(values).distinct(COLUMNS)
    part = values[:, sorted(COLUMNS)]
    assert len(found) == len(np.unique(part, axis=0))
    np.testing.assert_array_equal(part[found.first[found.kind]], part)


def test_constant_columns_are_one_kind_however_many_rows() -> None:
    for sets in (5, 300):
        values = np.random.default_rng(1).uniform(-3, 3, (sets, 3))
        values[:, [0, 2]] = values[0, [0, 2]]
        assert len(Rows(values).distinct(COLUMNS)) == 1
        assert len(Rows(values).distinct(frozenset())) == 1


def test_few_rows_are_not_compared() -> None:
    values = repeated(3, 20)
    assert len(Rows(values).distinct(COLUMNS)) == 20


@pytest.mark.parametrize("sets", [20, 300])
def test_representatives_stand_in_the_order_of_the_kinds(sets: int) -> None:
    values = repeated(7, sets)
    rows = Rows(values)
    few, kinds = rows.representatives(COLUMNS), rows.distinct(COLUMNS)
    np.testing.assert_array_equal(few.values[kinds.kind][:, [0, 2]], values[:, [0, 2]])
    np.testing.assert_array_equal(few.distinct(COLUMNS).kind, np.arange(len(kinds)))
