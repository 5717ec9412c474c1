"""The standard error of a measured gradient: against the spread of repeated measurements."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor

from backends import open_qpu
from backends.errors import InputError
from qlstm import Ansatz, Forecaster
from qlstm.replay import Replay, replaying
from qpartition import Dispatcher, Plan, Topology, Workload, plan
from tests.qlstm.model.cases import scramble
from tests.qlstm.model.executors import attach
from tests.qlstm.model.gradients import assert_close

F64 = torch.float64
MODELS: dict[str, dict[str, Any]] = {
    "dropout": {"num_layers": 2, "parts": 2, "ansatz": Ansatz.chen2024(1), "dropout": 0.4},
    "affine": {"parts": 2, "partition": "shared-input", "ansatz": Ansatz.reupload(depth=1)},
    "both ways": {"parts": 2, "num_layers": 2, "bidirectional": True, "ansatz": Ansatz.chen2024(1), "dropout": 0.4},
    "hidden and head": {"parts": 2, "hidden_vqc": True, "head": "vqc", "ansatz": Ansatz.chen2020(1)},
}


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    with torch.random.fork_rng():
        torch.manual_seed(5)
        yield


def built(**options: Any) -> tuple[Forecaster, Tensor, Tensor]:
    model = Forecaster(1, 3, dtype=F64, **options)
    scramble(model)
    return model, torch.randn(4, 2, 1, dtype=F64), torch.randn(4, 1, dtype=F64)


def priced(model: Forecaster, shots: int | None = 128) -> Plan:
    topology = Topology([open_qpu("exact")], core_qubits=8)
    gradient = "parameter-shift" if model.gradient == "auto" else model.gradient
    workload = Workload.of(model, batch=4, steps=2)
    return plan(workload, topology, shots=shots, gradient=gradient, samples=model.qlstm.samples)


@pytest.mark.parametrize("gradient", ["parameter-shift", "sampled-shift", "twin"])
@pytest.mark.parametrize("name", MODELS)
def test_a_replay_without_noise_is_the_step_again(name: str, gradient: str) -> None:
    """Also with dropout, whose mask must be the same."""
    model, x, target = built(**MODELS[name], samples=5)
    attach(model, "deferred", gradient)
    torch.nn.functional.mse_loss(model(x), target).backward()
    measured = {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}
    past = model.qlstm.past
    assert past is not None
    quiet = [
        {
            key: (torch.zeros_like(torch.from_numpy(one.value)), torch.from_numpy(past.tape.jacobians[n][key].inputs))
            for key, one in values.items()
        }
        for n, values in enumerate(past.tape.values)
    ]
    model.zero_grad()
    torch.set_rng_state(past.generator)
    with replaying(model, Replay(past.tape, quiet)):
        torch.nn.functional.mse_loss(model(x), target).backward()
    again = {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
    assert_close(again, measured, 1e-12)


@pytest.mark.parametrize("gradient", ["parameter-shift", "sampled-shift"])
@pytest.mark.parametrize("fixed", [True, False], ids=["linear loss", "squared loss"])
def test_it_is_the_spread_of_repeated_measurements(gradient: str, fixed: bool) -> None:
    """60 repetitions know a standard deviation to 9%; many entries together better."""
    model, x, target = built(**MODELS["affine"], gradient=gradient, samples=16)

    def loss(output: Tensor) -> Tensor:
        return (output * target).sum() if fixed else torch.nn.functional.mse_loss(output, target)

    planned, slopes, errors = priced(model), [], []
    for seed in range(60):
        model.executor = Dispatcher(planned, seed=seed)
        model.zero_grad()
        loss(model(x)).backward()  # type: ignore[no-untyped-call]
        slopes.append(torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None]))
        found = model.gradient_stderr(None if fixed else loss, replicates=16, seed=seed)
        errors.append(torch.cat([found[n].flatten() for n, _ in model.named_parameters()]))
    spread, reported = torch.stack(slopes).var(0), torch.stack(errors).square().mean(0)
    assert torch.equal(spread > 1e-20, reported > 1e-20)
    assert (reported.sum() / spread.sum()).sqrt() == pytest.approx(1, abs=0.15)
    ratios = (reported / spread)[spread > 1e-20].sqrt()
    assert ratios.median() == pytest.approx(1, abs=0.12)
    assert 0.6 < ratios.min() < ratios.max() < 1.6


def test_more_shots_give_a_smaller_error_and_exact_expectations_none() -> None:
    model, x, _ = built(**MODELS["hidden and head"])
    sizes = []
    for shots in (64, 6400, None):
        model.executor = Dispatcher(priced(model, shots), seed=0)
        model(x).sum().backward()
        errors = model.gradient_stderr()
        assert {n: e.shape for n, e in errors.items()} == {n: p.shape for n, p in model.named_parameters()}
        sizes.append(torch.cat([e.flatten() for e in errors.values()]).norm().item())
    assert sizes[0] == pytest.approx(10 * sizes[1], rel=0.3)
    assert sizes[2] == 0


def test_nothing_else_changes() -> None:
    """No execution, no random number, no gradient; and copies go without what was measured."""
    model, x, _ = built(**MODELS["dropout"])
    model.executor = devices = Dispatcher(priced(model), seed=0)
    model(x).sum().backward()
    report, state = devices.report(), torch.get_rng_state()
    slopes = [p.grad.clone() for p in model.parameters() if p.grad is not None]
    first = model.gradient_stderr(seed=3)
    assert all(torch.equal(e, first[n]) for n, e in model.gradient_stderr(seed=3).items())
    assert devices.report() == report
    assert torch.equal(torch.get_rng_state(), state)
    grads = [p.grad for p in model.parameters() if p.grad is not None]
    assert all(torch.equal(a, b) for a, b in zip(grads, slopes, strict=True))
    assert copy.deepcopy(model).qlstm.past is None
    assert model.qlstm.replay is None


@pytest.mark.parametrize("gradient", ["auto", "exact", "spsa"])
def test_there_is_none_before_a_measured_gradient(gradient: str) -> None:
    model, x, _ = built(**MODELS["affine"])
    with pytest.raises(InputError, match="no gradient was measured yet"):
        model.gradient_stderr()
    attach(model, "deferred", gradient)
    y = model(x).sum()
    if gradient == "exact":
        y.backward()  # type: ignore[no-untyped-call]
    with pytest.raises(InputError, match="no gradient was measured yet"):
        model.gradient_stderr()
    with pytest.raises(InputError, match="replicates=1 must be"):
        model.qlstm.gradient_stderr(replicates=1)
