"""Circuits that differ in names only share a structure; nothing else does."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter, ParameterVector
from qiskit.circuit.library import UnitaryGate
from qiskit.quantum_info import Operator, random_unitary

from backends.structure import canonical, structure_key
from tests.backends.circuits import angles, chen2020


def test_names_do_not_matter() -> None:
    assert structure_key(chen2020(3)) == structure_key(chen2020(3))
    assert structure_key(chen2020(3, phi="a", theta="b")) == structure_key(chen2020(3, phi="x", theta="y"))
    assert hash(structure_key(chen2020(2)))


def one(angle: object, *, swap: bool = False) -> QuantumCircuit:
    circuit = QuantumCircuit(2)
    circuit.rx(angle, 0)
    circuit.cx(*((1, 0) if swap else (0, 1)))
    return circuit


def custom(angle: float) -> QuantumCircuit:
    inner = QuantumCircuit(1, name="same name")
    inner.rx(angle, 0)
    circuit = QuantumCircuit(2)
    circuit.append(inner.to_gate(), [0])
    return circuit


def unitary(seed: int) -> QuantumCircuit:
    circuit = QuantumCircuit(2)
    circuit.append(UnitaryGate(random_unitary(2, seed=seed)), [0])
    return circuit


def test_everything_else_does() -> None:
    a, b = Parameter("a"), Parameter("b")
    circuits = [
        one(0.1), one(0.1 + 1e-12), one(a), one(a + 0.1), one(a + (0.1 + 1e-12)),
        one(a / 3), one(a * 0.33333333), one(2 * a), one(a + b), one(a - b), one(b - a), one(a, swap=True),
        custom(0.1), custom(0.2), unitary(0), unitary(1), chen2020(2), chen2020(2, 2), chen2020(3),
    ]  # fmt: skip
    keys = [structure_key(circuit) for circuit in circuits]
    assert len(set(keys)) == len(circuits)


def test_position_of_a_parameter_matters() -> None:
    def circuit(first: int, second: int) -> QuantumCircuit:
        v = ParameterVector("v", 2)
        c = QuantumCircuit(1)
        c.rx(v[first], 0)
        c.ry(v[second], 0)
        return c

    assert structure_key(circuit(0, 1)) != structure_key(circuit(1, 0))


@pytest.mark.parametrize(("phi", "theta"), [("phi", "theta"), ("p", "q"), ("z", "p")])
def test_canonical_parameters_keep_their_order(phi: str, theta: str) -> None:
    circuit = chen2020(2, phi=phi, theta=theta)
    renamed, names = canonical(circuit)
    row = angles(circuit, 1)[0]
    assert Operator(renamed.assign_parameters(dict(zip(names, row, strict=True)))) == Operator(
        circuit.assign_parameters(row)
    )
    assert [str(p) for p in names] == [f"p[{i}]" for i in range(len(names))]
    assert np.all([p in renamed.parameters for p in names])
