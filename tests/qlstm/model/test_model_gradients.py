"""The gradient menu: each way against exact autograd where they must agree, statistics and counts where not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from qiskit import QuantumCircuit
from torch import Tensor

from backends import open_qpu
from backends.errors import InputError
from qlstm import QLSTM, Ansatz, Forecaster, gradients, spsa_gradient
from qpartition import Dispatcher, Topology, Workload, plan
from qpartition.gradients import SAMPLES
from tests.qlstm.model.cases import scramble
from tests.qlstm.model.executors import Array, Evaluate, Recorder, attach, by_exact_qpu
from tests.qlstm.model.gradients import assert_close, weighted
from tests.qlstm.model.gradients import gradients as by_autograd

F64 = torch.float64
MODELS: dict[str, dict[str, Any]] = {
    "plain": {"parts": 2, "ansatz": Ansatz.chen2020(1)},
    "affine": {"parts": 2, "partition": "shared-input", "ansatz": Ansatz.reupload(depth=1)},
    "both ways": {"parts": 2, "num_layers": 2, "bidirectional": True, "ansatz": Ansatz.chen2024(1)},
    "hidden and head": {"parts": 2, "hidden_vqc": True, "head": "vqc", "ansatz": Ansatz.chen2020(1)},
}


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    with torch.random.fork_rng():
        torch.manual_seed(21)
        yield


def built(name: str, **options: Any) -> tuple[Forecaster, Tensor]:
    model = Forecaster(2, 3, dtype=F64, **MODELS[name], **options)
    scramble(model)
    return model, torch.randn(3, 2, 2, dtype=F64)


def step(model: Forecaster, x: Tensor) -> dict[str, Tensor]:
    y = model(x)
    return {"y": y} | by_autograd(weighted((y,)), {n: p for n, p in model.named_parameters() if p.requires_grad})


def small() -> tuple[Forecaster, Tensor]:
    model = Forecaster(1, 2, parts=2, partition="shared-input", ansatz=Ansatz.chen2024(1), dtype=F64)
    scramble(model)
    return model, torch.randn(3, 2, 1, dtype=F64)


def flat(tensors: dict[str, Tensor]) -> Tensor:
    return torch.cat([tensor.flatten() for tensor in tensors.values()])


def remembered() -> Evaluate:
    """The exact device, which simulates no parameter set twice."""
    known: dict[tuple[str, bytes], Array] = {}

    def evaluate(circuit: QuantumCircuit, values: Array) -> Array:
        key = circuit.name, values.tobytes()
        if key not in known:
            known[key] = by_exact_qpu(circuit, values)
        return known[key]

    return evaluate


@pytest.mark.parametrize("jacobian", ["deferred", "fused"])
@pytest.mark.parametrize("name", MODELS)
def test_all_samples_are_parameter_shift(name: str, jacobian: str) -> None:
    model, x = built(name, samples=10**6)
    expected = step(model, x)
    executor = attach(model, jacobian, "sampled-shift")
    assert_close(step(model, x), expected, 1e-9)
    waves = len(model.waves(2))
    assert executor.kinds[-1] == "jacobian"
    assert len(executor.kinds) == waves + (1 if jacobian == "fused" else 2)


@pytest.mark.parametrize("jacobian", ["deferred", "fused"])
@pytest.mark.parametrize("name", MODELS)
def test_a_noiseless_twin_is_autograd_and_takes_no_round(name: str, jacobian: str) -> None:
    model, x = built(name)
    expected = step(model, x)
    executor = attach(model, jacobian, "twin")
    assert_close(step(model, x), expected, 1e-9)
    assert set(executor.kinds) == {"values"}
    assert executor.twins == 1


def test_the_mean_of_sampled_gradients_is_parameter_shift() -> None:
    """Unbiased: the mean over draws is within its standard error, in every entry and all together."""
    model = QLSTM(1, 3, parts=2, partition="shared-input", ansatz=Ansatz.chen2020(2), samples=6, dtype=F64)
    scramble(model)
    leaves, x, number = dict(model.named_parameters()), torch.randn(2, 3, 1, dtype=F64), 300
    expected = flat(by_autograd(weighted((model(x)[0],)), leaves))
    model.gradient, model.executor = "sampled-shift", Recorder(model, remembered())
    draws = torch.stack([flat(by_autograd(weighted((model(x)[0],)), leaves)) for _ in range(number)])
    spread = draws.std(0)
    drawn = spread > 1e-12
    assert drawn.sum() > 40
    assert torch.allclose(draws.mean(0)[~drawn], expected[~drawn], atol=1e-9)
    pulls = ((draws.mean(0) - expected) / spread)[drawn] * number**0.5
    assert pulls.abs().max() < 5
    assert 0.6 < pulls.square().mean() < 1.6


@pytest.mark.parametrize("jacobian", ["deferred", "fused"])
@pytest.mark.parametrize("samples", [1, 5, 10**6])
@pytest.mark.parametrize("name", MODELS)
def test_sampled_shift_costs_what_the_plan_says(name: str, samples: int, jacobian: Any) -> None:
    model, x = built(name, samples=samples, gradient="sampled-shift", jacobian=jacobian)
    topology = Topology([open_qpu("exact"), open_qpu("exact")], core_qubits=6)
    priced = plan(
        Workload.of(model, batch=3, steps=2), topology, shots=None, gradient="sampled-shift", samples=samples,
        jacobian=jacobian,
    )  # fmt: skip
    with Dispatcher(priced) as devices:
        model.executor = devices
        step(model, x)
        assert devices.report().counts == priced.step


@pytest.mark.parametrize("name", MODELS)
def test_the_twin_of_the_exact_device_is_autograd(name: str) -> None:
    model, x = built(name, gradient="twin")
    expected = step(model, x)
    topology = Topology([open_qpu("exact"), open_qpu("exact")], core_qubits=6)
    priced = plan(Workload.of(model, batch=3, steps=2), topology, shots=None, gradient="twin")
    with Dispatcher(priced) as devices:
        model.executor = devices
        assert_close(step(model, x), expected, 1e-9)
        assert devices.report().counts == priced.step


def test_samples_by_default_are_those_of_the_plan() -> None:
    assert gradients.SAMPLES == SAMPLES == QLSTM(1, 2).samples


def test_a_seed_repeats_the_draw() -> None:
    model, x = small()
    model.qlstm.samples = 2
    attach(model, "deferred", "sampled-shift")
    found = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        found.append(step(model, x)["qlstm.weight_l0_p0"])
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


@pytest.mark.parametrize("gradient", ["parameter-shift", "sampled-shift", "twin"])
def test_frozen_weights_need_no_shifts(gradient: str) -> None:
    model, x = built("plain")
    frozen = model.qlstm.weight_l0_p1.requires_grad_(False)
    expected = step(model, x)
    executor = attach(model, "deferred", gradient)
    model.qlstm.samples = 10**6
    assert_close(step(model, x), expected, 1e-9)
    asked = [(inputs, mask) for kind, inputs, _, mask in executor.rounds if kind == "jacobian" and mask]
    assert len(asked) == {"parameter-shift": 1, "sampled-shift": 2, "twin": 0}[gradient]
    for inputs, mask in asked:
        for key in (key for key in mask if key.endswith("p1")):
            assert mask[key].shape[1] > inputs[key].shape[1]
            assert not mask[key][:, inputs[key].shape[1] :].any()
    assert frozen.grad is None
    model.qlstm.weight_l0_p0.requires_grad_(False)
    rounds = len(executor.rounds)
    model(x).sum().backward()  # the head is left, and needs nothing of the circuits
    assert [kind for kind, *_ in executor.rounds[rounds:]] == ["values", "values"]


@pytest.mark.parametrize("devices", [True, False])
def test_spsa_is_the_slope_along_a_random_direction(devices: bool) -> None:
    model, x = built("affine")
    expected = {n: g for n, g in step(model, x).items() if n != "y"}
    executor = attach(model, "deferred", "spsa") if devices else None
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    loss = spsa_gradient(model, lambda: weighted((model(x),)), c=1e-5)
    assert loss == pytest.approx(weighted((model(x),)).item(), rel=1e-6)
    assert all(torch.equal(p, before[n]) for n, p in model.named_parameters())
    found = {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
    size = next(iter(found.values())).flatten()[0].abs()
    assert all(torch.allclose(g.abs(), size) for g in found.values())
    slope = sum((g.sign() * expected[n]).sum().item() for n, g in found.items())
    assert abs(slope) == pytest.approx(size.item(), rel=1e-6)
    if executor:
        assert executor.kinds == ["values"] * (2 * 2 + 2)


def test_spsa_is_unbiased_and_repeatable() -> None:
    model, x = small()
    expected = torch.cat([g.flatten() for n, g in step(model, x).items() if n != "y"])

    def one() -> Tensor:
        spsa_gradient(model, lambda: weighted((model(x),)), c=0.01)
        return torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])

    state = torch.get_rng_state()
    first = one()
    torch.set_rng_state(state)
    assert torch.equal(one(), first)
    draws = torch.stack([one() for _ in range(600)])
    pulls = (draws.mean(0) - expected) / (draws.std(0) / 600**0.5)
    assert pulls.abs().max() < 4.5


def test_spsa_costs_what_the_plan_says_and_has_no_backward() -> None:
    model, x = built("both ways", gradient="spsa")
    topology = Topology([open_qpu("exact")], core_qubits=8)
    priced = plan(Workload.of(model, batch=3, steps=2), topology, shots=16, gradient="spsa")
    with Dispatcher(priced, seed=1) as devices:
        model.executor = devices
        spsa_gradient(model, lambda: model(x).square().mean())
        assert devices.report().counts == priced.step
        with pytest.raises(InputError, match=r"'spsa' has no backward pass.*spsa_gradient"):
            model(x).sum().backward()


def test_what_spsa_refuses() -> None:
    model, x = small()
    for c in (0, -1.0, float("nan"), "x", True):
        with pytest.raises(InputError, match=r"c=.* must be a positive number"):
            spsa_gradient(model, lambda: model(x).mean(), c=c)  # type: ignore[arg-type]
    before = [p.detach().clone() for p in model.parameters()]
    with pytest.raises(InputError, match=r"the loss is a Tensor, but must be one number"):
        spsa_gradient(model, lambda: model(x))
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


def test_names_and_numbers_that_cannot_be_used() -> None:
    with pytest.raises(InputError, match=r"unknown gradient 'sampled'.*did you mean 'sampled-shift'"):
        QLSTM(1, 2, gradient="sampled")
    for samples in (0, -1, 2.5, True):
        with pytest.raises(InputError, match=r"samples=.* must be an integer of at least 1"):
            QLSTM(1, 2, samples=samples)  # type: ignore[arg-type]


def test_an_executor_without_a_twin_is_refused_before_anything_runs() -> None:
    class Plain:
        def values(self, *_: object) -> None:
            raise AssertionError("must not run")

    model, x = small()
    model.qlstm.gradient = "twin"
    model.executor = Plain()  # type: ignore[assignment]
    with pytest.raises(InputError, match=r"needs an executor with twin_jacobian\(\), Plain has none"):
        model(x)


def test_an_unused_output_gets_no_upstream_but_the_price_is_fixed() -> None:
    """Backward from the first step only: later rows are drawn to fill up, and change nothing."""
    model = QLSTM(1, 2, parts=2, partition="shared-input", ansatz=Ansatz.chen2024(1), samples=10**6, dtype=F64)
    scramble(model)
    x = torch.randn(3, 2, 1, dtype=F64)
    expected = by_autograd(model(x)[0][0].sum(), dict(model.named_parameters()))
    model.gradient, model.executor = "sampled-shift", Recorder(model)
    assert_close(by_autograd(model(x)[0][0].sum(), dict(model.named_parameters())), expected, 1e-9)
