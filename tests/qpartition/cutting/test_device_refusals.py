"""What cutting on devices refuses, each in one line."""

from __future__ import annotations

from typing import Any

import pytest
from qiskit import QuantumCircuit

from backends import InputError, open_qpu
from qpartition import Dispatcher, Topology, Workload, plan
from qpartition.cutting import cut
from qpartition.cutting.errors import OverheadError
from tests.qpartition.cutting import circuits
from tests.qpartition.cutting.circuits import Model


@pytest.mark.parametrize(
    ("settings_", "message"),
    [
        ({"wide": "split"}, "wide 'split'"),
        ({"wide": "cut", "copies": 0}, "copies=0"),
        ({"wide": "cut", "gradient": "sampled-shift"}, "sampled-shift.*cut"),
        ({"wide": "cut", "mitigation": ("readout",)}, "readout mitigation"),
        ({"wide": "cut", "max_overhead": 80}, r"'wide': cutting 2 gates .* overhead of 81, more than max_overhead=80"),
        ({"wide": "cut", "max_overhead": 0}, "max_overhead=0"),
    ],
)
def test_what_cannot_be_cut_is_refused(settings_: dict[str, Any], message: str) -> None:
    w = Workload.of(Model(circuits.chain(4, layers=2), 2), batch=3, steps=2)
    with pytest.raises(InputError, match=message):
        plan(w, Topology([open_qpu("exact")], 2), **settings_)


def test_hopeless_cuts_are_refused_with_the_number_and_the_remedies() -> None:
    """The paper's double ring at depth 2, 6 qubits on cores of 3."""
    from qlstm import QLSTM

    w = Workload.of(QLSTM(2, 4), batch=1, steps=1)
    with pytest.raises(InputError, match=r"overhead of 2\.8.*e\+11.*linear entangler.*bridges.*wider cores"):
        plan(w, Topology([open_qpu("exact")], 3), wide="cut")


def test_many_cuts_are_refused_for_their_subexperiments() -> None:
    w = Workload.of(Model(circuits.chain(4, layers=6), 2), batch=1, steps=1)
    with pytest.raises(InputError, match=r"6 cuts make .* subexperiments of it, more than 4,096"):
        plan(w, Topology([open_qpu("exact")], 2), wide="cut")


def test_executors_that_cannot_run_it_are_refused() -> None:
    circuit = circuits.chain(4)
    k, values = cut(circuit, ["IIIZ"], cuts="AABB"), circuits.angles_of(circuit, 2)
    for executor in ("exact", [], [open_qpu("exact"), "exact"], 3):
        with pytest.raises(InputError, match="executor="):
            k.expectations(values, executor=executor)
    other = plan(cut(circuit, ["IIIZ"], cuts="AABB").workload(2), Topology([open_qpu("exact")], 2), shots=None)
    with Dispatcher(other) as devices, pytest.raises(InputError, match=r"knitted\.workload"):
        k.expectations(values, executor=devices)
    mine = plan(k.workload(2), Topology([open_qpu("exact")], 2), shots=None)
    with Dispatcher(mine) as devices, pytest.raises(InputError, match="a dispatcher has its own"):
        k.expectations(values, 100, executor=devices)


@pytest.mark.parametrize("gates", [26, 330])
def test_any_number_of_cuts_is_refused_in_one_line(gates: int) -> None:
    circuit = QuantumCircuit(2)
    for _ in range(gates):
        circuit.cx(0, 1)
    with pytest.raises(InputError, match=rf"cutting {gates} gates has a sampling overhead of \d.*e\+\d+, more than"):
        cut(circuit, ["ZZ"], max_qubits=1)
    small = QuantumCircuit(2)
    for _ in range(gates):
        small.rzz(0.001, 0, 1)
    with pytest.raises(InputError, match=f"{gates} cuts are more than the 25"):
        cut(small, ["ZZ"], max_qubits=1)


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"batch": 0}, "batch=0"), ({"batch": 1.5}, r"batch=1\.5"), ({"batch": None}, "batch=None"),
        ({"batch": 2, "copies": 0}, "copies=0"), ({"batch": 2, "copies": True}, "copies=True"),
        ({"batch": 2, "copies": 10**6}, r"copies=1000000 must be an integer 1\.\.100"),
    ],
)  # fmt: skip
def test_workloads_that_cannot_be_are_refused(given_: dict[str, Any], message: str) -> None:
    k = cut(circuits.chain(4), ["IIIZ"], cuts="AABB")
    with pytest.raises(InputError, match=message):
        k.workload(**given_)


def test_many_small_angles_make_too_many_pieces() -> None:
    circuit = QuantumCircuit(2)
    for _ in range(7):
        circuit.rzz(0.001, 0, 1)
    k = cut(circuit, ["ZZ"], cuts="AB")
    with pytest.raises(InputError, match=r"7 cuts make .* more than 4,096"):
        k.workload(1)
    for _ in range(4):
        circuit.rzz(0.001, 0, 1)
    with pytest.raises(InputError, match=r"11 cuts make .* more than 1,000,000"):
        cut(circuit, ["ZZ"], cuts="AB")


def test_a_plan_is_told_of_pieces_only_where_there_are_some() -> None:
    narrow = Workload.of(Model(circuits.chain(2), 2), batch=1, steps=1)
    topology = Topology([open_qpu("exact")], 2)
    for given_ in ({"copies": 4}, {"max_overhead": 5.0}):
        with pytest.raises(
            InputError, match=r"(copies=4|max_overhead=5.0) is for circuits that run in pieces, .*wide='cut'"
        ):
            plan(narrow, topology, **given_)
    assert plan(narrow, topology, copies=1).cuts == ()
    with pytest.raises(InputError, match=r"max_overhead=0\.5 must be a number"):
        plan(narrow, topology, wide="cut", max_overhead=0.5)
    k = cut(circuits.chain(4), ["IIIZ"], cuts="AABB")
    assert plan(k.workload(1), topology, max_overhead=9).cuts
    with pytest.raises(OverheadError, match=r"circuit: cutting at 1 place .* overhead of 9, more than max_overhead=8"):
        plan(k.workload(1), topology, max_overhead=8)


def test_pieces_are_not_cut_again() -> None:
    k = cut(circuits.chain(4), ["IIIZ"], cuts="AABB")
    with pytest.raises(InputError, match=r"'circuit/A0' has 2 qubits, but the widest core has 1"):
        plan(k.workload(1), Topology([open_qpu("exact")], 1), wide="cut")
