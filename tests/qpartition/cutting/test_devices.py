"""Cut circuits on devices: the pieces through plan and dispatcher give what the whole circuit gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp
from qiskit_addon_cutting.instructions import CutWire

from backends import InputError, open_qpu
from qpartition import Dispatcher, Plan, Topology, Workload, plan
from qpartition.cutting import cut
from tests.qpartition.cutting import circuits
from tests.qpartition.cutting.circuits import Model


@settings(max_examples=20, deadline=None)
@given(st.integers(3, 4), st.lists(st.sampled_from((*circuits.FREE, *circuits.FIXED)), min_size=1, max_size=2),
       st.integers(0, 10**6), st.data())  # fmt: skip
def test_exact_pieces_give_the_whole(qubits: int, kinds: list[str], seed: int, data: Any) -> None:
    half = qubits // 2
    across = st.tuples(st.integers(0, half - 1), st.integers(half, qubits - 1))
    pairs = [data.draw(across)[:: data.draw(st.sampled_from([1, -1]))] for _ in kinds]
    circuit = circuits.entangled(qubits, [*kinds, "cx"], seed, [*pairs, (qubits - 2, qubits - 1)])
    strings = ["".join(data.draw(st.sampled_from("IXYZ")) for _ in range(qubits)) for _ in range(3)]
    values = circuits.angles_of(circuit, 2, seed)
    k = cut(circuit, [*strings, "I" * (qubits - 1) + "Z"], cuts="A" * half + "B" * (qubits - half), max_overhead=1e9)
    found = k.expectations(values, executor=open_qpu("exact"))
    truth = circuits.truth(circuit, values, [*strings, "I" * (qubits - 1) + "Z"])
    np.testing.assert_allclose(found.values, truth, atol=1e-9)
    assert not found.stderr.any()


def test_exact_pieces_of_cut_wires_give_the_whole() -> None:
    circuit = QuantumCircuit(4)
    base = circuits.chain(4, layers=2)
    for item in base.data:
        where = [base.find_bit(bit).index for bit in item.qubits]
        if where == [1, 2] or where == [2, 3]:
            circuit.append(CutWire(), [where[0]])
        circuit.append(item.operation, where)
    strings, values = ["IIIZ", "ZIII", "IXYZ"], circuits.angles_of(base, 3)
    for marked in (circuit,):
        k = cut(marked, strings, max_overhead=1e9)
        found = k.expectations(values, executor=open_qpu("exact"))
        np.testing.assert_allclose(found.values, circuits.truth(base, values, strings), atol=1e-9)


def test_slopes_on_devices_are_those_of_the_whole_and_cut_angles_cost_nothing() -> None:
    circuit = circuits.entangled(4, ["rzz", "cx", "rxx"], seed=3, pairs=[(1, 2), (2, 3), (0, 2)])
    values, strings = circuits.angles_of(circuit, 2), ["IIIZ", "ZIII", "ZIXI"]
    k = cut(circuit, strings, cuts="AABB")
    exact = k.jacobian(values)
    made = plan(k.workload(batch=2), Topology([open_qpu("exact")], 2), shots=None)
    with Dispatcher(made) as devices:
        plain = k.expectations(values, executor=devices)
        spent = devices.report().parameter_sets
        found = k.jacobian(values, executor=devices)
        shifted = devices.report().parameter_sets - spent
    np.testing.assert_allclose(plain.values, circuits.truth(circuit, values, strings), atol=1e-9)
    np.testing.assert_allclose(found.values, exact.values, atol=1e-9)
    uncut = {angle for fragment in k.fragments for angle in fragment.angles}
    assert len(uncut) == circuit.num_parameters - 2  # the angles of rzz and rxx are not shifted
    assert shifted == 2 * 2 * sum(
        len(unit.settings) * int(unit.active.sum()) for unit in next(iter(made.live.workload.cuts.values())).units
    )


@pytest.mark.parametrize("copies", [1, 3])
def test_standard_errors_hold_over_repetitions(copies: int) -> None:
    """95% within 1.96 standard errors; the values are unbiased."""
    circuit = circuits.entangled(3, ["rzz", "cx"], seed=2, pairs=[(1, 2), (0, 1)])
    values, strings = circuits.angles_of(circuit, 200), ["IIZ", "ZII"]
    values[:] = values[0]
    k = cut(circuit, strings, cuts="AAB")
    truth = circuits.truth(circuit, values[:1], strings)
    made = plan(k.workload(200, copies), Topology([open_qpu("exact")], 2), shots=500)
    with Dispatcher(made, seed=4) as devices:
        found = k.expectations(values, executor=devices)
        slopes = k.jacobian(values, executor=devices)
    z = (found.values - truth) / found.stderr
    assert np.abs(z.mean(axis=0)).max() < 4 / np.sqrt(200)
    assert 0.91 < (np.abs(z) < 1.96).mean() < 0.985
    exact, known = k.jacobian(values[:1]).values, slopes.stderr > 1e-9
    z = ((slopes.values - exact) / np.where(known, slopes.stderr, 1.0))[known]
    assert 0.93 < (np.abs(z) < 1.96).mean() < 0.985  # outcomes that are certain are never reported as such
    np.testing.assert_allclose((slopes.values - exact)[~known], 0.0, atol=1e-9)


def test_copies_go_where_they_lower_the_error() -> None:
    """A bridge with a small angle is nearly an identity: the settings that matter get the copies."""
    circuit = circuits.entangled(2, ["rzz"], seed=2)
    values = np.tile(circuits.angles_of(circuit, 1), (400, 1))
    values[:, 4] = 0.3
    k = cut(circuit, ["IZ", "ZI"], cuts="AB")
    errors = {}
    for copies, shots in ((1, 800), (4, 200)):
        made = plan(k.workload(400, copies), Topology([open_qpu("exact")], 1), shots=shots)
        with Dispatcher(made, seed=4) as devices:
            found = k.expectations(values, executor=devices)
            errors[copies] = (found.values - circuits.truth(circuit, values[:1], ["IZ", "ZI"])).std()
            assert devices.report().executions == made.forward.executions
    assert errors[4] < 0.9 * errors[1]  # at equal shots


def test_noisy_pieces_are_the_same_by_twin_and_aer_on_two_devices() -> None:
    circuit = circuits.entangled(3, ["cx", "rzz"], seed=5, pairs=[(0, 1), (1, 2)])
    values, strings, found = circuits.angles_of(circuit, 2), ["IIZ", "ZII", "IZI"], []
    k = cut(circuit, strings, max_qubits=2)
    for engine in ("twin", "aer"):
        topology = Topology([open_qpu(f"fake:torino?engine={engine}"), open_qpu(f"fake:fez?engine={engine}")], 2)
        made = plan(k.workload(2), topology, shots=None)
        assert len({circuit.core.split("/")[0] for circuit in made.circuits}) == 2
        with Dispatcher(made) as devices:
            found.append((k.expectations(values, executor=devices), k.jacobian(values, executor=devices)))
            assert devices.report().jobs == 4  # one per device and round
    (twin, slopes), (aer, other) = found
    np.testing.assert_allclose(twin.values, aer.values, atol=1e-7)
    np.testing.assert_allclose(slopes.values, other.values, atol=1e-7)
    ideal = circuits.truth(circuit, values, strings)
    assert 1e-3 < np.abs(twin.values - ideal).max() < 0.5


def test_a_slope_of_rows_nobody_asked_for_before_measures_them_too() -> None:
    circuit = circuits.chain(4, kind="rzz")
    k = cut(circuit, ["IIIZ"], cuts="AABB")
    values = circuits.angles_of(circuit, 3)
    found = k.jacobian(values, executor=[open_qpu("exact")])
    np.testing.assert_allclose(found.values, k.jacobian(values).values, atol=1e-9)


def test_a_plan_shows_its_cuts_and_survives_a_file(tmp_path: Any) -> None:
    w = Workload.of(Model(circuits.chain(4, layers=2), 2), batch=3, steps=2)
    with pytest.raises(InputError, match=r"'wide' has 4 qubits, but the widest core has 2.*cut"):
        plan(w, Topology([open_qpu("exact")], 2))
    made = plan(w, Topology([open_qpu("fake:torino")], 2), wide="cut", copies=2)
    (one,) = made.cuts
    assert (one.widths, one.gates, one.wires, one.overhead) == ((2, 2), 2, 0, pytest.approx(81))
    assert "sampling overhead 81" in str(made) and one.keys == ("wide",)
    assert made.forward.parameter_sets == 3 * 2 * one.subexperiments
    made.save(tmp_path / "plan.json")
    assert Plan.load(tmp_path / "plan.json") == made
    assert plan(w, Topology([open_qpu("fake:torino")], 4), wide="cut").cuts == ()  # it fits


def test_blocks_of_a_circuit_are_where_it_is_cut() -> None:
    circuit = QuantumCircuit(4)
    base = circuits.chain(4, kind="rzz")
    for item in base.data:
        circuit.append(item.operation, [base.find_bit(bit).index for bit in item.qubits])
    w = Workload.of(Model(circuit, 4, blocks=[[0, 2], [1, 3]]), batch=1, steps=1)
    (one,) = plan(w, Topology([open_qpu("exact")], 2), wide="cut", shots=None).cuts
    assert (one.gates, one.widths) == (3, (1, 1, 1, 1))  # all of the chain is between the blocks
    (other,) = plan(w, Topology([open_qpu("exact")], 3), wide="cut", shots=None, max_overhead=1e4).cuts
    assert other.gates == 3


def test_the_search_cuts_a_wire_where_that_is_cheaper() -> None:
    circuit = QuantumCircuit(5)
    base = circuits.chain(5)
    for q in range(5):
        circuit.append(base.data[q].operation, [q])
    for a, b in ((0, 1), (1, 2), (0, 2), (2, 3), (3, 4), (2, 4), (2, 3), (3, 4)):
        circuit.cx(a, b)
    k = cut(circuit, ["IIIIZ", "ZIIII"], max_qubits=3)
    assert [basis.is_wire for basis in k.cuts] == [True] and k.overhead == pytest.approx(16)
    gates = cut(circuit, ["IIIIZ", "ZIIII"], max_qubits=[3, 2])  # the wire goes on as a sixth qubit
    assert not any(basis.is_wire for basis in gates.cuts) and gates.overhead == pytest.approx(81)
    values = circuits.angles_of(circuit, 2)
    truth = circuits.truth(circuit, values, ["IIIIZ", "ZIIII"])
    for one in (k, gates):
        np.testing.assert_allclose(one.expectations(values, executor=open_qpu("exact")).values, truth, atol=1e-9)


def test_rows_that_are_alike_are_measured_each_for_itself() -> None:
    """Their slopes too: the mean over 400 equal rows has the error of 400 measurements."""
    circuit = circuits.entangled(2, ["rzz"], seed=6)
    k = cut(circuit, ["IZ", "ZI"], cuts="AB")
    values = np.tile(circuits.angles_of(circuit, 1), (400, 1))
    made = plan(k.workload(400), Topology([open_qpu("exact")], 1), shots=100)
    with Dispatcher(made, seed=1) as devices:
        k.expectations(values, executor=devices)
        first = k.jacobian(values, executor=devices)
        spent = devices.report().parameter_sets
        second = k.jacobian(values, executor=devices)  # what was measured served once
        again = devices.report().parameter_sets - spent
    exact = k.jacobian(values[:1]).values
    (cut_angle,) = {angle for angle in range(circuit.num_parameters) if angle not in
                    {a for fragment in k.fragments for a in fragment.angles}}  # fmt: skip
    for found in (first, second):
        error = found.values.mean(axis=0)[:, cut_angle] - exact[0, :, cut_angle]
        spread = np.sqrt((found.stderr[:, :, cut_angle] ** 2).mean(axis=0) / len(values))
        assert np.abs(error / spread).max() < 4.5
        assert len(np.unique(found.values[:, 0, cut_angle])) > 100
    assert again == spent  # the rows and their shifts


def test_derivatives_survive_a_memory_that_is_too_small(monkeypatch: pytest.MonkeyPatch) -> None:
    from qpartition.cutting import asking

    monkeypatch.setattr(asking, "_REMEMBERED", 30)
    circuit = circuits.chain(4, kind="rzz")
    k, values = cut(circuit, ["IIIZ"], cuts="AABB"), circuits.angles_of(circuit, 3)
    made = plan(k.workload(3), Topology([open_qpu("exact")], 2), shots=None)
    with Dispatcher(made) as devices:
        k.expectations(values, executor=devices)
        found = k.jacobian(values, executor=devices)
    np.testing.assert_allclose(found.values, k.jacobian(values).values, atol=1e-9)


def test_standard_errors_of_sums_are_bounds() -> None:
    """Strings of one fragment come from the same shots: their sum may vary more than if they were independent."""
    circuit = QuantumCircuit(4)
    circuit.h([0, 2])
    circuit.cx(0, 1)
    circuit.cx(2, 3)
    circuit.rzz(0.4, 1, 2)
    sums = [SparsePauliOp(["IIIZ", "IIZI"], [1, 1]), SparsePauliOp(["IIIZ", "IIZI"], [1, -1])]
    k = cut(circuit, sums, cuts="AABB")
    made = plan(k.workload(500), Topology([open_qpu("exact")], 2), shots=300)
    with Dispatcher(made, seed=1) as devices:
        found = k.expectations(np.zeros((500, 0)), executor=devices)
    ratio = found.values.std(axis=0) / found.stderr.mean(axis=0)
    assert 0.9 < ratio[0] < 1.1 and ratio[1] < 1.1  # always equal, and always opposite


def test_where_nothing_is_measured_nothing_is_planned() -> None:
    with pytest.raises(InputError, match="anything to measure"):
        cut(circuits.chain(4), ["IIII"], cuts="A" * 4).workload(1)
    with pytest.raises(InputError, match="no qubits"):
        cut(QuantumCircuit(0), ["I"], max_qubits=1)


def test_a_plan_says_how_many_times_the_pieces_of_a_circuit_run() -> None:
    """Where it says nothing, the workload does."""
    k, topology = cut(circuits.chain(4), ["IIIZ"], cuts="AABB"), Topology([open_qpu("exact")], 2)
    once, thrice = k.workload(5), k.workload(5, copies=3)
    spent = {copies: plan(once, topology, copies=copies).step for copies in (None, 1, 4)}
    assert spent[None] == spent[1]
    assert spent[4] == plan(k.workload(5, copies=4), topology).step
    assert spent[4].executions == 4 * spent[1].executions
    assert plan(thrice, topology).step.executions == 3 * spent[1].executions
    assert plan(thrice, topology, copies=1, wide="cut").step == spent[1]
    values = circuits.angles_of(circuits.chain(4), 5)
    made = plan(once, topology, shots=None, copies=2)
    with Dispatcher(made) as devices:
        np.testing.assert_allclose(
            k.expectations(values, executor=devices).values, k.expectations(values).values, atol=1e-9
        )
        assert devices.report().parameter_sets == 2 * plan(once, topology).forward.parameter_sets
