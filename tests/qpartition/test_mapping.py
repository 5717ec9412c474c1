"""Where sub-VQCs are placed."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends.errors import InputError
from qpartition.mapping import place
from qpartition.topology import Topology
from qpartition.workload import Workload
from tests.qpartition import toy

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
    ],
)
def test_refusals(mapping: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        place(mapping, WORKLOAD, TOPOLOGY)


def test_a_dict_may_not_use_a_core_that_is_too_narrow() -> None:
    topology = Topology([toy.CountingQPU("a", widths=(4, 2))])
    with pytest.raises(InputError, match=r"'l0.i.p0' has 3 qubits, but core a/1 only 2"):
        place(GOOD | {"l0.i.p0": "a/1"}, WORKLOAD, topology)


def test_a_part_wider_than_every_core_names_the_remedies() -> None:
    topology = Topology(toy.two_devices(), core_qubits=2)
    for mapping in ("round-robin", GOOD):
        with pytest.raises(InputError) as error:
            place(mapping, WORKLOAD, topology)
        for word in ("'l0.i.p0' has 3 qubits", "widest core has 2", "smaller) parts", "core_qubits", "cut"):
            assert word in str(error.value)


def test_options_a_mapping_does_not_take_are_refused() -> None:
    with pytest.raises(InputError, match="mapping 'round-robin': got an unexpected keyword argument 'seed'"):
        place("round-robin", WORKLOAD, TOPOLOGY, seed=1)
