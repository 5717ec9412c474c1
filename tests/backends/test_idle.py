"""Qubits that wait: where the schedule puts delays, and what they do, against Aer's own delay noise."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit.library import CZGate, SXGate
from qiskit.transpiler import InstructionProperties, Target

from backends import Request, open_qpu
from backends.angles import Angles
from backends.idle import with_delays
from backends.isa import CompactCircuit
from tests.backends.circuits import angles, chen2020


def test_delays_fill_the_time_between_gates_as_late_as_possible() -> None:
    """sx takes 1, cz 3; qubit 0 acts early and waits for qubit 1, qubit 2 acts once and is pushed to the end."""
    target = Target(num_qubits=3)
    target.add_instruction(SXGate(), {(q,): InstructionProperties(duration=1.0) for q in range(3)})
    target.add_instruction(CZGate(), {(0, 1): InstructionProperties(duration=3.0)})
    circuit = QuantumCircuit(3)
    circuit.cz(0, 1)
    circuit.sx([1, 1, 2])
    circuit.cz(0, 1)
    made = with_delays(CompactCircuit(circuit, (), Angles.of([], ()), (0, 1, 2), (0, 1, 2)), target).circuit
    found = [
        (item.name, made.find_bit(item.qubits[0]).index, item.operation.duration)
        for item in made.data
        if item.name == "delay"
    ]
    assert found == [("delay", 0, 2.0)]
    assert [item.name for item in made.data if made.qubits[0] in item.qubits] == ["cz", "delay", "cz"]


@pytest.mark.parametrize("name", ["fez", "brisbane"])
def test_waiting_costs_what_aer_says(name: str) -> None:
    """The twin against Aer on the same explicitly delayed circuit, with ``RelaxationNoisePass`` on its delays."""
    twin, checked, calm = (open_qpu(f"fake:{name}{option}") for option in ("?idle=1", "?idle=1&engine=aer", ""))
    made = chen2020(4, 2)
    core, values = twin.cores(4)[0], angles(made, 4)
    found, exact, without = (
        qpu.run([Request(made, values, 4, core)]).result()[0].values for qpu in (twin, checked, calm)
    )
    np.testing.assert_allclose(found, exact, atol=1e-8, rtol=0)
    assert np.abs(found - without).max() > 1e-3
    assert np.linalg.norm(found) < np.linalg.norm(without) * 1.05
