"""`active_parameters` may pay too much, but never too little."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter, ParameterVector
from qiskit.circuit.library import UnitaryGate
from qiskit.quantum_info import random_unitary

from backends.errors import InputError
from qpartition.lightcone import active_parameters
from tests.qpartition import toy

ROTATIONS = {"rx": 1, "ry": 1, "rz": 1, "p": 1, "rzz": 2, "rxx": 2, "ryy": 2, "rzx": 2}
FIXED = {"h": 1, "s": 1, "sx": 1, "cx": 2, "cz": 2, "ecr": 2, "swap": 2, "ccx": 3}


@st.composite
def circuits(draw: st.DrawFn) -> QuantumCircuit:
    """Random circuits of rotations, each with its own parameter, and fixed gates."""
    qubits = draw(st.integers(1, 4))
    names = [n for n, width in (ROTATIONS | FIXED).items() if width <= qubits]
    gates = draw(st.lists(st.tuples(st.sampled_from(names), st.permutations(range(qubits))), min_size=1, max_size=16))
    theta = iter(ParameterVector("theta", len(gates)))
    circuit = QuantumCircuit(qubits)
    for name, order in gates:
        if name in ROTATIONS:
            getattr(circuit, name)(next(theta), *order[: ROTATIONS[name]])
        else:
            getattr(circuit, name)(*order[: FIXED[name]])
    return circuit


@settings(max_examples=80, deadline=None)
@given(circuit=circuits(), data=st.data())
def test_inactive_parameters_have_zero_derivative(circuit: QuantumCircuit, data: st.DataObject) -> None:
    outputs = data.draw(st.integers(1, circuit.num_qubits))
    active = active_parameters(circuit, outputs)
    assert active.shape == (circuit.num_parameters,)
    points = np.random.default_rng(data.draw(st.integers(0, 2**32))).uniform(-np.pi, np.pi, (2, circuit.num_parameters))
    for column in np.flatnonzero(~active):
        assert np.abs(toy.derivative(circuit, points, outputs, int(column))).max() < 1e-9


def test_the_two_ansatz_layers_pay_only_for_what_matters() -> None:
    """Last rotation of an output qubit: only RZ a, RY b act on Z. Qubits that are not read: nothing after the CNOTs."""
    circuit = toy.circuit(qubits=3, outputs=2, inputs=3, depth=1)
    theta = active_parameters(circuit, 2)[6:].reshape(3, 3)
    np.testing.assert_array_equal(theta, [[True, True, False], [True, True, False], [False, False, False]])


def test_everything_reported_inactive_in_a_deep_circuit_is_all_there_is() -> None:
    """Tight for the ansatz: every parameter reported active has a derivative somewhere."""
    circuit = toy.circuit(qubits=4, outputs=2, inputs=4, depth=2)
    points = np.random.default_rng(0).uniform(-3, 3, (2, circuit.num_parameters))
    largest = [np.abs(toy.derivative(circuit, points, 2, c)).max() for c in range(circuit.num_parameters)]
    np.testing.assert_array_equal(active_parameters(circuit, 2), np.array(largest) > 1e-6)


def test_diagonal_rotations_before_a_diagonal_observable_are_free() -> None:
    a, b, c = (Parameter(name) for name in "abc")
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.ry(a, 0)
    circuit.cz(0, 1)
    circuit.rzz(b, 0, 1)
    circuit.rz(c, 0)
    np.testing.assert_array_equal(active_parameters(circuit, 2), [True, False, False])


@pytest.mark.parametrize("width", [2, 4])
def test_unknown_gates_are_taken_to_do_anything(width: int) -> None:
    """A reset, and a unitary that is too wide to look at."""
    circuit = QuantumCircuit(width)
    theta = ParameterVector("t", width)
    for q in range(width):
        circuit.rz(theta[q], q)
    circuit.append(UnitaryGate(random_unitary(2**width, seed=1)), range(width))
    assert active_parameters(circuit, 1).all()
    other = QuantumCircuit(1)
    other.rz(Parameter("a"), 0)
    other.barrier()
    other.reset(0)
    assert active_parameters(other, 1).all()


def test_a_measurement_that_controls_a_later_gate_is_refused() -> None:
    circuit = QuantumCircuit(2, 1)
    circuit.ry(Parameter("a"), 1)
    circuit.measure(1, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(0)
    with pytest.raises(InputError, match="classical bits"):
        active_parameters(circuit, 1)


def test_a_sign_brings_a_qubit_in_and_lets_only_z_through() -> None:
    """s multiplies every output, so what turns the measured qubit matters; an RZ beside the measurement never does."""
    circuit, a = QuantumCircuit(2, 1), ParameterVector("a", 5)
    circuit.ry(a[0], 1)
    circuit.rz(a[1], 1)
    circuit.measure(1, 0)
    circuit.rz(a[2], 1)
    circuit.ry(a[3], 1)
    circuit.ry(a[4], 0)
    assert active_parameters(circuit, 1).tolist() == [True, False, False, False, True]


def _twice() -> QuantumCircuit:
    circuit, a = QuantumCircuit(1, name="q"), Parameter("a")
    circuit.ry(a, 0)
    circuit.rz(a, 0)
    return circuit


def _scaled() -> QuantumCircuit:
    circuit = QuantumCircuit(1, name="q")
    circuit.ry(2 * Parameter("a"), 0)
    return circuit


def _controlled() -> QuantumCircuit:
    circuit = QuantumCircuit(2, name="q")
    circuit.crx(Parameter("a"), 0, 1)
    return circuit


def _phase_only() -> QuantumCircuit:
    return QuantumCircuit(1, name="q", global_phase=Parameter("a"))


@pytest.mark.parametrize(
    ("circuit", "message"),
    [
        (_twice(), "'a' of circuit 'q' is in 2 rotation gates"),
        (_phase_only(), "'a' of circuit 'q' is in 0 rotation gates"),
        (_scaled(), r"ry\(2\*a\) in circuit 'q' has no two-term shift rule"),
        (_controlled(), r"crx\(a\) in circuit 'q' has no two-term shift rule"),
    ],
)
def test_parameters_without_a_shift_rule_are_refused(circuit: QuantumCircuit, message: str) -> None:
    with pytest.raises(InputError, match=message):
        active_parameters(circuit, 1)


def test_only_circuits_have_a_light_cone() -> None:
    with pytest.raises(InputError, match="None is not a QuantumCircuit"):
        active_parameters(None, 1)


@pytest.mark.parametrize("outputs", [0, 3, None, "1"])
def test_outputs_must_be_qubits_of_the_circuit(outputs: int) -> None:
    with pytest.raises(InputError, match=rf"outputs={outputs!r}, .* ask for an integer 1..2"):
        active_parameters(QuantumCircuit(2), outputs)
