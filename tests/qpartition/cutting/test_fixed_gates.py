"""Gates without free angles that are cut by their matrices: values, slopes, devices, plans and files."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Gate, ParameterVector
from qiskit.circuit.library import (
    CRYGate,
    CU3Gate,
    CUGate,
    CXGate,
    RZXGate,
    UnitaryGate,
    XXMinusYYGate,
    XXPlusYYGate,
)
from qiskit.quantum_info import random_unitary
from qiskit_addon_cutting.instructions import Move

from backends import open_qpu
from qpartition import Dispatcher, Plan, Topology, plan
from qpartition.cutting import cut
from qpartition.cutting.finder import costs
from qpartition.cutting.free import fixed
from tests.qpartition.cutting import circuits

GATES = {
    "rzx": RZXGate(0.3),
    "unitary": UnitaryGate(random_unitary(4, seed=1)),
    "cu": CUGate(0.1, 0.2, 0.3, 0.4),
    "cu3": CU3Gate(0.1, 0.2, 0.3),
    "xx_plus_yy": XXPlusYYGate(0.3, 0.4),
    "xx_minus_yy": XXMinusYYGate(0.3, 0.4),
    "cx_o0": CXGate(ctrl_state=0),
    "cry_o0": CRYGate(0.4, ctrl_state=0),
}
STRINGS = ["IIIZ", "ZIII", "ZXIZ", "YIIX", "IZZI"]


def joined(gate: Gate) -> QuantumCircuit:
    """Two pairs of qubits; the gate joins them."""
    angles, circuit = ParameterVector("a", 5), QuantumCircuit(4)
    for q in range(4):
        circuit.ry(angles[q], q)
    circuit.cx(0, 1)
    circuit.cx(2, 3)
    circuit.append(gate, [2, 1])
    circuit.rx(angles[4], 1)
    circuit.ry(0.3, 2)
    return circuit


@pytest.mark.parametrize("name", GATES)
def test_they_are_cut_where_they_are_cheapest_and_give_the_whole(name: str) -> None:
    circuit = joined(GATES[name])
    values = circuits.angles_of(circuit, 2)
    k = cut(circuit, STRINGS, max_qubits=2)
    assert k.widths == (2, 2) and len(k.cuts) == 1
    truth, slopes = circuits.truth(circuit, values, STRINGS), circuits.differences(circuit, values, STRINGS)
    for executor in (None, open_qpu("exact")):
        np.testing.assert_allclose(k.expectations(values, executor=executor).values, truth, atol=1e-9)
        np.testing.assert_allclose(k.jacobian(values, executor=executor).values, slopes, atol=1e-6)


def test_on_a_noisy_device_by_a_plan_that_survives_a_file(tmp_path: Any) -> None:
    """Within a fragment (the unitary) and across."""
    circuit = joined(GATES["xx_plus_yy"])
    circuit.append(GATES["unitary"], [0, 1])
    values, found = circuits.angles_of(circuit, 2), {}
    k = cut(circuit, STRINGS[:2], cuts="AABB")
    for engine in ("twin", "aer"):
        made = plan(k.workload(2), Topology([open_qpu(f"fake:torino?engine={engine}")], 2), shots=None)
        made.save(tmp_path / "plan.json")
        assert Plan.load(tmp_path / "plan.json") == made and made.cuts[0].gates == 1
        with Dispatcher(made) as devices:
            found[engine] = k.expectations(values, executor=devices).values
    np.testing.assert_allclose(found["twin"], found["aer"], atol=1e-7)
    assert 1e-3 < np.abs(found["twin"] - circuits.truth(circuit, values, STRINGS[:2])).max() < 0.3


def test_gates_are_told_apart_by_matrices_and_angles() -> None:
    first, second = (random_unitary(4, seed=s).data for s in (1, 2))
    assert fixed([first]) == fixed([first + 1e-15]) != fixed([second])
    assert fixed([0.3, -0.0]) == fixed([0.3, 0.0]) != fixed([0.3, 0.1])
    assert fixed(["XY"]) != fixed(["YX"])
    weak = QuantumCircuit(3)
    weak.append(UnitaryGate(CUGate(0.1, 0, 0, 0).to_matrix()), [0, 1])
    weak.append(UnitaryGate(CXGate().to_matrix()), [1, 2])
    graph = costs(weak)
    assert graph[0][1]["weight"] < graph[1][2]["weight"] == pytest.approx(np.log(9))


def test_a_move_that_is_not_cut() -> None:
    circuit = QuantumCircuit(3)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.append(Move(), [1, 2])
    circuit.ry(0.3, 2)
    swapped = QuantumCircuit(3)
    for item in circuit.data:
        where = [circuit.find_bit(bit).index for bit in item.qubits]
        if item.name == "move":
            swapped.swap(*where)
        else:
            swapped.append(item.operation, where)
    strings, nothing = ["IIZ", "ZII", "ZIX", "XIX"], np.zeros((1, 0))
    for options in ({"max_qubits": 3}, {"max_qubits": 2}, {"cuts": [2]}):
        found = cut(circuit, strings, **options).expectations(nothing).values  # type: ignore[arg-type]
        np.testing.assert_allclose(found, circuits.truth(swapped, nothing, strings), atol=1e-9)
