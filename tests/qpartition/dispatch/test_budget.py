"""The budget stops a run before anything is submitted, also after a restart."""

from __future__ import annotations

import pytest

from backends.errors import BudgetError
from qpartition import Dispatcher
from tests.qpartition import toy
from tests.qpartition.dispatch.plans import LISTED, B, T, make


def test_the_budget_stops_before_anything_is_submitted() -> None:
    devices = toy.two_devices()
    p = make(devices, shots=100)
    workload = p.live.workload  # type: ignore[union-attr]
    inputs, weights = toy.angles(LISTED, rows=B)
    with Dispatcher(p, budget_seconds=p.forward.qpu_seconds) as d:
        for _ in workload.waves:
            d.values(inputs, weights)
        events = list(devices[0].events)
        with pytest.raises(BudgetError) as error:
            d.values(inputs, weights)
        assert devices[0].events == events
        assert d.report().counts == p.forward
    spent = p.forward.qpu_seconds
    message = f"{spent:.1f} QPU seconds spent, the next round would take {spent / T:.1f}, the budget is {spent:.1f}"
    assert message in str(error.value)
    assert "raise the budget" in str(error.value)
    assert "\n" not in str(error.value)


def test_spent_seconds_count_against_the_budget_after_a_restart() -> None:
    p = make(shots=100)
    inputs, weights = toy.angles(LISTED, rows=B)
    first = Dispatcher(p)
    first.values(inputs, weights)
    second = Dispatcher(p, budget_seconds=1.5 * first.report().qpu_seconds)
    second.load_state_dict(first.state_dict())
    with pytest.raises(BudgetError):
        second.values(inputs, weights)
