"""Shot noise in exact training: its size, where it is added, and that kernel and plain torch add the same."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
import torch
from torch import Tensor

from backends.errors import InputError
from qlstm import QLSTM, Ansatz, Forecaster
from qlstm.evaluate import Exact
from qlstm.exact.simulate import bank_expectations
from qlstm.noise import draw_noise, estimated
from tests.qlstm.model.cases import scramble
from tests.qlstm.model.executors import Recorder
from tests.qlstm.model.gradients import assert_close, gradients, weighted


def some_model(**options: Any) -> QLSTM:
    fields: dict[str, Any] = {"input_size": 2, "hidden_size": 4, "parts": 2, "train_shots": 50}
    model = QLSTM(**(fields | options), dtype=torch.float64)
    scramble(model)
    return model


def some_data(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(4), dtype=torch.float64)


def answers(model: QLSTM, x: Tensor, evaluator: Exact | None) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Outputs and gradients by name, always with the same noise."""
    leaves = dict(model.named_parameters()) | {"x": x.clone().requires_grad_()}
    torch.manual_seed(3)
    y, (h, c) = model.run(leaves["x"], None, evaluator)
    return {"y": y, "h": h, "c": c}, gradients(weighted((y, h, c)), leaves)


@pytest.mark.parametrize("batch", [1, 8, 19])
@pytest.mark.parametrize(
    "options",
    [
        {"ansatz": Ansatz.chen2024(2)},
        {"ansatz": Ansatz.reupload()},
        {"ansatz": Ansatz.chen2020(1, affine_output=True), "bidirectional": True, "num_layers": 2, "hidden_size": 2},
        {"ansatz": Ansatz.reupload(), "batch_first": True, "bidirectional": True},
    ],
)
def test_kernel_and_plain_torch_add_the_same_noise(options: dict[str, Any], batch: int) -> None:
    model = some_model(**options)
    x = some_data(batch, 3, 2) if model.batch_first else some_data(3, batch, 2)
    kernel, plain = (answers(model, x, e) for e in (None, Exact(dict(model.named_parameters()))))
    assert "_Sequence" in str(kernel[0]["c"].grad_fn) or model.num_layers * model.directions > 1
    for found, expected in zip(kernel, plain, strict=True):
        assert_close(found, expected, 1e-12)
    exact = answers(model.eval(), x, None)
    assert (kernel[0]["y"] - exact[0]["y"]).abs().max() > 1e-3


def test_noise_of_few_shots_is_a_constant_to_autograd() -> None:
    """Of one step with the loss in h: gradients of <Z> through the gates alone, as if the noise were data."""
    model = some_model(hidden_size=2, parts=1, train_shots=10, ansatz=Ansatz.chen2024(1))
    x, place = some_data(1, 3, 2), (0, 0)
    noise = model.shot_noise([model.banks[place]], 1, x)[model.banks[place]][0]
    parameters = dict(model.named_parameters())
    v = torch.cat([torch.zeros(3, 2).double(), x[0]], -1)
    with torch.no_grad():
        exact = bank_expectations(model.banks[place], v, parameters)
        frozen = noise * (1 - exact.square()).sqrt()
    smooth = bank_expectations(model.banks[place], v, parameters) + frozen
    noisy = bank_expectations(model.banks[place], v, parameters, noise)
    assert_close({"z": noisy}, {"z": smooth}, 1e-14)
    assert_close(gradients(weighted((noisy,)), parameters), gradients(weighted((smooth,)), parameters), 1e-12)


@pytest.mark.parametrize("exact", [0.0, 0.6, -0.99, 1.0])
def test_mean_and_variance_are_those_of_shots(exact: float) -> None:
    shots, batch = 400, 20000
    bank = some_model().banks[0, 0]
    torch.manual_seed(2)
    noise = draw_noise(bank, 1, torch.zeros(1, batch, 2).double(), shots)[0]
    found = estimated(torch.full((4, batch, 4), exact).double(), noise)
    variance = (1 - exact**2) / shots
    assert found.mean().item() == pytest.approx(exact, abs=5 * (variance / found.numel()) ** 0.5)
    assert found.var().item() == pytest.approx(variance, rel=0.02)


def test_where_no_noise_is_added() -> None:
    model, x = some_model(), some_data(2, 3, 2)
    state = torch.get_rng_state()
    exact = model.eval()(x)[0]
    assert torch.equal(torch.get_rng_state(), state)  # nothing is drawn, so a run with noise can be resumed anywhere
    model.train().train_shots = None
    assert torch.equal(model(x)[0], exact)
    model.train_shots = 50
    model.executor = Recorder(model)
    assert_close({"y": model(x)[0]}, {"y": exact}, 1e-9)
    model.executor = None
    assert not torch.equal(model(x)[0], exact)


def test_layers_steps_and_calls_draw_their_own() -> None:
    model = some_model(num_layers=2, bidirectional=True, hidden_vqc=True)
    x = some_data(3, 5, 2)
    torch.manual_seed(1)
    first, second = model(x)[0], model(x)[0]
    torch.manual_seed(1)
    assert torch.equal(model(x)[0], first)
    assert not torch.equal(first, second)
    noise = model.shot_noise(model.all_banks(), 3, x)
    rows = torch.cat([one.flatten(0, 1).flatten(1) for one in noise.values()])
    assert len(noise) == 8
    assert len(rows.unique(dim=0)) == 4 * 3 * 4 + 4 * 3 * 1


@pytest.mark.parametrize("head", ["linear", "vqc"])
def test_a_forecaster_passes_it_on_and_leaves_it_out_of_its_configuration(head: str) -> None:
    model = Forecaster(1, 3, head=head, train_shots=20, dtype=torch.float64)
    assert model.train_shots == model.qlstm.train_shots == 20
    assert "train_shots" not in json.dumps(model.config)
    assert Forecaster.from_config(model.config).train_shots is None
    assert Forecaster.from_config(model.config, train_shots=7).train_shots == 7
    assert copy.deepcopy(model).train_shots == 20
    x = some_data(6, 4, 1)
    exact = model.eval()(x)
    noisy = model.train()(x)
    model.train_shots = None
    assert not torch.equal(noisy, exact)
    assert torch.equal(model(x), exact)


def test_the_head_is_noisy_too() -> None:
    model = Forecaster(1, 2, head="vqc", train_shots=20, dtype=torch.float64)
    model.qlstm.shot_noise = lambda banks, steps, like: {}  # type: ignore[method-assign]
    x = some_data(6, 4, 1)
    exact = model(x)
    del model.qlstm.shot_noise
    model.qlstm.train_shots = 10**12  # noise of 1e-6
    found = (model(x) - exact).abs().max()
    assert 0 < found < 1e-4


@pytest.mark.parametrize("shots", [0, -1, 2.5, True, "many"])
def test_shots_that_are_no_count(shots: Any) -> None:
    with pytest.raises(InputError, match=r"train_shots=.* must be an integer of at least 1"):
        QLSTM(1, 2, train_shots=shots)
    model = QLSTM(1, 2)
    with pytest.raises(InputError, match="train_shots="):
        model.train_shots = shots
