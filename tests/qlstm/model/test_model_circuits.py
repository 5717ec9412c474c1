"""The exported circuits: names, parameters, metadata, QASM3, and that they are the model."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest
import torch
from qiskit import QuantumCircuit, qasm3
from qiskit.quantum_info import Operator

from qlstm import QLSTM, Ansatz, Forecaster
from tests.qlstm.model import reference
from tests.qlstm.model.cases import CASES, Case, numbers
from tests.qlstm.model.executors import by_statevector

CIRCUIT_CASES = [case for case in CASES if case.width <= 4][::2]


def stacked() -> Forecaster:
    """Everything that has circuits."""
    return Forecaster(
        1, 3, num_layers=2, bidirectional=True, parts=2, hidden_vqc=True, head="vqc", ansatz=Ansatz.reupload(2, 1)
    )


def test_names_are_unique_and_say_where_a_circuit_belongs() -> None:
    names = [circuit.name for circuit in stacked().circuits()]
    assert len(set(names)) == len(names)
    gates = {f"l{n}{r}.{g}.p{m}" for n in (0, 1) for r in ("", "r") for g in "ifgo" for m in (0, 1)}
    hidden = {f"hidden_l{n}{r}.h.p{m}" for n in (0, 1) for r in ("", "r") for m in (0, 1)}
    assert set(names) == gates | hidden | {"head.y.p0"}
    plain = [circuit.name for circuit in QLSTM(1, 3, parts=2).circuits()]
    assert plain == [f"l0.{g}.p{m}" for g in "ifgo" for m in (0, 1)]


@pytest.mark.parametrize("case", CIRCUIT_CASES, ids=str)
def test_parameters_are_phi_then_theta_and_occur_once(case: Case) -> None:
    words = case.words
    for circuit in case.model().circuits():
        meta = circuit.metadata
        names = [parameter.name for parameter in circuit.parameters]
        assert names == [f"phi[{n}]" for n in range(meta["inputs"])] + [f"theta[{n}]" for n in range(meta["weights"])]
        used = Counter(p for step in circuit.data for angle in step.operation.params for p in angle.parameters)
        assert set(used.values()) == {1}
        assert {step.operation.name for step in circuit.data} <= {"h", "cx", "ry", "rz"}
        angles = 3 if words.rotation == "rot" else 1
        assert meta["weights"] == words.uploads * words.depth * circuit.num_qubits * angles
        assert circuit.num_clbits == 0


@pytest.mark.parametrize("case", CIRCUIT_CASES, ids=str)
def test_metadata(case: Case) -> None:
    circuits = iter(case.model().circuits())
    words, (_, hidden) = case.words, case.sizes
    sizes = [len(piece) for piece in np.array_split(np.arange(hidden), case.parts)]
    for layer in range(case.layers):
        for _ in range(case.directions):
            for gate in "ifgo":
                for m, (part, width) in enumerate(zip(case.lists(layer), case.widths(layer), strict=True)):
                    circuit = next(circuits)
                    repeats = words.uploads * (2 if words.encoding == "arctan" else 1)
                    assert circuit.num_qubits == width
                    assert circuit.metadata == {
                        "outputs": sizes[m], "inputs": repeats * len(part), "weights": circuit.metadata["weights"],
                        "layer": layer, "gate": gate, "part": m, "trainable_encoding": words.affine_input,
                        "sources": tuple("h" if i < hidden else "x" for i in part) * repeats,
                    }  # fmt: skip
    assert next(circuits, None) is None


def encoded(words: reference.Recipe, inputs: np.ndarray) -> np.ndarray:
    """Angles of ``phi`` from what is encoded, (uploads, inputs)."""
    if words.encoding == "angle":
        return inputs.reshape(-1)
    return np.stack([np.arctan(inputs), np.arctan(inputs**2)], axis=1).reshape(-1)


@pytest.mark.parametrize("case", CIRCUIT_CASES, ids=str)
def test_circuits_are_the_model(case: Case) -> None:
    """One step of the first layer, from the exported circuits alone."""
    model, (x, h0, c0) = case.model(), case.data()
    parameters, words = numbers(model), case.words
    v = np.concatenate([h0[0, 0].numpy(), x[0, 0].numpy()])
    z: dict[str, list[float]] = {gate: [] for gate in "ifgo"}
    for circuit in model.circuits()[: 4 * case.parts]:
        gate, part = "ifgo".index(circuit.metadata["gate"]), circuit.metadata["part"]
        inputs = np.tile(v[case.lists(0)[part]], (words.uploads, 1))
        if words.affine_input:
            inputs = parameters[f"scale_l0_p{part}"][gate] * inputs + parameters[f"bias_l0_p{part}"][gate]
        values = np.concatenate([encoded(words, inputs), parameters[f"weight_l0_p{part}"][gate].reshape(-1)])
        z[circuit.metadata["gate"]] += by_statevector(circuit, values[np.newaxis])[0].tolist()
    raw = np.array([z[gate] for gate in "ifgo"])
    if words.affine_output:
        raw = parameters["gain_l0"] * raw + parameters["offset_l0"]
    expected, c = reference.update(raw, c0[0, 0].numpy())
    single = QLSTM(**{**case.options(), "num_layers": 1, "bidirectional": False}, dtype=torch.float64)
    single.load_state_dict({name: model.state_dict()[name] for name in single.state_dict()})
    y, (_, c_n) = single(x[:1, :1], (h0[:1, :1], c0[:1, :1]))
    np.testing.assert_allclose(y[0, 0].detach().numpy(), expected, rtol=0, atol=1e-9)
    np.testing.assert_allclose(c_n[0, 0].detach().numpy(), c, rtol=0, atol=1e-9)


def bound(circuit: QuantumCircuit, values: dict[str, float]) -> QuantumCircuit:
    """Parameters set by the numbers in their names: QASM writes ``phi[3]`` as ``_phi_3_``."""
    return circuit.assign_parameters(
        {p: values["".join(re.findall("[a-z]+|[0-9]+", p.name))] for p in circuit.parameters}
    )


@pytest.mark.parametrize("preset", ["chen2020", "chen2024", "reupload"])
def test_qasm3_there_and_back(preset: str) -> None:
    draw = np.random.default_rng(1)
    for circuit in QLSTM(1, 4, parts=2, ansatz=Ansatz.named(preset)).circuits()[:2]:
        again = qasm3.loads(qasm3.dumps(circuit))
        values = {f"{kind}{n}": draw.uniform(-3, 3) for kind in ("phi", "theta") for n in range(99)}
        assert again.num_parameters == circuit.num_parameters
        assert Operator(bound(circuit, values)).equiv(Operator(bound(again, values)))


def test_circuits_are_the_callers_own() -> None:
    model = QLSTM(1, 3, parts=2)
    first = model.circuits()[0]
    first.x(0)
    first.metadata["outputs"] = 99
    again = model.circuits()[0]
    assert again.metadata["outputs"] == 2
    assert again != first
    assert "x" not in again.count_ops()


def test_extra_qubits_carry_no_input() -> None:
    circuit = QLSTM(1, 2, qubits=5, ansatz=Ansatz.chen2020(1, entangler="none")).circuits()[0]
    assert (circuit.num_qubits, circuit.metadata["inputs"], circuit.metadata["outputs"]) == (5, 6, 2)
    encoded_qubits = {
        circuit.find_bit(step.qubits[0]).index
        for step in circuit.data
        for angle in step.operation.params
        if str(angle).startswith("phi")
    }
    assert encoded_qubits == {0, 1, 2}
