"""Parts joined by bridges: against the split, against qiskit, the kernel against plain torch, devices against autograd."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np
import pytest
import torch
from qiskit.quantum_info import Statevector
from torch import Tensor

from backends import open_qpu
from backends.errors import InputError
from qlstm import QLSTM, Ansatz, Forecaster, QLSTMCell
from qlstm.bridges import bridge_pairs, joined_parts
from qlstm.evaluate import Exact
from qpartition import Dispatcher, Partition, Topology, Workload, plan
from tests.qlstm.model.cases import numbers, scramble
from tests.qlstm.model.gradients import along, assert_close, direction_like, gradients, weighted
from tests.qlstm.model.reference import cnots

F64 = torch.float64
ANSATZE = {
    "chen2020": Ansatz.chen2020(),
    "chen2024": Ansatz.chen2024(depth=2),
    "reupload": Ansatz.reupload(),
    "arctan-ry-2": Ansatz(encoding="arctan", rotation="ry", entangler="linear", uploads=2, affine_input=True),
    "angle-rot-3": Ansatz(encoding="angle", rotation="rot", entangler="ring", uploads=3, affine_output=True),
}
SPLITS: dict[str, dict[str, Any]] = {
    "one": {"parts": 2, "bridges": 1},
    "shared": {"hidden_size": 2, "parts": 2, "partition": "shared-input", "bridges": 2},
    "some of three": {"parts": 3, "partition": "round-robin", "bridges": [(1, 2)]},
    "across": {"parts": 3, "bridges": [(0, 4), (5, 2), (0, 3)]},
    "extra qubits": {"parts": 2, "qubits": [4, 3], "bridges": 3},
    "stack": {"hidden_size": 2, "parts": 2, "num_layers": 2, "bidirectional": True, "bridges": 1},
}


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        yield


def bridged(ansatz: Ansatz | None = None, **options: Any) -> QLSTM:
    model = QLSTM(**({"input_size": 2, "hidden_size": 4, "ansatz": ansatz, "dtype": F64} | options))
    scramble(model)
    return model


@pytest.mark.parametrize("split", list(SPLITS))
@pytest.mark.parametrize("name", list(ANSATZE))
def test_the_kernel_equals_plain_torch(name: str, split: str) -> None:
    model = bridged(ANSATZE[name], **SPLITS[split])
    x = torch.randn(2, 9, 2, dtype=F64, requires_grad=True)
    leaves, answers = dict(model.named_parameters()) | {"x": x}, []
    for evaluator in (None, Exact(model.parameters_by_name())):
        y, (h, c) = model.run(x, None, evaluator)
        answers.append({"y": y} | gradients(weighted((y, h, c)), leaves))
    assert "_Sequence" in str(model(x)[0].grad_fn) or model.bidirectional
    assert_close(answers[0], answers[1], 1e-12)


def expected_vqc(model: QLSTM, gate: int, v: Tensor) -> np.ndarray:
    """<Z> of one gate by qiskit, from the parameters by name, with qubits counted part after part."""
    from qiskit import QuantumCircuit

    ansatz, division, p = model.ansatz, model.division, numbers(model)
    first = np.cumsum([0, *division.qubits])
    circuit = QuantumCircuit(int(first[-1]))
    circuit.h(range(circuit.num_qubits))
    for upload in range(ansatz.uploads):
        for m, entries in enumerate(division.inputs):
            for k, entry in enumerate(entries):
                value = float(v[entry])
                if ansatz.affine_input:
                    value = p[f"scale_l0_p{m}"][gate, upload, k] * value + p[f"bias_l0_p{m}"][gate, upload, k]
                if ansatz.encoding == "arctan":
                    circuit.ry(np.arctan(value), int(first[m]) + k)
                    circuit.rz(np.arctan(value**2), int(first[m]) + k)
                else:
                    circuit.ry(value, int(first[m]) + k)
        for layer in range(ansatz.depth):
            for m, q in enumerate(division.qubits):
                for control, target in cnots(ansatz.entangler, q):
                    circuit.cx(int(first[m]) + control, int(first[m]) + target)
            angles = p["bridge_l0"].reshape(4, ansatz.uploads, ansatz.depth, -1)[gate, upload, layer]
            for (a, b), angle in zip(model.joinings[0, 0].pairs, angles, strict=True):
                circuit.rzz(angle, a, b)
            for m, q in enumerate(division.qubits):
                turns = p[f"weight_l0_p{m}"].reshape(4, ansatz.uploads, ansatz.depth, q, -1)[gate, upload, layer]
                for k, row in enumerate(turns):
                    for turn, angle in zip("zyz" if ansatz.rotation == "rot" else "y", row, strict=True):
                        getattr(circuit, f"r{turn}")(angle, int(first[m]) + k)
    state = Statevector(circuit)
    read = [int(first[m]) + k for m, size in enumerate(division.outputs) for k in range(size)]
    z = np.array([-np.diff(state.probabilities([q]))[0] for q in read])
    return p["gain_l0"][gate] * z + p["offset_l0"][gate] if ansatz.affine_output else z


@pytest.mark.parametrize("split", [name for name in SPLITS if name != "stack"])
@pytest.mark.parametrize("name", list(ANSATZE))
def test_values_are_those_of_a_circuit_written_down_again(name: str, split: str) -> None:
    model = bridged(ANSATZE[name], **SPLITS[split])
    size = model.hidden_size
    v = torch.randn(size + 2, dtype=F64)
    z = [torch.from_numpy(expected_vqc(model, gate, v)) for gate in range(4)]
    i, f, g, o = z[0].sigmoid(), z[1].sigmoid(), z[2].tanh(), z[3].sigmoid()
    c0 = torch.randn(size, dtype=F64)
    c = f * c0 + i * g
    y, (_, end) = model(v[None, size:], (v[None, :size], c0[None]))
    assert_close({"h": y[0], "c": end[0]}, {"h": o * c.tanh(), "c": c}, 1e-12)


@pytest.mark.parametrize("split", list(SPLITS))
def test_circuits_measure_what_the_model_does_and_say_where_the_blocks_are(split: str) -> None:
    model = bridged(Ansatz.chen2020(1), **SPLITS[split])
    bank, named = model.banks[0, 0], model.parameters_by_name()
    v = torch.randn(1, model.hidden_size + 2, dtype=F64)
    circuits = {one.name: one for one in model.circuits()}
    z = Exact(named)([_query(bank, v)])[0][:, 0].detach().numpy()
    for gate in range(4):
        found = []
        for part in range(bank.partition.parts):
            one = circuits[bank.key(gate, part)]
            angles = bank.angles(part, v, named)[0].flatten().tolist()
            weights = bank.weights(part, named)[gate].tolist()
            state = Statevector(one.assign_parameters(angles + weights))
            found += [-np.diff(state.probabilities([q]))[0] for q in range(one.metadata["outputs"])]
            joint = bank.joint(part)
            assert one.metadata.get("bridges", 0) == one.count_ops().get("rzz", 0) == len(joint.bridges)
            assert ("blocks" in one.metadata) == bool(joint.bridges)
            for number, block in enumerate(one.metadata.get("blocks", [])):  # only bridges join the blocks
                assert all(
                    {one.find_bit(q).index for q in step.qubits} <= set(block)
                    for step in one.data
                    if step.operation.name == "cx" and one.find_bit(step.qubits[0]).index in block
                )
                assert len(block) == model.division.qubits[list(model.joinings[0, 0].members[part])[number]]
        np.testing.assert_allclose(found, z[gate], atol=1e-12)


def _query(bank: Any, v: Tensor) -> Any:
    from qlstm.evaluate import Query

    return Query(bank, v)


@pytest.mark.parametrize("name", list(ANSATZE))
def test_gradients_by_central_differences(name: str) -> None:
    model = bridged(ANSATZE[name], parts=2, bridges=2)
    x = torch.randn(2, 3, 2, dtype=F64)

    def scalar() -> Tensor:
        y, (h, c) = model(x)
        return weighted((y, h, c))

    slopes = gradients(scalar(), dict(model.named_parameters()))
    for seed, leaf in enumerate(("bridge_l0", "weight_l0_p0", "weight_l0_p1")):
        parameter = model.get_parameter(leaf)
        way = direction_like(parameter, seed)
        measured = along(lambda: scalar().item(), parameter, way)
        assert measured == pytest.approx(float((slopes[leaf] * way).sum()), abs=1e-8)


@pytest.mark.parametrize("split", list(SPLITS))
@pytest.mark.parametrize("name", list(ANSATZE))
def test_angles_of_zero_are_the_split_and_state_dicts_are_exchanged(name: str, split: str) -> None:
    model = bridged(ANSATZE[name], **SPLITS[split])
    plain = bridged(ANSATZE[name], **(SPLITS[split] | {"bridges": 0}))
    missing, strange = plain.load_state_dict(model.state_dict(), strict=False)
    assert not missing
    assert all(key.startswith("bridge_l") for key in strange)
    assert model.load_state_dict(plain.state_dict(), strict=False).missing_keys == strange
    for key in strange:
        torch.nn.init.zeros_(model.get_parameter(key))
    x = torch.randn(3, 5, 2, dtype=F64)
    assert (model(x)[0] - plain(x)[0]).abs().max() < 1e-14
    assert torch.equal(model.bridge_overhead(), torch.ones(len(model.circuits()), dtype=F64))
    assert model.n_quantum_parameters - plain.n_quantum_parameters == sum(
        model.get_parameter(k).numel() for k in strange
    )


def test_parameters_and_their_shapes() -> None:
    model = bridged(Ansatz.reupload(2, 3), parts=2, bridges=2, bidirectional=True)
    shapes = {name: tuple(p.shape) for name, p in model.named_parameters() if name.startswith("bridge")}
    assert shapes == {"bridge_l0": (4, 2, 3, 2), "bridge_l0_reverse": (4, 2, 3, 2)}
    assert tuple(bridged(Ansatz.chen2020(1), parts=2, bridges=1).get_parameter("bridge_l0").shape) == (4, 1, 1)
    model.reset_parameters()
    fresh = model.get_parameter("bridge_l0")
    assert 0 < fresh.abs().max() < 0.06
    torch.manual_seed(5)
    alone = QLSTM(1, 3, parts=2).state_dict()
    torch.manual_seed(5)
    joined = QLSTM(1, 3, parts=2, bridges=1).state_dict()
    assert all(torch.equal(alone[name], joined[name]) for name in alone)


def test_a_real_circuit_has_no_slope_at_zero() -> None:
    """Why bridges do not start at zero."""
    x = torch.randn(2, 3, 2, dtype=F64)
    for ansatz, flat in ((Ansatz.chen2024(2), True), (Ansatz.chen2020(1), False)):
        model = bridged(ansatz, parts=2, bridges=1)
        torch.nn.init.zeros_(model.get_parameter("bridge_l0"))
        slope = gradients(weighted((model(x)[0],)), dict(model.named_parameters()))["bridge_l0"]
        assert (float(slope.abs().max()) < 1e-14) == flat


def test_overhead_is_the_product_over_a_circuit() -> None:
    model = bridged(Ansatz.chen2020(2), parts=3, bridges=[(1, 2)])
    angles = numbers(model)["bridge_l0"]
    found = model.bridge_overhead()
    assert found.shape == (8,)  # parts 0 and 1 are one circuit, part 2 is alone
    for gate in range(4):
        factors = [(1 + 2 * abs(np.sin(angle))) ** 2 for angle in angles[gate].ravel()]
        assert found[2 * gate].item() == pytest.approx(prod(factors), rel=1e-14)
        assert found[2 * gate + 1].item() == 1
    found.log().sum().backward()  # type: ignore[no-untyped-call]
    slope = 4 * np.sign(np.sin(angles)) * np.cos(angles) / (1 + 2 * np.abs(np.sin(angles)))
    np.testing.assert_allclose(model.get_parameter("bridge_l0").grad, slope, rtol=1e-12)


def test_bridges_are_dealt_to_the_boundaries_in_turn() -> None:
    assert bridge_pairs(4, (3, 2, 3)) == ((2, 3), (4, 5), (1, 4), (3, 6))
    assert bridge_pairs(3, (1, 3, 3)) == ((0, 1), (3, 4), (2, 5))  # the first boundary has one pair only
    assert bridge_pairs(0, (3,)) == bridge_pairs([], (3,)) == ()
    assert bridge_pairs([(5, 0), np.array([2, 3])], (3, 3)) == ((0, 5), (2, 3))


def test_joined_parts_reach_from_the_lowest_to_the_highest() -> None:
    assert joined_parts([(0, 4)], (2, 2, 2, 2)) == (range(3), range(3, 4))
    assert joined_parts([(0, 4), (6, 2)], (2, 2, 2, 2)) == (range(4),)
    assert joined_parts([(0, 2), (4, 6)], (2, 2, 2, 2)) == (range(2), range(2, 4))


BAD: list[tuple[dict[str, Any], str]] = [
    ({"bridges": 1}, "bridges=1 join the parts of a split, and there is one part; use parts=2"),
    ({"bridges": 4, "parts": 2}, r"more than the 3 pairs .* parts of 3, 3 qubits; use at most 3"),
    ({"bridges": -1, "parts": 2}, "bridges=-1 must be at least 0"),
    ({"bridges": True, "parts": 2}, "bridges=True must be a number of bridges per layer, or pairs"),
    ({"bridges": 1.5, "parts": 2}, "bridges=1.5 must be a number of bridges per layer, or pairs"),
    ({"bridges": "1", "parts": 2}, "bridges='1' must be a number of bridges per layer, or pairs"),
    ({"bridges": [(0, 6)], "parts": 2}, r"bridge \(0, 6\) must be two qubits of 0..5"),
    ({"bridges": [(0, 3, 4)], "parts": 2}, "must be two qubits of 0..5"),
    ({"bridges": [3], "parts": 2}, "bridge 3 must be two qubits of 0..5"),
    ({"bridges": [(0, 2)], "parts": 2}, r"bridge \(0, 2\) lies within one part"),
    ({"bridges": [(0, 3), (3, 0)], "parts": 2}, r"bridge \(0, 3\) is named twice"),
    ({"bridges": [(0, 3)], "parts": 2, "num_layers": 2}, "pairs of qubits as bridges fit one layer, not num_layers=2"),
]


@pytest.mark.parametrize(("options", "message"), BAD, ids=[str(options) for options, _ in BAD])
def test_bad_bridges_are_refused_in_one_line(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as refused:
        QLSTM(2, 4, **options)
    assert "\n" not in str(refused.value)


def test_parts_whose_inputs_would_not_come_first_are_refused() -> None:
    division = Partition.explicit([[0, 1], [2, 3, 4]], 1, 4, outputs=[3, 1], qubits=[3, 3])
    with pytest.raises(
        InputError, match="cannot join part 0, which has 3 outputs and 2 inputs, with the parts after it"
    ):
        QLSTM(1, 4, partition=division, bridges=1)


def test_a_joint_circuit_that_is_too_wide_is_refused() -> None:
    QLSTM(2, 22, parts=4)(torch.zeros(1, 1, 2))
    with pytest.raises(InputError, match="the widest circuit has 24 qubits"):
        QLSTM(2, 22, parts=4, bridges=3)(torch.zeros(1, 1, 2))


def test_a_cell_is_a_step_of_the_model() -> None:
    model = bridged(Ansatz.reupload(), parts=2, partition="shared-input", bridges=2)
    cell = QLSTMCell(2, 4, 2, "shared-input", Ansatz.reupload(), bridges=2, dtype=F64)
    cell.load_state_dict({name.replace("_l0", ""): value for name, value in model.state_dict().items()})
    x = torch.randn(5, 2, dtype=F64)
    h, c = cell(x)
    y, (_, end) = model(x[None])
    assert_close({"h": h, "c": c}, {"h": y[0], "c": end[0]}, 1e-12)


def test_a_forecaster_is_built_again_from_its_configuration() -> None:
    for bridges in (2, ((0, 3), [2, 4])):
        model = Forecaster(2, 4, parts=2, head="vqc", hidden_vqc=True, bridges=bridges, dtype=F64)
        scramble(model)
        again = Forecaster.from_config(model.config, dtype=F64)
        again.load_state_dict(model.state_dict())
        x = torch.randn(3, 2, 2, dtype=F64)
        assert torch.equal(model(x), again(x))
        assert torch.equal(model(x), copy.deepcopy(model)(x))
        assert again.config == model.config
    explicit = Forecaster(1, 4, partition=[[0, 1, 4], [2, 3, 4]], bridges=1)
    assert Forecaster.from_config(explicit.config).qlstm.division == explicit.qlstm.division


@pytest.mark.parametrize("jacobian", ["deferred", "fused"])
@pytest.mark.parametrize("gradient", ["parameter-shift", "sampled-shift", "exact"])
def test_a_training_step_on_a_device_that_is_wide_enough(gradient: str, jacobian: Any) -> None:
    options = {"parts": 2, "partition": "shared-input", "bridges": 2, "ansatz": Ansatz.reupload(2, 1)}
    model = Forecaster(2, 3, **options, gradient=gradient, jacobian=jacobian, samples=10**6, dtype=F64)
    scramble(model)
    x, parameters = torch.randn(3, 2, 2, dtype=F64), dict(model.named_parameters())

    def step() -> tuple[Tensor, dict[str, Tensor]]:
        y = model(x)
        return y.detach(), gradients(weighted((y,)), parameters)

    value, slopes = step()
    how = "parameter-shift" if gradient == "exact" else gradient
    made = plan(
        Workload.of(model, batch=3, steps=2), Topology([open_qpu("exact")], core_qubits=7), shots=None,
        jacobian=jacobian, gradient=how, samples=10**6,
    )  # fmt: skip
    with Dispatcher(made) as model.executor:
        measured, found = step()
    assert_close({"y": measured}, {"y": value}, 1e-12)
    assert_close(found, slopes, 1e-10)


def test_standard_errors_of_the_gradient_by_the_names_of_the_models_parameters() -> None:
    """Against the spread of repeated steps; the noise of a bridge's slope must not land on another weight."""
    model = QLSTM(1, 2, parts=2, partition="shared-input", bridges=1, ansatz=Ansatz.chen2020(1), dtype=F64)
    scramble(model)
    x = torch.randn(1, 2, 1, dtype=F64)
    made = plan(Workload.of(model, batch=2, steps=1), Topology([open_qpu("exact")], core_qubits=4), shots=64)
    drawn, told = [], []
    with Dispatcher(made, seed=1) as model.executor:
        for _ in range(20):
            model.zero_grad()
            model(x)[0].sum().backward()  # type: ignore[no-untyped-call]
            drawn.append({name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None})
            told.append(model.gradient_stderr())
    for name, parameter in model.named_parameters():
        spread = torch.stack([one[name] for one in drawn]).std(0)
        error = torch.stack([one[name] for one in told]).square().mean(0).sqrt()
        assert error.shape == parameter.shape
        live = spread > 1e-3
        assert bool((error[~live] < 1e-2).all())
        assert bool(((error / spread)[live] > 0.5).all())
        assert bool(((error / spread)[live] < 1.9).all())
