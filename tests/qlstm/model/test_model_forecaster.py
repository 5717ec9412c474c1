"""`Forecaster`: heads, configuration, bad input."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from backends.errors import InputError
from qlstm import Ansatz, Forecaster
from qpartition.partition import Partition
from tests.qlstm.model import reference
from tests.qlstm.model.cases import numbers, scramble
from tests.qlstm.model.gradients import assert_slopes, gradients, weighted

F64 = torch.float64


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    with torch.random.fork_rng():
        torch.manual_seed(4)
        yield


@pytest.mark.parametrize("head", ["linear", "vqc"])
@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("outputs", [1, 2])
def test_shapes(outputs: int, bidirectional: bool, head: str) -> None:
    model = Forecaster(2, 3, outputs, head, num_layers=2, bidirectional=bidirectional, parts=2)
    assert model(torch.zeros(5, 4, 2)).shape == (5, outputs)
    assert model(torch.zeros(1, 1, 2)).shape == (1, outputs)


@pytest.mark.parametrize("bidirectional", [True, False])
def test_the_linear_head_reads_the_last_state(bidirectional: bool) -> None:
    model = Forecaster(2, 3, 2, num_layers=2, bidirectional=bidirectional, dtype=F64)
    scramble(model)
    x = torch.randn(5, 4, 2, dtype=F64)
    _, (h, _) = model.qlstm(x)
    assert model.head is not None
    last = torch.cat([h[-2], h[-1]], -1) if bidirectional else h[-1]
    torch.testing.assert_close(model(x), last @ model.head.weight.T + model.head.bias)


def step_2020(model: Forecaster, x: reference.Array, recipe: reference.Recipe) -> reference.Array:
    """The older variant by `Statevector`: VQC5 turns o * tanh(c) into h_t, VQC6 the last h_t into the forecast."""
    parameters, hidden = numbers(model), model.qlstm.hidden_size
    own = {name.removeprefix("qlstm."): value for name, value in parameters.items()}
    parts = reference.division("contiguous", x.shape[1], hidden, 2)
    cell = reference.Direction(recipe, own, "l0", "", parts, hidden)
    h = c = np.zeros(hidden)
    for entry in x:
        raw, c = reference.update(cell.gates(np.concatenate([h, entry])), c)
        pieces = [[int(i) for i in piece] for piece in np.array_split(np.arange(hidden), 2)]
        h = np.concatenate(
            [extra(recipe, own, "hidden_l0", m, raw[piece], len(piece)) for m, piece in enumerate(pieces)]
        )
        if recipe.affine_output:
            h = own["gain_hidden_l0"][0] * h + own["offset_hidden_l0"][0]
    y = extra(recipe, parameters, "head", 0, h, model.output_size)
    if recipe.affine_output:
        y = parameters["gain_head"][0, : model.output_size] * y + parameters["offset_head"][0, : model.output_size]
    return y


def extra(
    recipe: reference.Recipe,
    parameters: dict[str, reference.Array],
    place: str,
    part: int,
    v: reference.Array,
    outputs: int,
) -> reference.Array:
    """<Z> of one extra block, which has a gate axis of length 1."""
    weight = parameters[f"weight_{place}_p{part}"][0]
    weight = weight if recipe.uploads > 1 else weight[np.newaxis]
    inputs = np.tile(v, (recipe.uploads, 1))
    if recipe.affine_input:
        inputs = parameters[f"scale_{place}_p{part}"][0] * inputs + parameters[f"bias_{place}_p{part}"][0]
    weight = weight if recipe.rotation == "rot" else weight[..., np.newaxis]
    return reference.measured(reference.vqc(recipe, inputs, weight), outputs)


@pytest.mark.parametrize(
    ("ansatz", "recipe"),
    [(Ansatz.chen2020(2), reference.chen2020(2)), (Ansatz.reupload(2, 1), reference.reupload(2, 1))],
)
@pytest.mark.parametrize("outputs", [1, 3])
def test_the_variant_of_2020(ansatz: Ansatz, recipe: reference.Recipe, outputs: int) -> None:
    model = Forecaster(2, 3, outputs, head="vqc", hidden_vqc=True, parts=2, ansatz=ansatz, dtype=F64)
    scramble(model)
    x = torch.randn(2, 3, 2, dtype=F64).requires_grad_()
    y = model(x)
    for row in (0, 1):
        expected = step_2020(model, x[row].detach().numpy(), recipe)
        np.testing.assert_allclose(y[row].detach().numpy(), expected, rtol=0, atol=1e-9)
    leaves = dict(model.named_parameters()) | {"x": x}
    assert_slopes(lambda: weighted((model(x),)).item(), leaves, gradients(weighted((y,)), leaves))


def test_names_of_the_extra_parameters() -> None:
    model = Forecaster(1, 3, 1, head="vqc", hidden_vqc=True, parts=2, bidirectional=True, ansatz=Ansatz.chen2020(2))
    shapes = {name: tuple(p.shape) for name, p in model.named_parameters()}
    assert shapes["weight_head_p0"] == (1, 2, 6, 3)
    assert shapes["qlstm.weight_hidden_l0_p0"] == shapes["qlstm.weight_hidden_l0_p0_reverse"] == (1, 2, 2, 3)
    assert shapes["qlstm.weight_hidden_l0_p1"] == (1, 2, 1, 3)


CONFIGS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "paper": {"parts": 2, "ansatz": Ansatz.chen2024()},
    "everything": {
        "output_size": 2, "head": "vqc", "num_layers": 2, "dropout": 0.25, "bidirectional": True, "parts": 5,
        "partition": "round-robin", "ansatz": Ansatz.reupload(3, 1), "hidden_vqc": True, "jacobian": "fused",
        "gradient": "parameter-shift",
    },
    "lists": {"partition": [[0, 1, 5], [2, 3, 4]], "qubits": [4, 3]},
    "tuples": {"partition": ((0, 1, 5), (2, 3, 4)), "qubits": (4, 3)},
    "ranges": {"partition": [range(3), range(3, 6)]},
    "arrays": {"partition": [np.arange(3), np.arange(3, 6)], "qubits": np.array([4, 3])},
    "partition object": {"partition": Partition.explicit([[0, 1, 5], [2, 3, 4]], 1, 5, outputs=[2, 3])},
}  # fmt: skip


@pytest.mark.parametrize("name", list(CONFIGS))
def test_configuration_there_and_back(name: str) -> None:
    model = Forecaster(1, 5, **CONFIGS[name], dtype=F64)
    scramble(model)
    text = json.dumps(model.config)
    again = Forecaster.from_config(json.loads(text), dtype=F64)
    again.load_state_dict(model.state_dict())
    x = torch.randn(3, 2, 1, dtype=F64)
    assert torch.equal(again.eval()(x), model.eval()(x))
    assert json.loads(json.dumps(again.config)) == json.loads(text)
    assert [c.name for c in again.circuits()] == [c.name for c in model.circuits()]
    assert (again.qlstm.jacobian, again.qlstm.gradient) == (model.qlstm.jacobian, model.qlstm.gradient)


def test_configuration_leaves_out_what_is_not_the_model() -> None:
    model = Forecaster(1, 2, executor=object(), device="cpu", dtype=F64)
    assert not {"executor", "device", "dtype"} & model.config.keys()
    assert Forecaster.from_config(model.config).executor is None


GOOD = Forecaster(1, 2).config


@pytest.mark.parametrize(
    "config",
    [
        {},
        {key: value for key, value in GOOD.items() if key != "ansatz"},
        {key: value for key, value in GOOD.items() if key != "input_size"},
        GOOD | {"unknown": 1},
        GOOD | {"ansatz": {"depht": 1}},
        GOOD | {"ansatz": {"depth": 0}},
        GOOD | {"ansatz": "chen2020"},
        GOOD | {"hidden_size": -1},
        GOOD | {"partition": {"inputs": [[0, 1, 2]]}},
        GOOD | {"partition": {"inputs": [[0, 1, 9]], "outputs": [2], "qubits": [3]}},
        GOOD | {"partition": {"inputs": 3, "outputs": [2], "qubits": [3]}},
    ],
    ids=str,
)
def test_configurations_that_cannot_be_used(config: dict[str, Any]) -> None:
    with pytest.raises(InputError) as caught:
        Forecaster.from_config(config)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"output_size": 0}, "output_size=0"),
        ({"output_size": True}, "output_size=True"),
        ({"head": "liner"}, "did you mean 'linear'"),
        ({"batch_first": True}, "batch_first"),
        ({"head": "vqc", "output_size": 4}, "4 outputs from 3 qubits"),
        ({"head": "vqc", "hidden_size": 15, "parts": 5}, "15 qubits"),
    ],
)
def test_models_that_cannot_be_built(options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        Forecaster(**({"input_size": 1, "hidden_size": 3} | options))


@pytest.mark.parametrize(
    "x",
    [
        torch.zeros(4, 1),
        torch.zeros(2, 4, 3),
        torch.zeros(2, 0, 1),
        torch.full((2, 4, 1), torch.nan),
        torch.zeros(2, 4, 1).double(),
    ],
    ids=["unbatched", "features", "no steps", "nan", "double"],
)
def test_windows_that_cannot_be_used(x: torch.Tensor) -> None:
    with pytest.raises(InputError) as caught:
        Forecaster(1, 3)(x)
    assert "\n" not in str(caught.value)


def test_moving_to_an_executor_and_back() -> None:
    from tests.qlstm.model.executors import Recorder

    model = Forecaster(1, 2, head="vqc", ansatz=Ansatz.chen2024(1), dtype=F64)
    scramble(model)
    x = torch.randn(3, 2, 1, dtype=F64)
    expected = model(x)
    model.executor = executor = Recorder(model)
    assert model.qlstm.executor is executor
    torch.testing.assert_close(model(x), expected, rtol=0, atol=1e-12)
    assert executor.kinds == ["values"] * 3
    model.executor = None
    assert torch.equal(model(x), expected)
