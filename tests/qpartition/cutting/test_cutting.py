"""Cut = uncut, for values and slopes; shots and their standard errors; what is refused."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.quantum_info import SparsePauliOp
from qiskit_addon_cutting import generate_cutting_experiments, partition_problem
from qiskit_addon_cutting.instructions import CutWire

from backends import open_qpu
from backends.errors import InputError
from qpartition.cutting import cut, simulation
from tests.qpartition.cutting import circuits

GATES = (*circuits.FREE, *circuits.FIXED)


@settings(max_examples=40, deadline=None)
@given(st.integers(3, 6), st.lists(st.sampled_from(GATES), min_size=1, max_size=3), st.integers(0, 10**6), st.data())
def test_cut_gates_give_the_expectations_of_the_whole(qubits: int, kinds: list[str], seed: int, data: Any) -> None:
    """Gates across two halves, in any order and between any qubits, and gates within them."""
    half = qubits // 2
    across = st.tuples(st.integers(0, half - 1), st.integers(half, qubits - 1))
    pairs = [data.draw(across)[:: data.draw(st.sampled_from([1, -1]))] for _ in kinds]
    inside = [(0, 1)] if half > 1 else [(qubits - 2, qubits - 1)]
    circuit = circuits.entangled(qubits, [*kinds, "cx"], seed, [*pairs, *inside])
    strings = ["".join(data.draw(st.sampled_from("IXYZ")) for _ in range(qubits)) for _ in range(4)]
    values = circuits.angles_of(circuit, 2, seed)
    k = cut(circuit, strings, cuts="A" * half + "B" * (qubits - half), max_overhead=1e9)
    assert len(k.cuts) == len(kinds)
    found = k.expectations(values)
    np.testing.assert_allclose(found.values, circuits.truth(circuit, values, strings), atol=1e-9)
    assert not found.stderr.any()


@pytest.mark.parametrize("kind", GATES)
def test_every_observable_of_every_gate(kind: str) -> None:
    circuit = circuits.entangled(3, [kind, "cx"], seed=1, pairs=[(0, 1), (1, 2)])
    strings = ["".join(letters) for letters in product("IXYZ", repeat=3)]
    values = circuits.angles_of(circuit, 2)
    k = cut(circuit, strings, cuts="ABB")
    np.testing.assert_allclose(k.expectations(values).values, circuits.truth(circuit, values, strings), atol=1e-9)


@pytest.mark.parametrize("cuts", [1, 2, 3])
def test_cut_wires_give_the_expectations_of_the_whole(cuts: int) -> None:
    qubits = 3 + cuts
    circuit = circuits.chain(qubits)
    marked = QuantumCircuit(qubits)
    for item in circuit.data:
        where = [circuit.find_bit(bit).index for bit in item.qubits]
        if len(where) == 2 and 0 < where[0] <= cuts:
            marked.append(CutWire(), [where[0]])
        marked.append(item.operation, where)
    strings = ["Z" * qubits, "I" * (qubits - 1) + "Z", "X" + "I" * (qubits - 2) + "Y", "I" * qubits]
    values = circuits.angles_of(circuit, 2)
    k = cut(marked, strings, max_overhead=1e6)
    assert sum(basis.is_wire for basis in k.cuts) == cuts and len(k.fragments) == cuts + 1
    np.testing.assert_allclose(k.expectations(values).values, circuits.truth(circuit, values, strings), atol=1e-9)
    slope = k.jacobian(values).values
    np.testing.assert_allclose(slope, circuits.differences(circuit, values, strings), atol=1e-6)


def test_wires_and_gates_together() -> None:
    circuit = circuits.entangled(4, ["cx", "rzz", "cx"], seed=3, pairs=[(0, 1), (1, 2), (2, 3)])
    marked = QuantumCircuit(4)
    for item in circuit.data:
        where = [circuit.find_bit(bit).index for bit in item.qubits]
        if where == [2, 3]:
            marked.append(CutWire(), [2])
        marked.append(item.operation, where)
    gate = next(i for i, item in enumerate(marked.data) if item.name == "rzz")
    strings, values = ["ZZZZ", "IZIX"], circuits.angles_of(circuit, 3)
    k = cut(marked, strings, cuts=[gate])
    assert sorted(k.widths) == [1, 2, 2]
    np.testing.assert_allclose(k.expectations(values).values, circuits.truth(circuit, values, strings), atol=1e-9)


@pytest.mark.parametrize("kind", circuits.FREE)
def test_slopes_by_cut_angles_and_by_others(kind: str) -> None:
    circuit = circuits.entangled(4, [kind, kind, "cx"], seed=2, pairs=[(1, 2), (0, 1), (2, 3)])
    strings, values = ["ZIIZ", "IZXI", "IIIZ"], circuits.angles_of(circuit, 2)
    found = cut(circuit, strings, cuts="AABB").jacobian(values)
    np.testing.assert_allclose(found.values, circuits.differences(circuit, values, strings), atol=2e-7)
    assert not found.stderr.any()


def test_slopes_are_exact_to_the_last_digits() -> None:
    """Against the shift rule on the whole circuit, where every angle is a plain rotation's."""
    circuit = circuits.chain(4, kind="rzz")
    strings, values = ["ZIIZ", "IIIX"], circuits.angles_of(circuit, 3)
    found = cut(circuit, strings, max_qubits=2).jacobian(values).values
    for p in range(circuit.num_parameters):
        step = np.eye(circuit.num_parameters)[p] * np.pi / 2
        exact = (circuits.truth(circuit, values + step, strings) - circuits.truth(circuit, values - step, strings)) / 2
        np.testing.assert_allclose(found[..., p], exact, atol=1e-8)


def test_the_slope_by_a_cut_angle_costs_no_circuit(monkeypatch: pytest.MonkeyPatch) -> None:
    circuit, calls = QuantumCircuit(2), []
    circuit.h([0, 1])
    circuit.rzz(Parameter("t"), 0, 1)
    circuit.rx(0.4, 1)
    k = cut(circuit, ["ZZ", "XI"], cuts="AB")
    original = simulation.tensor
    monkeypatch.setattr(simulation, "tensor", lambda *given: calls.append(1) or original(*given))
    values = circuits.angles_of(circuit, 3)
    k.expectations(values)
    alone, calls[:] = len(calls), []
    slope = k.jacobian(values).values
    assert len(calls) == alone == 2
    np.testing.assert_allclose(slope, circuits.differences(circuit, values, ["ZZ", "XI"]), atol=1e-7)


def test_a_parameter_in_several_gates_and_linear_expressions() -> None:
    t, s = Parameter("t"), Parameter("s")
    circuit = QuantumCircuit(3)
    circuit.ry(t, [0, 1, 2])
    circuit.rzz(2 * t - s / 3 + 0.2, 0, 1)
    circuit.rxx(s, 1, 2)
    circuit.rx(-t, 2)
    strings, values = ["ZIZ", "IYX"], circuits.angles_of(circuit, 3)
    k = cut(circuit, strings, cuts="ABB")
    np.testing.assert_allclose(k.expectations(values).values, circuits.truth(circuit, values, strings), atol=1e-9)
    np.testing.assert_allclose(k.jacobian(values).values, circuits.differences(circuit, values, strings), atol=1e-5)


def test_a_parameter_of_the_global_phase_alone_changes_nothing() -> None:
    phase, turn = Parameter("a"), Parameter("b")
    circuit = QuantumCircuit(2, global_phase=phase)
    circuit.ry(turn, 0)
    circuit.cx(0, 1)
    k, values = cut(circuit, ["ZI", "ZZ"], max_qubits=1), circuits.angles_of(circuit, 3)
    assert k.num_parameters == circuit.num_parameters == 2
    for executor in (None, open_qpu("exact")):
        found = k.expectations(values, executor=executor).values
        np.testing.assert_allclose(found, circuits.truth(circuit, values, ["ZI", "ZZ"]), atol=1e-9)
        slopes = k.jacobian(values, executor=executor).values
        np.testing.assert_allclose(slopes[:, 0], np.stack([0 * values[:, 1], -np.sin(values[:, 1])], -1), atol=1e-9)


def test_observables_may_be_an_array() -> None:
    circuit = circuits.chain(2)
    values, operators = circuits.angles_of(circuit, 2), np.empty(2, dtype=object)
    operators[:] = SparsePauliOp("XZ"), SparsePauliOp(["ZZ", "IX"])
    for observables in (np.array(["ZI", "ZZ"]), operators, np.array("ZZ")):
        found = cut(circuit, observables, max_qubits=1).expectations(values).values
        truth = circuits.truth(circuit, values, np.atleast_1d(observables).tolist())
        np.testing.assert_allclose(found, truth, atol=1e-9)


def test_sums_of_pauli_strings() -> None:
    circuit = circuits.chain(4)
    operators = [
        SparsePauliOp(["ZIIZ", "IXII", "IIII"], [0.5, -2.0, 0.25]),
        SparsePauliOp(["-ZIII", "ZIII"], [1.0, 0.25]),
    ]
    values = circuits.angles_of(circuit, 2)
    k = cut(circuit, operators, max_qubits=2)
    np.testing.assert_allclose(k.expectations(values).values, circuits.truth(circuit, values, operators), atol=1e-9)


@pytest.mark.parametrize(("qubits", "layers", "width"), [(4, 1, 2), (6, 1, 2), (5, 2, 3)])
def test_standard_errors_are_those_of_repetition(qubits: int, layers: int, width: int) -> None:
    circuit = circuits.chain(qubits, layers, "rzz")
    strings = ["Z" + "I" * (qubits - 1), "I" * (qubits - 1) + "Z", "Z" * qubits]
    values = circuits.angles_of(circuit, 3)
    k = cut(circuit, strings, max_qubits=width)
    exact, found = k.expectations(values).values, [k.expectations(values, shots=400, seed=s) for s in range(300)]
    z = np.array([(one.values - exact) / one.stderr for one in found])
    inside = float((np.abs(z) < 1.96).mean())
    assert abs(inside - 0.95) < 0.02
    spread, mean = (getattr(np.array([one.values for one in found]), name)(axis=0) for name in ("std", "mean"))
    assert np.abs(mean - exact).max() < 4.5 * spread.max() / np.sqrt(len(found))
    told = np.array([one.stderr for one in found]).mean(axis=0)
    assert np.all((told / spread > 0.85) & (told / spread < 1.2))


def test_standard_errors_of_slopes() -> None:
    circuit = circuits.chain(4, kind="rzz")
    values, strings = circuits.angles_of(circuit, 2), ["ZIIZ", "IIIZ"]
    k = cut(circuit, strings, max_qubits=2)
    exact = np.repeat(k.jacobian(values).values, 150, axis=0)
    found = k.jacobian(np.repeat(values, 150, axis=0), shots=400, seed=1)  # a row is a repetition
    moves = np.repeat(found.stderr.reshape(2, 150, *found.stderr.shape[1:]).max(axis=1) > 0, 150, axis=0)
    z = ((found.values - exact) / np.where(moves, np.maximum(found.stderr, 1e-12), 1.0))[moves]
    assert abs(float((np.abs(z) < 1.96).mean()) - 0.95) < 0.025
    assert np.abs((found.values - exact)[~moves]).max(initial=0.0) < 1e-12


def test_shots_are_reproducible() -> None:
    circuit = circuits.chain(4)
    k, values = cut(circuit, ["ZIII"], max_qubits=2), circuits.angles_of(circuit, 2)
    first, again, other = (k.expectations(values, shots=100, seed=s).values for s in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(("qubits", "layers", "width"), [(4, 1, 2), (6, 2, 3), (6, 2, 2)])
def test_fewer_subexperiments_than_the_addon_emits_and_none_missing(qubits: int, layers: int, width: int) -> None:
    circuit = circuits.chain(qubits, layers)
    bound = circuit.assign_parameters(circuits.angles_of(circuit, 1)[0])
    labels = "".join("ABCDEF"[q // width] for q in range(qubits))
    strings = ["Z" + "I" * (qubits - 1)]
    problem = partition_problem(bound, partition_labels=labels, observables=SparsePauliOp(strings).paulis)
    emitted, _ = generate_cutting_experiments(problem.subcircuits, problem.subobservables, np.inf)
    k = cut(circuit, strings, cuts=labels)
    together = sum(len(one) for one in emitted.values())
    assert k.subexperiments <= together
    assert k.overhead == pytest.approx(np.prod([basis.overhead for basis in problem.bases]))
    if (qubits, layers) == (6, 2):
        assert together / k.subexperiments >= 1.2


@pytest.mark.parametrize(
    ("widths", "fitting"),
    [(2, [2, 2, 2]), ([4, 2], [2, 4]), ([3, 3], [3, 3]), ([3, 2, 1], [1, 2, 3]), ([9], [6]), (7, [6])],
)
def test_cuts_for_equal_and_unequal_cores(widths: Any, fitting: list[int]) -> None:
    k = cut(circuits.chain(6), ["ZIIIII"], max_qubits=widths)
    assert sorted(k.widths) == fitting
    assert k.overhead == pytest.approx(9 ** (len(fitting) - 1))


def test_the_cheapest_assignment_is_found() -> None:
    """Two triangles whose qubits are interleaved, joined by one weak gate."""
    circuit = QuantumCircuit(6)
    for group in ((0, 2, 4), (1, 3, 5)):
        for a, b in ((0, 1), (1, 2), (0, 2)):
            circuit.cx(group[a], group[b])
    circuit.rzz(0.2, 4, 5)
    k = cut(circuit, ["ZIIIIZ"], max_qubits=3)
    assert [fragment.qubits for fragment in k.fragments] == [(0, 2, 4), (1, 3, 5)]
    assert k.overhead == pytest.approx((1 + 2 * np.sin(0.2)) ** 2)


def test_a_search_over_many_assignments() -> None:
    circuit = circuits.chain(16)
    k = cut(circuit, ["Z" + "I" * 15], max_qubits=4)
    assert sorted(k.widths) == [4, 4, 4, 4]
    assert k.overhead == pytest.approx(9**3)


def test_the_overhead_of_a_free_angle_depends_on_it() -> None:
    circuit = circuits.chain(2, kind="rzz")
    k, values = cut(circuit, ["ZZ"], max_qubits=1), circuits.angles_of(circuit, 5)
    turn = values[:, [p.name for p in circuit.parameters].index("a[2]")]
    np.testing.assert_allclose(k.overhead_at(values), (1 + 2 * np.abs(np.sin(turn))) ** 2, rtol=1e-12)
    assert k.overhead == pytest.approx(9.0)
    assert k.overhead_at(np.zeros((1, circuit.num_parameters)))[0] == pytest.approx(1.0)


def double_ring(layers: int) -> QuantumCircuit:
    """The paper's entangler on 6 qubits: CNOTs one and two apart."""
    circuit = QuantumCircuit(6)
    for _ in range(layers):
        for apart in (1, 2):
            for q in range(6):
                circuit.cx(q, (q + apart) % 6)
    return circuit


def test_hopeless_cuts_are_refused_with_number_and_remedies() -> None:
    assert cut(double_ring(1), ["ZIIIII"], max_qubits=3).overhead == pytest.approx(9.0**6)
    with pytest.raises(
        InputError, match=r"overhead of 2\.82e\+11, more than max_overhead=1e\+06; use .*linear.*bridges.*wider"
    ):
        cut(double_ring(2), ["ZIIIII"], max_qubits=3)


THREE = QuantumCircuit(3)
THREE.ccx(0, 1, 2)
MEASURED = QuantumCircuit(2, 1)
MEASURED.measure(0, 0)
SQUARED = QuantumCircuit(2)
SQUARED.rzz(Parameter("t") ** 2, 0, 1)
STRANGE = QuantumCircuit(2)
STRANGE.cu(Parameter("t"), 0, 0, 0, 0, 1)
RESET = QuantumCircuit(2)
RESET.reset(0)


@pytest.mark.parametrize(
    ("circuit", "observables", "options", "message"),
    [
        (circuits.chain(4), ["ZII"], {"max_qubits": 2}, "is on 3 qubits, the circuit on 4"),
        (circuits.chain(4), ["ZIIQ"], {"max_qubits": 2}, "is no Pauli string"),
        (circuits.chain(4), [], {"max_qubits": 2}, "at least one"),
        (circuits.chain(4), [SparsePauliOp("ZIII", 1j)], {"max_qubits": 2}, "not real"),
        (circuits.chain(4), ["ZIII"], {}, "neither where to cut nor how wide"),
        (circuits.chain(4), ["ZIII"], {"max_qubits": 0}, "max_qubits=0 must be a width of at least 1"),
        (circuits.chain(4), ["ZIII"], {"max_qubits": [2, 1]}, "room for 3, the circuit has 4; add a core"),
        (circuits.chain(4), ["ZIII"], {"max_qubits": 2, "max_overhead": 5}, "overhead of 9, more than max_overhead=5"),
        (circuits.chain(4), ["ZIII"], {"max_qubits": 2, "max_overhead": 0.5}, "max_overhead=0.5 must be a number"),
        (circuits.chain(4), ["ZIII"], {"cuts": "AAB"}, "3 labels, the circuit 4 qubits"),
        (circuits.chain(4), ["ZIII"], {"cuts": [0]}, "0 is no two-qubit gate of the circuit; those are"),
        (circuits.chain(4), ["ZIII"], {"cuts": 5}, "must be indices of gates, or a text"),
        (circuits.chain(4), ["ZIII"], {"cuts": "AABB", "max_qubits": 1}, "a fragment has 2 qubits, max_qubits=1"),
        (circuits.chain(4), ["ZIII"], {"cuts": "AAAB", "max_qubits": [2, 2]}, "do not fit on cores of"),
        (THREE, ["ZII"], {"max_qubits": 2}, "gate 'ccx' is on 3 qubits; decompose it"),
        (MEASURED, ["ZI"], {"max_qubits": 1}, "has classical bits"),
        (RESET, ["ZI"], {"max_qubits": 1}, "'reset' is no gate"),
        (SQUARED, ["ZI"], {"max_qubits": 1}, "is not linear in t"),
        (STRANGE, ["ZI"], {"max_qubits": 1}, "gate 'cu' has free angles"),
        ("circuit", ["ZI"], {"max_qubits": 1}, "'circuit' is not a QuantumCircuit"),
    ],
)
def test_refusals(circuit: Any, observables: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        cut(circuit, observables, **options)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[0.0]],), "values of shape (1, 1); the circuit needs (n, 8)"),
        ((np.zeros((0, 8)),), "at least one set"),
        ((np.full((1, 8), np.nan),), "NaN or infinity"),
        (("angles",), "values='angles' are no numbers"),
        ((np.zeros((1, 8)), 0), "shots=0 must be an integer of at least 1"),
        ((np.zeros((1, 8)), 10**19), "shots=10000000000000000000 exceed 1,000,000,000"),
    ],
)
def test_bad_values(arguments: Any, message: str) -> None:
    k = cut(circuits.chain(4), ["ZIII"], max_qubits=2)
    for method in (k.expectations, k.jacobian):
        with pytest.raises(InputError) as caught:
            method(*arguments)
        assert message in str(caught.value)
