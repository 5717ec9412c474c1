"""ISA circuits: exactly the source circuit, few two-qubit gates, one per shape, well placed."""

from __future__ import annotations

from itertools import permutations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit.quantum_info import Operator

from backends import InputError, Request, open_qpu
from backends.device import cropped_target
from backends.device_qpu import DeviceQPU
from backends.isa import IsaCircuit
from qlstm.ansatz import PRESETS, Ansatz
from qlstm.circuits import circuit as sub_vqc
from tests.backends.circuits import angles, chen2020, ideal

DEVICES = {name: open_qpu(f"fake:{name}") for name in ("fez", "torino", "brisbane", "manila", "nairobi")}


def assert_equivalent(qpu: DeviceQPU, circuit: QuantumCircuit, width: int | None = None) -> QuantumCircuit:
    """The same operator up to a phase, by Qiskit and its record of the layout, at random angles, on two cores."""
    for core in qpu.cores(width or circuit.num_qubits)[::7][:2]:
        isa = qpu.transpile(circuit, core)
        assert set(isa.parameters) <= set(circuit.parameters)
        row = dict(zip(circuit.parameters, angles(circuit, 1)[0], strict=True))
        bound = isa.assign_parameters({p: row[p] for p in isa.parameters})
        spare = QuantumCircuit(core.num_qubits)
        spare.compose(circuit.assign_parameters(row), range(circuit.num_qubits), inplace=True)
        assert Operator.from_circuit(bound).equiv(Operator(spare))
        for item in isa.data:
            qubits = tuple(isa.find_bit(bit).index for bit in item.qubits)
            assert (
                qubits in qpu.device.target[item.name]
                or tuple(core.qubits[q] for q in qubits) in (qpu.device.target[item.name])
            )
    return isa


@pytest.mark.parametrize("name", ["fez", "brisbane", "nairobi"])
@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("qubits", [2, 3, 4])
def test_presets_are_equivalent(name: str, preset: str, qubits: int) -> None:
    if qubits < 7:
        assert_equivalent(DEVICES[name], sub_vqc(Ansatz.named(preset), qubits - 1, qubits))


@pytest.mark.parametrize("entangler", ["ring2", "ring", "linear", "brick", "none"])
def test_entanglers_are_equivalent_on_five_qubits(entangler: str) -> None:
    assert_equivalent(DEVICES["torino"], sub_vqc(Ansatz.chen2020(1, entangler=entangler), 5, 5))


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_random_circuits_are_equivalent(data: st.DataObject) -> None:
    """CNOTs, SWAPs and one-qubit gates in any order, and now and then a gate that no linear map is."""
    width = data.draw(st.integers(1, 4))
    vector = ParameterVector("v", 4)
    circuit = QuantumCircuit(width)
    pairs = list(permutations(range(width), 2)) or [(0, 0)]
    names = ["h", "rx", "ry", "rz", "sx"] + (["cx"] * 6 + ["swap", "cz"] if width > 1 else [])
    for name in data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=14)):
        if name in ("cx", "swap", "cz"):
            getattr(circuit, name)(*data.draw(st.sampled_from(pairs)))
        else:
            angle = [data.draw(st.sampled_from([vector[0], 2 * vector[1] - vector[2], 0.3]))] * name.startswith("r")
            getattr(circuit, name)(*angle, data.draw(st.integers(0, width - 1)))
    assert_equivalent(DEVICES[data.draw(st.sampled_from(["fez", "nairobi"]))], circuit)


@pytest.mark.parametrize(("qubits", "most"), [(3, 2), (4, 15), (5, 20)])
def test_two_qubit_gates_of_chen2020(qubits: int, most: int) -> None:
    """24, 29 to 33 and 55 to 68 by the transpiler alone."""
    circuit = sub_vqc(Ansatz.chen2020(), qubits, qubits)
    for name in ("fez", "torino"):
        for core in DEVICES[name].cores(qubits)[:6]:
            assert DEVICES[name].profile(circuit, core, 1).two_qubit_gates <= most


def test_angles_stay_apart() -> None:
    """Every free angle of a routed circuit is a function of one parameter."""
    qpu = DEVICES["fez"]
    for circuit in (sub_vqc(Ansatz.chen2020(), 4, 4), sub_vqc(Ansatz.reupload(), 3, 3)):
        compact = qpu._circuits.get(circuit, qpu.cores(circuit.num_qubits)[0]).compact
        assert ((compact.angles.linear != 0).sum(axis=0) == 1).all()
        assert not compact.angles.general


def log_fidelity(isa: IsaCircuit, qpu: DeviceQPU, where: tuple[int, ...]) -> float:
    """From the target itself, as `backends.placing` describes it."""
    target, total = qpu.device.target, 0.0
    for item in isa.template.circuit.data:
        qubits = tuple(where[isa.template.circuit.find_bit(bit).index] for bit in item.qubits)
        total += np.log(1 - (target[item.name][qubits].error or 0.0))
    n = len(isa.template.wires)
    return total + sum(
        (n - k) / n * np.log(1 - target["measure"][where[w],].error) for k, w in enumerate(isa.template.wires)
    )


@pytest.mark.parametrize("name", ["fez", "brisbane"])
def test_no_other_place_on_the_core_is_better(name: str) -> None:
    qpu, circuit = DEVICES[name], sub_vqc(Ansatz.chen2020(1), 3, 3)
    for core in qpu.cores(3)[:6]:
        isa = qpu._circuits.get(circuit, core).isa
        used = {step for step in isa.template.steps if len(step[1]) == 2}
        mine = log_fidelity(isa, qpu, tuple(core.qubits[q] for q in isa.where))
        for where in permutations(core.qubits):
            possible = all(tuple(where[q] for q in qubits) in qpu.device.target[gate] for gate, qubits in used)
            assert not possible or log_fidelity(isa, qpu, where) <= mine + 1e-12


def test_profiles_by_the_cropped_target() -> None:
    qpu, circuit = DEVICES["torino"], chen2020(3, 2)
    for core in qpu.cores(3)[:3]:
        target, isa = cropped_target(qpu.device, core.qubits), qpu.transpile(circuit, core)
        fidelity = 1.0
        for item in isa.data:
            fidelity *= 1 - (target[item.name][tuple(isa.find_bit(bit).index for bit in item.qubits)].error or 0.0)
        for wire in isa.layout.final_index_layout(filter_ancillas=True)[:2]:
            fidelity *= 1 - target["measure"][wire,].error
        profile = qpu.profile(circuit, core, 2)
        assert profile.fidelity == pytest.approx(fidelity, rel=1e-12)
        assert (profile.two_qubit_gates, profile.depth) == (isa.num_nonlocal_gates(), isa.depth())


def test_a_narrow_circuit_on_a_wide_core_takes_its_best_qubits() -> None:
    qpu, circuit = DEVICES["nairobi"], chen2020(2)
    (whole,) = qpu.cores()
    best = max(qpu.profile(circuit, qpu.core(pair), 2).fidelity for pair in qpu.coupling_map)
    assert qpu.profile(circuit, whole, 2).fidelity == pytest.approx(best, rel=1e-3)
    values = angles(circuit, 3)
    found = qpu.run([Request(circuit, values, 2, whole)]).result()[0]
    np.testing.assert_allclose(found.values, ideal(circuit, values, 2), atol=0.3)
    assert_equivalent(DEVICES["manila"], chen2020(3), 5)


def test_devices_of_any_couplings() -> None:
    ring = [[i, (i + 1) % 4] for i in range(4)]
    qpu = open_qpu(GenericBackendV2(4, basis_gates=["cx", "rz", "sx", "x"], coupling_map=ring, seed=1))
    assert_equivalent(qpu, sub_vqc(Ansatz.chen2020(), 4, 4))  # type: ignore[arg-type]


def test_cores_of_chosen_qubits() -> None:
    fez = DEVICES["fez"]
    like = fez.cores(4)[3]
    core = fez.core(reversed(like.qubits))
    assert core.name == "fake:fez/q" + "-".join(map(str, reversed(like.qubits)))
    assert core.error == pytest.approx(like.error)
    assert core.calibration.readout[0] == like.calibration.readout[3]
    assert fez.profile(chen2020(4), core, 4).fidelity == pytest.approx(fez.profile(chen2020(4), like, 4).fidelity)


BROKEN = sorted(set(range(156)) - set(DEVICES["fez"].calibration.one_qubit))


@pytest.mark.parametrize(
    ("qubits", "message"),
    [
        ((), "needs at least one qubit"),
        ((0, 156), r"qubit 156 of fake:fez does not exist; choose from 0\.\.155"),
        ((-1,), "qubit -1 .* does not exist"),
        ((1, "2"), "qubit '2' .* does not exist"),
        ((1, 2, 1), "qubit 1 of fake:fez is named twice"),
        ((0, 2), r"qubits \[0, 2\] of fake:fez are not connected"),
        (tuple(range(157)), "qubit 156 .* does not exist"),
        *([((BROKEN[0],), f"qubit {BROKEN[0]} of fake:fez does not work")] if BROKEN else []),
    ],
)
def test_chosen_qubits_that_are_refused(qubits: tuple[int, ...], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        DEVICES["fez"].core(qubits)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("width", "guard", "at_least"), [(3, 1, 26), (4, 1, 20), (5, 1, 16), (6, 1, 15), (4, 2, 12)])
def test_guarded_cores_of_fez(width: int, guard: int, at_least: int) -> None:
    """Distances on the chip as it was built: crosstalk also takes broken couplings."""
    graph = nx.Graph(list(DEVICES["fez"].device.target["cz"]))
    cores = DEVICES["fez"].cores(width, guard)
    assert len(cores) >= at_least
    for core in cores:
        others = {q for other in cores if other is not core for q in other.qubits}
        near = nx.multi_source_dijkstra_path_length(graph, set(core.qubits), cutoff=guard)
        assert not others & near.keys()
