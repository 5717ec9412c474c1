"""A user's moves, cut or not, against density matrices with a reset and a swap in their place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit.library import SwapGate
from qiskit.quantum_info import DensityMatrix, SparsePauliOp
from qiskit_addon_cutting.instructions import Move

from backends import open_qpu
from qpartition.cutting import cut

STRINGS = ["ZIII", "IZII", "IIZI", "IIIZ", "ZZXZ"]
NOTHING = np.zeros((1, 0))


def truth(circuit: QuantumCircuit) -> Any:
    state = DensityMatrix.from_label("0" * circuit.num_qubits)
    for item in circuit.data:
        qubits = [circuit.find_bit(bit).index for bit in item.qubits]
        is_move = item.name == "move"
        state = (state.reset([qubits[1]]) if is_move else state).evolve(
            SwapGate() if is_move else item.operation, qubits
        )
    return np.array([[state.expectation_value(SparsePauliOp(one)).real for one in STRINGS]])


def line(*moves: tuple[int, int]) -> QuantumCircuit:
    """Entangled pairs with moves between them."""
    circuit = QuantumCircuit(4)
    for q, angle in enumerate((0.4, 0.7, 0.0, 0.0)):
        circuit.ry(angle, q)
    circuit.cx(0, 1)
    for a, b in moves:
        circuit.append(Move(), [a, b])
        circuit.ry(0.3, b)
        circuit.cx(b, 3)
    return circuit


@pytest.mark.parametrize("options", [{"cuts": [8]}, {"cuts": "AAAB"}, {"max_qubits": 4}, {"max_qubits": 2}])
def test_a_move_that_is_not_cut_is_a_wire(options: dict[str, Any]) -> None:
    circuit = line((1, 2))
    place = next(i for i, item in enumerate(circuit.data) if item.name == "move")
    if "cuts" in options and isinstance(options["cuts"], list):
        options = {"cuts": [place + 2]}  # the gate after it
    k = cut(circuit, STRINGS, **options)
    assert not any(basis.is_wire for basis in k.cuts)
    assert not any(getattr(step, "operation", None) and step.operation.name in ("move", "swap")
                   for fragment in k.fragments for step in fragment.steps)  # fmt: skip
    np.testing.assert_allclose(k.expectations(NOTHING).values, truth(circuit), atol=1e-9)
    np.testing.assert_allclose(k.expectations(NOTHING, executor=open_qpu("exact")).values, truth(circuit), atol=1e-9)


@pytest.mark.parametrize("seed", range(8))
def test_random_moves_some_of_them_cut(seed: int) -> None:
    """Onto fresh qubits, onto such as were moved away from, and onto such as are entangled with others."""
    rng = np.random.default_rng(seed)
    circuit, moves = QuantumCircuit(4), list[int]()
    for q in range(4):
        circuit.ry(float(rng.uniform(-2, 2)), q)
    for _ in range(7):
        a, b = map(int, rng.choice(4, 2, replace=False))
        if rng.random() < 0.35 and len(moves) < 3:
            moves.append(len(circuit.data))
            circuit.append(Move(), [a, b])
        else:
            circuit.cx(a, b)
            circuit.ry(float(rng.uniform(-2, 2)), a)
    k = cut(circuit, STRINGS, cuts=[index for index in moves if rng.random() < 0.5])
    np.testing.assert_allclose(k.expectations(NOTHING).values, truth(circuit), atol=1e-9)
    np.testing.assert_allclose(k.expectations(NOTHING, executor=open_qpu("exact")).values, truth(circuit), atol=1e-9)


def test_what_a_cut_move_leaves_behind_is_zero() -> None:
    circuit = line((1, 2))
    place = next(i for i, item in enumerate(circuit.data) if item.name == "move")
    k = cut(circuit, ["IIZI"], cuts=[place])
    assert k.expectations(NOTHING).values == pytest.approx(1.0)
    circuit.ry(0.5, 1)
    assert cut(circuit, ["IIZI"], cuts=[place]).expectations(NOTHING).values == pytest.approx(np.cos(0.5))
