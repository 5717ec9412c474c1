"""The batched statevector against Qiskit's own, gate by gate and for random circuits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import Gate, Parameter, ParameterVector
from qiskit.circuit.library import RGate, UnitaryGate, XXPlusYYGate, get_standard_gate_name_mapping
from qiskit.quantum_info import Statevector, random_unitary

from backends import InputError
from backends import statevector as module
from backends.gates import PARAMETERISED
from backends.statevector import compile_program
from tests.backends.circuits import FloatArray, angles, chen2020, ideal

GATES = get_standard_gate_name_mapping()
FIXED = ("h", "x", "sx", "s", "t", "cx", "cz", "ecr", "swap", "iswap", "ccx", "cswap")


def probabilities(circuit: QuantumCircuit, values: FloatArray, outputs: int) -> FloatArray:
    return np.concatenate(list(compile_program(circuit).probabilities(values, outputs)))


def expected(circuit: QuantumCircuit, values: FloatArray, outputs: int) -> FloatArray:
    return np.array([Statevector(circuit.assign_parameters(row)).probabilities(list(range(outputs))) for row in values])


@pytest.mark.parametrize("name", sorted(PARAMETERISED))
def test_every_vectorised_gate_on_every_order_of_qubits(name: str) -> None:
    gate = GATES[name]
    for qubits in ((0, 1), (1, 0), (2, 0)):
        vector = ParameterVector("a", len(gate.params))
        circuit = QuantumCircuit(3)
        for k in range(3):  # a state without symmetry
            circuit.u(0.3 + k, 0.7 * k, 0.2 - k, k)
        circuit.cx(0, 1)
        circuit.cx(1, 2)
        circuit.append(type(gate)(*vector), qubits[: gate.num_qubits])
        for k in range(3):
            circuit.u(1.1 - k, 0.4, 0.9 * k, k)
        values = angles(circuit, 4)
        np.testing.assert_allclose(probabilities(circuit, values, 3), expected(circuit, values, 3), atol=1e-13)


@st.composite
def random_circuits(draw: st.DrawFn) -> QuantumCircuit:
    width = draw(st.integers(1, 4))
    circuit = QuantumCircuit(width)
    vector = ParameterVector("v", 4)
    expressions = [vector[0], 2 * vector[1] - 0.5, vector[0] - vector[2] / 3, vector[3] * vector[1], vector[2].sin()]
    names = [n for n in (*FIXED, *PARAMETERISED) if GATES[n].num_qubits <= width]
    for name in draw(st.lists(st.sampled_from(names), min_size=1, max_size=12)):
        gate = GATES[name]
        qubits = draw(st.permutations(range(width)))[: gate.num_qubits]
        params = [draw(st.sampled_from([*expressions, 0.7])) for _ in gate.params]
        circuit.append(type(gate)(*params) if params else gate, qubits)
    return circuit


@settings(max_examples=40, deadline=None)
@given(random_circuits(), st.integers(0, 2**31), st.integers(1, 3))
def test_random_circuits_with_expressions(circuit: QuantumCircuit, seed: int, sets: int) -> None:
    values = angles(circuit, sets, seed)
    outputs = 1 + seed % circuit.num_qubits
    np.testing.assert_allclose(probabilities(circuit, values, outputs), expected(circuit, values, outputs), atol=1e-12)


def test_gates_outside_the_table_are_expanded() -> None:
    a, b = Parameter("a"), Parameter("b")
    inner = QuantumCircuit(2, name="inner")
    inner.ry(2 * a, 1)
    inner.cx(1, 0)
    circuit = QuantumCircuit(4)
    circuit.h(range(4))
    circuit.append(inner.to_gate(), [2, 0])
    circuit.append(RGate(b, 0.3), [1])
    circuit.append(XXPlusYYGate(a, b), [3, 1])
    circuit.append(UnitaryGate(random_unitary(4, seed=1)), [3, 2])
    circuit.append(UnitaryGate(random_unitary(16, seed=2)), [1, 3, 0, 2])
    values = angles(circuit, 5)
    np.testing.assert_allclose(probabilities(circuit, values, 4), expected(circuit, values, 4), atol=1e-12)


def test_chunks_join_to_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    circuit = chen2020(3)
    values = angles(circuit, 23)
    whole = probabilities(circuit, values, 2)
    monkeypatch.setattr(module, "_CHUNK_BYTES", 5 * 16 * 8)
    chunks = list(compile_program(circuit).probabilities(values, 2))
    assert [len(chunk) for chunk in chunks] == [5, 5, 5, 5, 3]
    np.testing.assert_array_equal(np.concatenate(chunks), whole)


def test_a_circuit_without_parameters() -> None:
    circuit = QuantumCircuit(2)
    circuit.ry(0.4, 0)
    circuit.cx(0, 1)
    signs = np.array([[1, 1], [-1, 1], [1, -1], [-1, -1]])
    np.testing.assert_allclose(
        probabilities(circuit, np.empty((3, 0)), 2) @ signs, ideal(circuit, np.empty((3, 0)), 2), atol=1e-14
    )


def test_what_cannot_be_simulated_is_named() -> None:
    measured = QuantumCircuit(1, 1)
    measured.measure(0, 0)
    with pytest.raises(InputError, match=r"'measure'.*only unitary gates"):
        compile_program(measured)
    opaque = QuantumCircuit(1)
    opaque.append(Gate("mystery", 1, [Parameter("a")]), [0])
    with pytest.raises(InputError, match="'mystery'"):
        compile_program(opaque)
    with pytest.raises(InputError, match=r"25 qubits.*at most 24"):
        compile_program(QuantumCircuit(25))
