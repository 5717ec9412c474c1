"""Standard errors of sums of strings, which share samples: what repetition says of them. A row is a repetition."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp

from backends import open_qpu
from qpartition import Dispatcher, Topology, plan
from qpartition.cutting import cut
from qpartition.cutting.sharing import Terms
from tests.qpartition.cutting import circuits

ROWS = 3000


def product() -> QuantumCircuit:
    circuit = QuantumCircuit(4)
    circuit.ry(1.2, 0)
    circuit.ry(0.3, [2, 3])
    return circuit


def halves() -> QuantumCircuit:
    circuit = QuantumCircuit(6)
    for q in range(6):
        circuit.ry(0.4 + 0.1 * q, q)
    for q in range(5):
        circuit.cx(q, q + 1)
    return circuit


def letters(qubits: int, *where: int) -> str:
    return "".join("Z" if q in where else "I" for q in reversed(range(qubits)))


MAGNETISATION = SparsePauliOp([letters(6, q) for q in range(6)])
ISING = SparsePauliOp([letters(6, i, j) for i in range(3) for j in range(3, 6)])
OPPOSED = SparsePauliOp([letters(6, 0), letters(6, 1), letters(6, 0, 5)], [1, -0.5, -0.8])


def check_repetitions(found: Any, exact: Any) -> None:
    """95% within 1.96 standard errors, which are the spread; limits of four times what they are known to."""
    off, reps = found.values - exact, len(found.values)
    moves = found.stderr.max(axis=0) > 0
    assert moves.any() and np.abs(off[:, ~moves]).max(initial=0.0) < 1e-9
    inside = (np.abs(off) < 1.96 * found.stderr).mean(axis=0)[moves]
    ratio = np.sqrt((found.stderr**2).mean(axis=0) / (off**2).mean(axis=0))[moves]
    assert np.all(np.abs(inside - 0.95) < 0.005 + 4 * np.sqrt(0.95 * 0.05 / reps)), inside
    assert np.all(np.abs(ratio - 1) < 0.03 + 4 / np.sqrt(2 * reps)), ratio


@pytest.mark.parametrize(
    ("circuit", "observables", "width"),
    [
        (product(), [SparsePauliOp(["IIIZ", "IZIZ", "ZIIZ", "ZZIZ"])], 2),
        (halves(), [MAGNETISATION, ISING, OPPOSED, letters(6, 0, 5), letters(6, 2)], 3),
    ],
)
def test_errors_of_sums_are_those_of_repetition(circuit: QuantumCircuit, observables: Any, width: int) -> None:
    k = cut(circuit, observables, max_qubits=width)
    found = k.expectations(np.zeros((ROWS, 0)), shots=1000, seed=5)
    check_repetitions(found, circuits.truth(circuit, np.zeros((1, 0)), observables))


def test_errors_of_slopes_of_sums_are_those_of_repetition() -> None:
    circuit = circuits.entangled(4, ["rzz", "cx", "cx"], seed=2, pairs=[(1, 2), (0, 1), (2, 3)])
    observables = ["ZZZZ", SparsePauliOp(["IIIZ", "IIZZ", "ZIIZ"]), SparsePauliOp(["IZIZ", "ZIIZ"], [1, -0.4])]
    values = circuits.angles_of(circuit, 1, seed=4)
    k = cut(circuit, observables, cuts="AABB")
    found = k.jacobian(np.tile(values, (ROWS // 2, 1)), shots=2000, seed=5)
    check_repetitions(found, k.jacobian(values).values[0])


def test_a_sum_that_is_nothing_has_no_error() -> None:
    nothing = SparsePauliOp(["ZIII", "ZIII"], [1, -1])
    found = cut(product(), [nothing, "IIIZ"], max_qubits=2).expectations(np.zeros((2, 0)), shots=10, seed=0)
    assert not found.values[:, 0].any() and not found.stderr[:, 0].any() and found.stderr[:, 1].all()


@pytest.mark.parametrize("shots", [1, 100])
def test_what_is_certain_has_no_error(shots: int) -> None:
    circuit = circuits.chain(2, layers=0, kind="rzz")
    circuit.rzz(0.3, 0, 1)
    found = cut(circuit, ["ZI", "ZZ"], max_qubits=1).expectations(np.zeros((2, 2)), shots=shots)
    np.testing.assert_allclose(found.values, 1.0)
    assert found.stderr.shape == (2, 2) and not found.stderr.any()


@pytest.mark.parametrize("executor", [None, "exact"])
def test_sampling_what_is_not_cut(executor: str | None) -> None:
    """One fragment and no cut; several and no cut."""
    device = None if executor is None else open_qpu(executor)
    for circuit, width in ((circuits.chain(3), 3), (circuits.chain(3, layers=0), 1)):
        values, strings = circuits.angles_of(circuit, 2), ["ZZZ", "IIZ"]
        k, slopes = cut(circuit, strings, max_qubits=width), circuits.differences(circuit, values, strings)
        np.testing.assert_allclose(k.jacobian(values, executor=device).values, slopes, atol=1e-6)
        repeated, exact = np.tile(values[:1], (300, 1)), k.expectations(values[:1]).values
        found = k.expectations(repeated, shots=200, executor=device, seed=1)
        assert np.abs(((found.values - exact) / found.stderr).std(axis=0) - 1).max() < 0.2
        turned = k.jacobian(repeated, shots=200, executor=device, seed=1)
        off = np.abs(turned.values - slopes[:1])
        assert (off <= 1.96 * turned.stderr + 1e-9).mean() > 0.94 and turned.stderr.any()


def test_errors_on_devices_are_exact_for_strings_of_their_own_circuits_and_bounds_for_others() -> None:
    """ZZ of a fragment is a circuit of its own; single Zs are read together."""
    circuit, values = halves(), np.zeros((600, 0))
    own = SparsePauliOp(
        [letters(6, 0, 1, 3, 4), letters(6, 0, 1, 4, 5), letters(6, 1, 2, 3, 4), letters(6, 1, 2, 4, 5)]
    )
    k = cut(circuit, [own, MAGNETISATION, ISING, OPPOSED], max_qubits=3)
    with Dispatcher(plan(k.workload(600), Topology([open_qpu("exact")], 3), shots=500), seed=2) as devices:
        found = k.expectations(values, executor=devices)
    exact = circuits.truth(circuit, values[:1], [own, MAGNETISATION, ISING, OPPOSED])
    ratio = (found.values - exact).std(axis=0) / found.stderr.mean(axis=0)
    assert 0.88 < ratio[0] < 1.12
    assert np.all(ratio[1:] < 1.1) and np.all(ratio[1:] > 0.3)


@pytest.mark.parametrize("widths", [3, 2, [2, 1, 2, 1]])
def test_a_cut_squared_alone_is_the_sum_over_all_its_choices(monkeypatch: pytest.MonkeyPatch, widths: Any) -> None:
    circuit = circuits.chain(6, layers=2 if widths == 3 else 1)
    knitted = cut(circuit, [MAGNETISATION, ISING, OPPOSED, letters(6, 2)], max_qubits=widths, max_overhead=1e9)
    values = circuits.angles_of(circuit, 3)
    fast = knitted.expectations(values, shots=200, seed=1)
    monkeypatch.setattr(Terms, "is_separate", False)
    slow = knitted.expectations(values, shots=200, seed=1)
    np.testing.assert_array_equal(fast.values, slow.values)
    np.testing.assert_allclose(fast.stderr, slow.stderr, rtol=1e-10)
    assert slow.stderr.min() > 0
