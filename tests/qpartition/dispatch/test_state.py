"""A dispatcher's state, saved and resumed."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from backends.errors import InputError
from qpartition import Dispatcher, Plan
from tests.qpartition import toy
from tests.qpartition.dispatch.plans import LISTED, exact_devices, make


def test_a_resumed_run_repeats_the_numbers_of_an_uninterrupted_one() -> None:
    inputs, weights = toy.angles(LISTED, rows=2)
    p = make(exact_devices(), shots=50)

    def rounds(d: Dispatcher, number: int) -> list[np.ndarray]:
        return [np.stack([e.value for e in d.values(inputs, weights).values()]) for _ in range(number)]

    whole = Dispatcher(p, seed=7)
    expected = rounds(whole, 4)
    before = Dispatcher(p, seed=7)
    seen = rounds(before, 2)
    after = Dispatcher(p, seed=7)
    after.load_state_dict(json.loads(json.dumps(before.state_dict())))
    np.testing.assert_array_equal(seen + rounds(after, 2), expected)
    assert after.report() == whole.report()
    assert not np.array_equal(expected[0], expected[1])
    assert not np.array_equal(rounds(Dispatcher(p, seed=8), 1)[0], expected[0])


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({}, "saved counts cannot be read"),
        ({"rounds": 1, "makespan": 0, "per_qpu": {"a": {"jobs": "x"}}}, "non-negative numbers"),
        (
            {"rounds": 1, "makespan": 0, "per_qpu": {"c": {"jobs": 1}}, "sequence": 1},
            "spent time on 'c', which this plan does not use",
        ),
        ({"rounds": 1, "makespan": 0, "per_qpu": {}, "sequence": -1}, "sequence=-1 is not a number of rounds"),
        ({"rounds": 1, "makespan": float("inf"), "per_qpu": {}, "sequence": 1}, "non-negative numbers"),
    ],
)
def test_a_state_that_does_not_fit_is_refused(state: dict[str, Any], message: str) -> None:
    with Dispatcher(make()) as d, pytest.raises(InputError, match=message):
        d.load_state_dict(state)


def test_a_loaded_plan_has_no_devices(tmp_path: Any) -> None:
    make().save(tmp_path / "plan.json")
    with pytest.raises(InputError, match=r"no devices; make it again with plan\("):
        Dispatcher(Plan.load(tmp_path / "plan.json"))
