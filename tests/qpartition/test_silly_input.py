"""Input that no public function can use ends in one line that says what was given and what to give instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit

from backends import open_qpu
from backends.errors import InputError
from qpartition import (
    Counts,
    Dispatcher,
    Journal,
    Plan,
    SubVQC,
    Topology,
    Workload,
    active_parameters,
    compare,
    draw_chip,
    draw_comparison,
    draw_topology,
    plan,
)  # fmt: skip
from qpartition.cutting import cut
from qpartition.design import Design
from qpartition.mapping import place
from qpartition.partition import partition
from qpartition.resources import counted, resources
from tests.qpartition import toy
from tests.qpartition.cutting import circuits

HUGE, NAN, ARRAY, POINT = 10**400, float("nan"), np.zeros(3), np.array(5)
LISTED = toy.cell(parts=1)
KEY = LISTED[0].name
WORKLOAD, TOPOLOGY = Workload.of(toy.Model(LISTED), 1, 1), Topology(toy.two_devices())
PLAN, DESIGN = plan(WORKLOAD, TOPOLOGY, shots=10), Design.of(1, 3)
CHAIN = circuits.chain(4)
KNITTED, ANGLES = cut(CHAIN, ["IIIZ"], cuts="AABB"), circuits.angles_of(CHAIN, 2)


def model(circuit: QuantumCircuit | None = None, **metadata: Any) -> toy.Model:
    chosen = toy.circuit("k") if circuit is None else circuit
    chosen.metadata = {**(chosen.metadata or {}), **metadata}
    return toy.Model([chosen])


def wide(blocks: Any) -> Plan:
    circuit = circuits.chain(4)
    circuit.name = "wide"
    listed = model(circuit, outputs=1, inputs=0, weights=circuit.num_parameters, blocks=blocks)
    return plan(Workload.of(listed, 1, 1), Topology([open_qpu("exact")], 2), wide="cut")


def waved(waves: Any) -> Workload:
    listed = toy.Model(LISTED)
    listed.waves = waves  # type: ignore[attr-defined]
    return Workload.of(listed, 1, 1)


def values(**changes: Any) -> object:
    inputs, weights = toy.angles(LISTED, rows=1)
    with Dispatcher(PLAN) as devices:
        return devices.values({**inputs, **changes.get("inputs", {})}, {**weights, **changes.get("weights", {})})


def state(**changes: Any) -> None:
    with Dispatcher(PLAN) as devices:
        devices.load_state_dict({**devices.state_dict(), **changes})


CASES: dict[str, tuple[Callable[[], object], str]] = {
    "resources of nothing": (lambda: resources(None), "None is not a Design; make one with"),  # type: ignore[arg-type]
    "resources without steps": (lambda: resources(DESIGN), "steps=None must be an integer of at least 1"),
    "resources, huge": (lambda: resources(DESIGN, steps=HUGE), "steps=1000.* exceeds the 1,000,000,000"),
    "resources, rep_delay": (lambda: resources(DESIGN, steps=1, rep_delay=NAN), "rep_delay=nan must be a number of seconds"),
    "resources, text": (lambda: resources(DESIGN, steps=1, circuit_seconds="x"), "circuit_seconds='x' must"),  # type: ignore[arg-type]
    "counted nothing": (lambda: counted(None), "None is not a Plan; make one with"),  # type: ignore[arg-type]
    "counted demand": (lambda: counted(PLAN, ARRAY), "unknown demand"),  # type: ignore[arg-type]
    "design, huge": (lambda: Design.of(HUGE, 3), "input_size=1000.* exceeds the 1,000,000 entries"),
    "design, circuit": (lambda: Design.of(1, 3, circuit=ARRAY), "is not a Circuit"),  # type: ignore[arg-type]
    "design, hidden_vqc": (lambda: Design.of(1, 3, hidden_vqc=ARRAY), "hidden_vqc=.* must be True or False"),  # type: ignore[arg-type]
    "design, head": (lambda: Design.of(1, 3, head_outputs=-1), "head_outputs=-1 must be"),
    "partition, huge": (lambda: partition("contiguous", 1, HUGE), "hidden_size=1000.* exceeds"),
    "plan, shots": (lambda: plan(WORKLOAD, TOPOLOGY, shots=HUGE), "shots=1000.* exceed 1,000,000,000"),
    "plan, jacobian": (lambda: plan(WORKLOAD, TOPOLOGY, jacobian=ARRAY), "unknown jacobian"),  # type: ignore[arg-type]
    "plan, mapping": (lambda: plan(WORKLOAD, TOPOLOGY, {KEY: None}), "the mapping forgets 3 of 4"),  # type: ignore[dict-item]
    "plan, cut": (lambda: cut(CHAIN, ["IIIZ"], 2, max_overhead=HUGE), "max_overhead=1000.* is too large"),
    "place": (lambda: place("round-robin", None, TOPOLOGY), "None is not a Workload"),  # type: ignore[arg-type]
    "compare, budget": (lambda: compare(WORKLOAD, TOPOLOGY, budget_seconds=HUGE), "budget_seconds=1000.* is too large"),
    "compare, seed": (lambda: compare(WORKLOAD, TOPOLOGY, seed=NAN), "seed=nan must be"),  # type: ignore[arg-type]
    "dispatch, budget": (lambda: Dispatcher(PLAN, budget_seconds=HUGE), "budget_seconds=1000.* is too large"),
    "dispatch, inputs": (lambda: values(inputs={KEY: HUGE}), f"inputs of '{KEY}' are not numbers"),
    "dispatch, weights": (lambda: values(weights={KEY: {}}), f"weights of '{KEY}' are not numbers"),
    "state, huge": (lambda: state(makespan=HUGE), "non-negative numbers"),
    "state, array": (lambda: Dispatcher(PLAN).load_state_dict(ARRAY), "saved counts cannot be read"),  # type: ignore[arg-type]
    "state, readout": (lambda: state(readout={"x": [[1.0], [1.0], [1.0]]}), "not of all outputs of this plan's sub-VQCs"),
    "counts": (lambda: Counts.from_dict(POINT), "saved counts cannot be read"),  # type: ignore[arg-type]
    "no circuits": (lambda: Workload.of(toy.Model(None), 1, 1), r"circuits\(\) of the model gave None"),  # type: ignore[arg-type]
    "a point of circuits": (lambda: Workload.of(toy.Model(POINT), 1, 1), r"circuits\(\) of the model gave array\(5\)"),  # type: ignore[arg-type]
    "a text for a circuit": (lambda: Workload.of(toy.Model(["x"]), 1, 1), "'x' is not a QuantumCircuit"),  # type: ignore[list-item]
    "outputs": (lambda: Workload.of(model(outputs=NAN), 1, 1), "circuit 'k' does not say what it is"),
    "inputs": (lambda: Workload.of(model(inputs="x"), 1, 1), "circuit 'k' does not say what it is"),
    "weights": (lambda: Workload.of(model(weights=-1), 1, 1), "circuit 'k' does not say what it is"),
    "sources": (lambda: Workload.of(model(sources=[]), 1, 1), "circuit 'k' needs one source per encoding angle"),
    "sources that are lists": (lambda: Workload.of(model(sources=[[]] * 4), 1, 1), "needs one source per encoding angle"),
    "layer": (lambda: Workload.of(model(layer="x"), 1, 1), "circuit 'k' has layer='x'"),
    "trainable_encoding": (lambda: Workload.of(model(trainable_encoding=ARRAY), 1, 1), "trainable_encoding=array.* must be"),
    "waves": (lambda: waved(3), "waves of the model is 3; it must be a method"),
    "waves of nothing": (lambda: waved(lambda steps: None), "it must be a method"),
    "waves of numbers": (lambda: waved(lambda steps: [1]), "it must be a method"),
    "blocks": (lambda: wide([[0, 1]]), "'wide' has blocks=.* list every one of its qubits once"),
    "blocks of nothing": (lambda: wide(ARRAY), "'wide' has blocks=array"),
    "sub-VQC": (lambda: SubVQC.of(None), "None is not a QuantumCircuit"),  # type: ignore[arg-type]
    "active": (lambda: active_parameters(LISTED[0], -1), "outputs=-1, but the circuit has 3 qubits"),
    "topology": (lambda: Topology(POINT), r"qpus=array\(5\) must be a list of QPUs"),  # type: ignore[arg-type]
    "links": (lambda: Topology(toy.two_devices(), links=ARRAY), "links=array.* must be a dict"),  # type: ignore[arg-type]
    "journal, long name": (lambda: Journal("x" * 300), "File name too long"),
    "journal to read, long name": (lambda: Journal.read("x" * 300), "File name too long"),
    "plan to load": (lambda: Plan.load("x" * 300), "File name too long"),
    "draw a chip": (lambda: draw_chip(None, None, "a.svg"), "cannot be drawn"),  # type: ignore[arg-type]
    "draw a chip of a strange name": (lambda: draw_chip(TOPOLOGY, ARRAY, "a.svg"), "name=array.* must be the name"),  # type: ignore[arg-type]
    "draw a topology": (lambda: draw_topology(None, "a.svg"), "None is not a Topology"),  # type: ignore[arg-type]
    "draw a comparison": (lambda: draw_comparison(None, "a.svg"), "None is not a Comparison"),  # type: ignore[arg-type]
    "knit, values": (lambda: KNITTED.expectations(HUGE), "values=1000.* are no numbers"),  # type: ignore[arg-type]
    "knit, slopes": (lambda: KNITTED.jacobian(None), "values"),  # type: ignore[arg-type]
    "knit, overhead": (lambda: KNITTED.overhead_at(HUGE), "values=1000.* are no numbers"),  # type: ignore[arg-type]
    "knit, shots": (lambda: KNITTED.expectations(ANGLES, HUGE), "shots=1000.* exceed 1,000,000,000"),
    "knit, copies": (lambda: KNITTED.workload(1, NAN), "copies=nan"),  # type: ignore[arg-type]
    "knit, batch": (lambda: KNITTED.workload(HUGE), "batch=1000"),
    "cut nothing": (lambda: cut(None, ["Z"], 1), "None is not a QuantumCircuit"),  # type: ignore[arg-type]
    "cut, observables": (lambda: cut(CHAIN, [None], 2), "observable None is no Pauli string"),
    "cut, width": (lambda: cut(CHAIN, ["IIIZ"], NAN), "max_qubits=nan must be"),  # type: ignore[arg-type]
    "cut, places": (lambda: cut(CHAIN, ["IIIZ"], cuts=[NAN]), "cuts: nan is no two-qubit gate"),  # type: ignore[list-item]
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_one_line(case: str) -> None:
    call, message = CASES[case]
    with pytest.raises(InputError, match=message) as error:
        call()
    assert "\n" not in str(error.value) and len(str(error.value)) < 500
