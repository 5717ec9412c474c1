"""The optimal mapping, against all placements of small workloads."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends.errors import InputError
from qpartition.mapping import MAPPINGS, place
from qpartition.milp import optimal, solve
from qpartition.objective import Objective
from qpartition.pricing import Usage, price
from tests.qpartition import fleet

WEIGHTS = st.builds(
    Objective, makespan=st.sampled_from((0.0, 1.0, 3.0)), error=st.sampled_from((0.5, 1.0, 4.0)),
    seconds=st.sampled_from((0.0, 1.0)),
)  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(fleet.DEVICES, fleet.KINDS.map(lambda kinds: kinds[:3]), WEIGHTS, st.booleans())
def test_it_is_the_best_of_all_placements(
    devices: list[fleet.Device], kinds: list[tuple[int, int]], objective: Objective, packing: bool
) -> None:
    topology, workload = fleet.fitting(devices, kinds)
    usage = Usage(packing=packing)
    costs = price(workload, topology, usage)
    hosts = [np.flatnonzero(np.isfinite(costs.seconds[k])) for k in costs.classes]
    best = min(objective.score_at(np.array(where), costs).total for where in product(*hosts))
    found = optimal(workload, topology, objective, usage=usage)
    assert found.note.startswith("optimal")
    assert objective.score(found, costs).total == pytest.approx(best, rel=1e-6)
    # Without help from the other mappings, and with a bound that bounds.
    solved, bound = solve(costs, objective)
    assert objective.score_at(solved[0], costs).total == pytest.approx(best, rel=1e-5)
    assert bound <= best * (1 + 1e-6)


@settings(max_examples=10, deadline=None)
@given(fleet.DEVICES, fleet.KINDS, st.lists(fleet.ERRORS, min_size=6, max_size=6), WEIGHTS, st.integers(1, 5))
def test_it_is_never_worse_than_the_others(
    devices: list[fleet.Device], kinds: list[tuple[int, int]], errors: list[float], objective: Objective, times: int
) -> None:
    extra = fleet.Device("extra", errors=tuple(errors), given=(3, 4, 3, 2, 4, 3))
    topology, workload = fleet.fitting([*devices, extra], kinds * times)
    costs = price(workload, topology)
    options = {"noise-aware": {"objective": objective}, "random": {"seed": times}}
    total = objective.score(optimal(workload, topology, objective, time_limit=1.0), costs).total
    for name in MAPPINGS:
        if name != "optimal":
            other = place(name, workload, topology, **options.get(name, {}))
            assert total <= objective.score(other, costs).total * (1 + 1e-9)


def test_out_of_time_it_is_the_best_found_and_says_how_far_from_the_bound() -> None:
    rng = np.random.default_rng(0)
    topology = fleet.fleet(*rng.uniform(0.01, 0.3, (4, 8)))
    workload = fleet.work(*[((2, 1), (3, 1), (3, 2), (1, 1))[i % 4] for i in range(90)])
    found, costs = optimal(workload, topology, time_limit=0.2), price(workload, topology)
    assert "at the 0.2 s limit" in found.note and "gap" in found.note
    total, gap = Objective().score(found, costs).total, float(found.note.split("gap ")[1].split("%")[0]) / 100
    assert 0 < gap < 0.5
    assert total <= min(Objective().score(place(n, workload, topology), costs).total for n in ("greedy", "noise-aware"))


@pytest.mark.parametrize("limit", [0, -1.0, float("inf"), float("nan"), "soon", True])
def test_refused_time_limits(limit: Any) -> None:
    with pytest.raises(InputError, match=r"time_limit=.* must be a positive number of seconds"):
        place("optimal", fleet.work((1, 1)), fleet.fleet((0.1,)), time_limit=limit)
