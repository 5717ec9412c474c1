"""Where sub-VQCs are placed."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends.errors import InputError
from qpartition.mapping import MAPPINGS, Placement, place
from qpartition.objective import Objective
from qpartition.planning import plan
from qpartition.pricing import Usage, price
from qpartition.topology import Topology
from qpartition.workload import Workload
from tests.qpartition import fleet, toy

WORKLOAD = Workload.of(toy.Model(toy.cell(parts=2)), 2, 3)
TOPOLOGY = Topology(toy.two_devices(), core_qubits=4)


def test_round_robin_takes_devices_first_then_cores() -> None:
    placed = place("round-robin", WORKLOAD, TOPOLOGY)
    assert [core.name for core in placed.values()] == ["a/0", "b/0", "a/1", "b/1", "a/2", "b/2", "a/0", "b/0"]
    assert list(placed) == list(WORKLOAD.keys)


@settings(max_examples=50, deadline=None)
@given(
    widths=st.lists(st.lists(st.integers(1, 4), min_size=1, max_size=4), min_size=1, max_size=3),
    circuits=st.lists(st.integers(1, 4), min_size=1, max_size=12),
)
def test_round_robin_is_fair_and_never_too_narrow(widths: list[list[int]], circuits: list[int]) -> None:
    devices = [toy.CountingQPU(f"d{i}", num_qubits=16, widths=tuple(w)) for i, w in enumerate(widths)]
    topology = Topology(devices, core_qubits=4)
    listed = [toy.circuit(f"k{i}", qubits=q, outputs=1, inputs=1) for i, q in enumerate(circuits)]
    workload = Workload.of(toy.Model(listed), 1, 1)
    widest = [max(w) for w in widths]
    if max(circuits) > max(widest):
        with pytest.raises(InputError, match="cut the circuit"):
            place("round-robin", workload, topology)
        return
    placed = place("round-robin", workload, topology)
    assert all(placed[s.key].num_qubits >= s.num_qubits for s in workload.subvqcs)
    if max(circuits) <= min(widest):
        share = Counter(core.qpu for core in placed.values())
        counts = [share[d] for d in topology.qpus]
        assert max(counts) - min(counts) <= 1


def test_a_dict_of_cores_or_names_is_used_as_written() -> None:
    names = {key: f"b/{i % 3}" for i, key in enumerate(WORKLOAD.keys)}
    assert {k: c.name for k, c in place(names, WORKLOAD, TOPOLOGY).items()} == names
    cores = {key: TOPOLOGY.core(name) for key, name in names.items()}
    assert place(cores, WORKLOAD, TOPOLOGY) == cores


GOOD = dict.fromkeys(WORKLOAD.keys, "a/0")


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ("round_robin", "unknown mapping 'round_robin': did you mean 'round-robin'"),
        (7, "mapping=7 must be a name"),
        ({}, "forgets 8 of 8 sub-VQCs, first 'l0.i.p0'"),
        ({k: v for k, v in GOOD.items() if k != "l0.o.p1"}, "forgets 1 of 8 sub-VQCs, first 'l0.o.p1'"),
        (GOOD | {"l7.i.p0": "a/0"}, "names 'l7.i.p0', which is no sub-VQC"),
        (GOOD | {"l0.i.p0": "a/7"}, "unknown core 'a/7'"),
        (GOOD | {"l0.i.p0": []}, r"unknown core '\[\]'"),
    ],
)
def test_refusals(mapping: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        place(mapping, WORKLOAD, TOPOLOGY)


@pytest.mark.parametrize("qubits", [(4, 5, 6), (3, 2, 1, 0)])
def test_a_core_of_another_topology_is_not_taken_for_the_one_of_its_name(qubits: tuple[int, ...]) -> None:
    other = replace(TOPOLOGY.core("a/0"), qubits=qubits)
    message = (
        r"'l0.i.p0' is meant for core a/0 on qubits \(.*\), but here .* \(0, 1, 2, 3\); use cores of this topology"
    )
    with pytest.raises(InputError, match=message):
        place(GOOD | {"l0.i.p0": other}, WORKLOAD, TOPOLOGY)


def test_the_mapping_of_a_plan_knows_its_qubits() -> None:
    mapping = plan(WORKLOAD, TOPOLOGY, GOOD).mapping
    assert mapping == GOOD and place(mapping, WORKLOAD, TOPOLOGY) == place(GOOD, WORKLOAD, TOPOLOGY)
    other = Topology(toy.two_devices(), core_qubits=3)
    with pytest.raises(InputError, match=r"on qubits \(0, 1, 2, 3\), but here that core has qubits \(0, 1, 2\)"):
        place(mapping, WORKLOAD, other)
    assert place(dict(mapping), WORKLOAD, other)["l0.i.p0"] is other.core("a/0")


@pytest.mark.parametrize(
    ("registered", "message"),
    [
        (5, "mapping 'mine' is registered as 5; register a function"),
        (lambda workload, topology: None, "mapping 'mine' returned None; it must return core by sub-VQC key"),
        (lambda workload, topology: {}, "forgets 8 of 8"),
    ],
)
def test_registered_mappings_that_are_refused(registered: Any, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MAPPINGS, "mine", registered)
    with pytest.raises(InputError, match=message):
        place("mine", WORKLOAD, TOPOLOGY)


def test_a_dict_may_not_use_a_core_that_is_too_narrow() -> None:
    topology = Topology([toy.CountingQPU("a", widths=(4, 2))])
    with pytest.raises(InputError, match=r"'l0.i.p0' has 3 qubits, but core a/1 only 2"):
        place(GOOD | {"l0.i.p0": "a/1"}, WORKLOAD, topology)


def test_a_part_wider_than_every_core_names_the_remedies() -> None:
    topology = Topology(toy.two_devices(), core_qubits=2)
    for mapping in (*MAPPINGS, GOOD):
        with pytest.raises(InputError) as error:
            place(mapping, WORKLOAD, topology)
        for word in ("'l0.i.p0' has 3 qubits", "widest core has 2", "smaller) parts", "core_qubits", "cut"):
            assert word in str(error.value)


@pytest.mark.parametrize(
    ("mapping", "options", "message"),
    [
        ("round-robin", {"seed": 1}, "mapping 'round-robin': got an unexpected keyword argument 'seed'"),
        ("greedy", {"objective": Objective()}, "got an unexpected keyword argument 'objective'"),
        ("random", {"seed": -1}, "seed=-1 must be a non-negative integer"),
        ("noise-aware", {"objective": "error"}, "objective='error' must be an Objective"),
        (GOOD, {"seed": 1}, "takes no options, but 'seed' was given"),
    ],
)
def test_refused_options(mapping: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        place(mapping, WORKLOAD, TOPOLOGY, **options)


@settings(max_examples=25, deadline=None)
@given(fleet.DEVICES, fleet.KINDS, st.sampled_from(sorted(MAPPINGS)), st.booleans())
def test_every_mapping_places_everything_once_where_it_fits_and_always_the_same(
    devices: list[fleet.Device], kinds: list[tuple[int, int]], name: str, packing: bool
) -> None:
    topology, workload = fleet.fitting(devices, kinds)
    usage = Usage(packing=packing)
    placed = place(name, workload, topology, usage=usage)
    assert tuple(placed) == workload.keys
    assert all(topology.core(core.name) is core for core in placed.values())
    assert all(placed[s.key].num_qubits >= s.num_qubits for s in workload.subvqcs)
    again = place(name, workload, topology, usage=usage)
    assert again == placed and again.note == placed.note


def test_random_is_uniform_over_the_cores_that_are_wide_enough() -> None:
    topology = Topology([fleet.Device("d", errors=(0.0,) * 4, given=(3, 1, 3, 3))])
    workload = fleet.work(*[(2, 1)] * 600)
    share = Counter(core.name for core in place("random", workload, topology, seed=3).values())
    assert sorted(share) == ["d/0", "d/2", "d/3"]
    assert sum((count - 200) ** 2 / 200 for count in share.values()) < 13.8  # chi-square, 2 degrees, 0.1 %
    assert place("random", workload, topology, seed=3) != place("random", workload, topology, seed=4)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=12), st.integers(1, 4))
def test_greedy_keeps_grahams_bound(depths: list[int], cores: int) -> None:
    """Longest first on m equal machines takes at most 4/3 - 1/(3m) of the shortest makespan (Graham 1969)."""
    topology = Topology([fleet.Device("d", errors=(0.1,) * cores, job=0.0)])
    workload = fleet.work(*[(1, depth) for depth in depths])
    costs, span = price(workload, topology), Objective(1, 0, 0)
    greedy, best = (span.score(place(name, workload, topology), costs).makespan for name in ("greedy", "round-robin"))
    shortest = span.score(place("optimal", workload, topology, objective=span), costs).makespan
    assert shortest * (1 - 1e-9) <= greedy <= (4 / 3 - 1 / (3 * cores)) * shortest * (1 + 1e-5)
    assert shortest <= best * (1 + 1e-9)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(fleet.ERRORS, min_size=2, max_size=8), st.lists(fleet.ERRORS, min_size=2, max_size=8), st.integers(1, 20)
)
def test_noise_aware_spreads_over_the_best_cores(first: list[float], second: list[float], number: int) -> None:
    topology, workload = fleet.fleet(first, second), fleet.work(*[(2, 1)] * number)
    placed = place("noise-aware", workload, topology, objective=Objective(1, 1, 0))
    share = Counter(core.name for core in placed.values())
    assert max(share.values()) <= -(-number // len(share)) + (len(share) > 1)
    # None of the cores left empty, of the QPUs in use, is better than one in use.
    used = {core.qpu for core in placed.values()}
    empty = [core.error for core in topology.cores if core.qpu in used and core.name not in share]
    assert not empty or min(empty) >= max(core.error for core in placed.values())


def test_noise_aware_trades_error_for_time_as_the_objective_says() -> None:
    topology, workload = fleet.fleet((0.2, 0.01, 0.1), (0.05, 0.3)), fleet.work(*[(2, 1)] * 10)
    piled = place("noise-aware", workload, topology, objective=Objective(0, 1, 0))
    assert {core.name for core in piled.values()} == {"d0/1"}
    spread = place("noise-aware", workload, topology, objective=Objective(1, 0, 0))
    assert set(Counter(core.name for core in spread.values()).values()) == {2}
    few = place("noise-aware", fleet.work(*[(2, 1)] * 3), topology)
    assert len({core.name for core in few.values()}) == 3
    assert "d1/1" not in {core.name for core in few.values()}


def test_wide_sub_vqcs_are_not_robbed_of_the_wide_core() -> None:
    topology = Topology([fleet.Device("d", errors=(0.01, 0.02, 0.03), given=(4, 2, 2))])
    workload = fleet.work((2, 1), (2, 1), (4, 1))
    for name in ("greedy", "noise-aware", "optimal"):
        placed = place(name, workload, topology)
        assert placed["k2"].name == "d/0" and len({core.name for core in placed.values()}) == 3, name


def test_the_note_reaches_the_plan_and_a_new_mapping_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def last(workload: Workload, topology: Topology, usage: Usage) -> Placement:
        return Placement(dict.fromkeys(workload.keys, topology.cores[-1]), f"{usage.shots} shots")

    monkeypatch.setitem(MAPPINGS, "last", last)
    assert place("last", WORKLOAD, TOPOLOGY, usage=Usage(shots=7)).note == "7 shots"
    assert plan(WORKLOAD, TOPOLOGY, "optimal").note.startswith("optimal (objective ")
