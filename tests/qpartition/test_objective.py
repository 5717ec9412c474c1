"""The objective, against its definition written out."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

from backends import open_qpu
from backends.errors import InputError
from qpartition import Topology, Workload, plan
from qpartition.gradients import Asked, training_rounds
from qpartition.mapping import place
from qpartition.objective import Objective
from qpartition.placement import Placement
from qpartition.pricing import Usage, price
from tests.qpartition import fleet, toy

WORKLOAD = fleet.work((3, 1), (2, 1), (2, 2), (1, 1), (3, 1), batch=3, steps=2)
LAYERS = Workload.of(toy.Model([*toy.cell(parts=1), *toy.cell(parts=2, layer=1, depth=2)]), 2, 3)
TOPOLOGY = fleet.fleet((0.1, 0.2, 0.05), (0.3, 0.01))
SHOTS = 100


def by_hand(workload: Workload, placement: Placement, packing: bool) -> tuple[float, float, float, float]:
    """Makespan, mean error, QPU seconds and worst error."""
    makespan = total = 0.0
    for sets in training_rounds(workload, "parameter-shift", Asked("deferred")):
        busy: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        for key, count in sets.items():
            core = placement[key]
            lane = core.name if packing else core.qpu
            busy[core.qpu][lane] += count * SHOTS * (250e-6 + 1e-7 * workload.by_key[key].circuit.size())
        per_qpu = [2.0 + max(lanes.values()) for lanes in busy.values()]
        makespan += max(per_qpu)
        total += sum(per_qpu)
    errors = [core.error for core in placement.values()]
    return makespan, sum(errors) / len(errors), total, max(errors)


@pytest.mark.parametrize("workload", [WORKLOAD, LAYERS])
@pytest.mark.parametrize("packing", [True, False])
def test_the_score_is_what_the_definition_says(workload: Workload, packing: bool) -> None:
    usage, objective = Usage(shots=SHOTS, packing=packing), Objective(makespan=2, error=3, seconds=5)
    costs = price(workload, TOPOLOGY, usage)
    reference = by_hand(workload, place("greedy", workload, TOPOLOGY, usage=usage), packing)
    for seed in range(5):
        placement = place("random", workload, TOPOLOGY, seed=seed)
        score, hand = objective.score(placement, costs), by_hand(workload, placement, packing)
        assert (score.makespan, score.error, score.seconds, score.worst) == pytest.approx(hand)
        ratios = [own / usual for own, usual in zip(hand, reference, strict=True)]
        assert score.total == pytest.approx((2 * ratios[0] + 3 * ratios[1] + 5 * ratios[2]) / 10)


def test_the_score_foretells_the_plan() -> None:
    """Exactly in error, and in time but for the few microseconds by which circuits side by side differ."""
    topology = Topology([open_qpu("fake:fez"), open_qpu("fake:torino")], core_qubits=3)
    workload = Workload.of(toy.Model(toy.cell(parts=2)), 4, 3)
    costs = price(workload, topology)
    for name in ("round-robin", "random", "greedy"):
        placement = place(name, workload, topology)
        made, score = plan(workload, topology, placement), Objective().score(placement, costs)
        assert score.error == pytest.approx(1 - made.fidelity, rel=1e-9)
        assert score.makespan == pytest.approx(made.step.makespan, rel=0.01)
        assert score.seconds == pytest.approx(made.step.qpu_seconds, rel=0.01)


def test_equal_sub_vqcs_are_one_class_and_devices_that_bill_nothing_still_have_a_load() -> None:
    costs = price(Workload.of(toy.Model(toy.cell(parts=2)), 2, 3), Topology([open_qpu("exact")], 4))
    assert costs.seconds.shape[0] == 1 and len(costs.keys) == 8
    assert (costs.error == 0).all() and (costs.load > 0).all() and not costs.job.any()
    score = Objective(error=1).score_at(costs.balanced, costs)
    assert score.error == 0 and score.makespan > 0


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"makespan": -1}, "weight makespan=-1 of the objective must be a finite number of at least 0"),
        ({"error": float("nan")}, "weight error=nan"),
        ({"seconds": "much"}, "weight seconds='much'"),
        ({"error": True}, "weight error=True"),
        ({"makespan": 10**400}, r"weight makespan=10+\.\.\. of the objective must be a finite number"),
        ({"makespan": 1e308, "error": 1e308}, "too large to be added"),
        ({"makespan": 0, "error": 0, "seconds": 0}, "all weights of the objective are 0"),
    ],
)
def test_refused_weights(weights: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Objective(**weights)


def test_a_placement_of_something_else_is_refused() -> None:
    costs = price(WORKLOAD, TOPOLOGY)
    with pytest.raises(InputError, match="'k0' is on no core of this topology"):
        Objective().score({}, costs)
    narrow = Topology([fleet.Device("n", errors=(0.1, 0.1), given=(3, 1))])
    with pytest.raises(InputError, match="'k0' is wider than core n/1"):
        Objective().score(dict.fromkeys(WORKLOAD.keys, narrow.core("n/1")), price(WORKLOAD, narrow))
