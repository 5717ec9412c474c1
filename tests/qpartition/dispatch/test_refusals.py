"""What a dispatcher refuses, in one line."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backends.errors import InputError
from qpartition import Dispatcher
from tests.qpartition import toy
from tests.qpartition.dispatch.plans import LISTED, make

KEY = "l0.f.p1"


@pytest.mark.parametrize(
    ("where", "key", "array", "message"),
    [
        (0, "l0.f.p9", np.zeros((2, 4)), "inputs name 'l0.f.p9', which is none of the 8 .* nearest is 'l0.f.p"),
        (1, "l0.f.p9", np.zeros(9), "weights name 'l0.f.p9'"),
        (2, "l0.f.p9", np.ones((2, 4), bool), "mask name 'l0.f.p9'"),
        (0, KEY, None, "weights and inputs differ in 'l0.f.p1'"),
        (1, KEY, None, "weights and inputs differ in 'l0.f.p1'"),
        (2, KEY, None, "mask and inputs differ in 'l0.f.p1'"),
        (0, KEY, np.zeros((2, 3)), r"inputs of 'l0.f.p1' have shape \(2, 3\); it must be \(rows, 4\)"),
        (0, KEY, np.zeros(4), r"inputs of 'l0.f.p1' have shape \(4,\)"),
        (1, KEY, np.zeros(8), r"weights of 'l0.f.p1' have shape \(8,\); it must be \(9,\)"),
        (
            2,
            KEY,
            np.ones((1, 4), bool),
            r"mask of 'l0.f.p1' has shape \(1, 4\) .* must be \(2, 4\) or, with weights, \(2, 13\), and bool",
        ),
        (2, KEY, np.ones((2, 4)), r"mask of 'l0.f.p1' has .* type float64"),
        (0, KEY, np.array([[0, 0, 0, 0], [0, np.nan, 0, 0]]), r"inputs of 'l0.f.p1' hold nan at \(1, 1\)"),
        (1, KEY, np.full(9, np.inf), r"weights of 'l0.f.p1' hold inf at \(0,\)"),
        (0, KEY, [["a"]], "inputs of 'l0.f.p1' are not numbers"),
    ],
)
def test_input_that_does_not_fit_is_refused(where: int, key: str, array: Any, message: str) -> None:
    devices = toy.two_devices()
    inputs, weights = toy.angles(LISTED, rows=2)
    given: tuple[dict[str, Any], ...] = (inputs, weights, {k: np.ones((2, 4), bool) for k in inputs})
    given[where][key] = array
    if array is None:
        del given[where][key]
    with Dispatcher(make(devices)) as d, pytest.raises(InputError, match=message) as error:
        d.jacobian(*given)
    assert not devices[0].events
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"budget_seconds": -1}, "budget_seconds=-1 must be"),
        ({"budget_seconds": "600"}, "budget_seconds='600' must be"),
        ({"budget_seconds": float("nan")}, "budget_seconds=nan must be"),
        ({"seed": -1}, "seed=-1 must be"),
        ({"seed": 1.0}, "seed=1.0 must be"),
    ],
)
def test_settings_are_checked(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Dispatcher(make(), **arguments)


@pytest.mark.parametrize("given", [None, "plan.json"])
def test_only_plans_are_dispatched(given: Any) -> None:
    with pytest.raises(InputError, match=r"is not a Plan; make one with plan\("):
        Dispatcher(given)


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda d: d.values(None, None), "inputs=None must be a dict of sub-VQC key -> array"),
        (lambda d: d.values({}, 5), "weights=5 must be a dict"),
        (lambda d: d.jacobian({}, {}, 5), "mask=5 must be a dict"),
        (lambda d: d.rewound({}), "saved state: sequence=None is not a number of rounds"),
        (lambda d: d.rewound(None), "saved state: sequence=None"),
        (lambda d: d.load_state_dict(None), "saved counts cannot be read: they need rounds"),
    ],
)
def test_calls_with_something_else_are_refused(use: Any, message: str) -> None:
    with Dispatcher(make()) as d, pytest.raises(InputError, match=message):
        use(d)


def test_a_numpy_seed_is_stored_as_a_plain_one() -> None:
    seed = Dispatcher(make(), seed=np.int64(3)).seed
    assert seed == 3 and type(seed) is int
