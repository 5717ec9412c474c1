"""Parameter-shift gradients through an executor equal autograd."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from qlstm import QLSTM, Ansatz, Forecaster
from tests.qlstm.model.cases import RECIPES, Case, scramble
from tests.qlstm.model.executors import attach, by_exact_qpu, by_statevector
from tests.qlstm.model.gradients import assert_close, gradients, unless_refused, weighted

F64 = torch.float64


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    with torch.random.fork_rng():
        torch.manual_seed(9)
        yield


def answer(model: QLSTM, data: list[Tensor]) -> dict[str, Tensor]:
    """Outputs and all gradients by name."""
    leaves = dict(model.named_parameters()) | dict(zip(("x", "h0", "c0"), data, strict=True))
    y, (h, c) = model(data[0], (data[1], data[2]))
    return {"y": y, "h_n": h, "c_n": c} | gradients(weighted((y, h, c)), leaves)


SHIFT_CASES = [
    *[Case(recipe, 3, 2, 2, "shared-input", (1, False), 3, 3) for recipe in RECIPES],
    Case("chen2020", 4, 2, 1, "uneven", (2, False), 2, 2),
    Case("reupload", 2, 3, 1, "round-robin", (2, True), 2, 2),
    Case("chen2024", 3, 2, 2, "extra", (1, True), 3, 1),
    Case("chen2020", 3, 3, 1, "explicit", (1, False), 2, 2),
    Case("chen2020", 1, 2, 2, "contiguous", (1, False), 1, 2),
]


@pytest.mark.parametrize("jacobian", ["deferred", "fused"])
@pytest.mark.parametrize("case", SHIFT_CASES, ids=str)
def test_parameter_shift_equals_autograd(case: Case, jacobian: str) -> None:
    model, data = case.model(), [tensor.requires_grad_() for tensor in case.data()]
    expected = answer(model, data)
    executor = attach(model, jacobian)
    assert_close(answer(model, data), expected, 1e-9)
    waves = len(model.waves(case.steps))
    assert executor.kinds == (["both"] * waves if jacobian == "fused" else ["values"] * waves + ["jacobian"])


@pytest.mark.parametrize("jacobian", ["deferred", "fused"])
def test_with_qiskit_as_the_executor(jacobian: str) -> None:
    case = Case("chen2020", 2, 2, 1, "shared-input", (1, False), 2, 2)
    model, data = case.model(), [tensor.requires_grad_() for tensor in case.data()]
    expected = answer(model, data)
    attach(model, jacobian, evaluate=by_statevector)
    assert_close(answer(model, data), expected, 1e-9)


@pytest.mark.parametrize("jacobian", ["deferred", "fused"])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("ansatz", [Ansatz.chen2020(1), Ansatz.reupload(depth=1)])
def test_hidden_and_head_circuits(ansatz: Ansatz, layers: int, bidirectional: bool, jacobian: str) -> None:
    model = Forecaster(
        1, 2, output_size=2, head="vqc", hidden_vqc=True, parts=2, ansatz=ansatz, num_layers=layers,
        bidirectional=bidirectional, dtype=F64,
    )  # fmt: skip
    scramble(model)
    x = torch.randn(2, 2, 1, dtype=F64).requires_grad_()
    leaves = dict(model.named_parameters()) | {"x": x}

    def run() -> dict[str, Tensor]:
        y = model(x)
        return {"y": y} | gradients(weighted((y,)), leaves)

    expected = run()
    executor = attach(model, jacobian)
    assert_close(run(), expected, 1e-9)
    waves = 2 * (layers * 2 if bidirectional else layers + 1) + 1
    assert executor.kinds == (["both"] * waves if jacobian == "fused" else ["values"] * waves + ["jacobian"])


def test_masked_jacobians_still_give_every_gradient_that_is_asked_for() -> None:
    """Weights only, as in training: h0 and x need none."""
    for case in SHIFT_CASES[:3]:
        model, (x, h0, c0) = case.model(), case.data()
        expected = gradients(weighted((model(x, (h0, c0))[0],)), dict(model.named_parameters()))
        for jacobian in ("deferred", "fused"):
            attach(model, jacobian)
            found = gradients(weighted((model(x, (h0, c0))[0],)), dict(model.named_parameters()))
            assert_close(found, expected, 1e-9)
            model.executor = None


def test_only_one_leaf_needs_a_gradient() -> None:
    case = Case("chen2020", 3, 2, 1, "shared-input", (1, False), 2, 3)
    model = case.model()
    names = ["weight_l0_p1", "x", "h0", "c0"]
    for name in names:
        data = dict(zip(("x", "h0", "c0"), case.data(), strict=True))
        for parameter in model.parameters():
            parameter.requires_grad_(False)
        leaf = (dict(model.named_parameters()) | data)[name].requires_grad_()

        def slope(leaf: Tensor = leaf, data: dict[str, Tensor] = data) -> dict[str, Tensor]:
            y, (h, c) = model(data["x"], (data["h0"], data["c0"]))
            return gradients(weighted((y, h, c)), {"leaf": leaf})

        model.executor = None
        expected = slope()
        for jacobian in ("deferred", "fused"):
            attach(model, jacobian)
            assert_close(slope(), expected, 1e-9)


def test_a_loss_on_one_step_only() -> None:
    case = Case("chen2024", 3, 2, 1, "shared-input", (2, False), 2, 3)
    model, (x, _, _) = case.model(), case.data()
    leaves = dict(model.named_parameters())
    for t in range(3):
        model.executor = None
        expected = gradients(weighted((model(x)[0][t],)), {n: p for n, p in leaves.items() if "l0" in n})
        attach(model)
        found = gradients(weighted((model(x)[0][t],)), {n: p for n, p in leaves.items() if "l0" in n})
        assert_close(found, expected, 1e-9)


@pytest.mark.parametrize("jacobian", ["deferred", "fused"])
def test_backward_twice_measures_once(jacobian: str) -> None:
    model = QLSTM(1, 2, ansatz=Ansatz.chen2024(1), dtype=F64)
    scramble(model)
    executor = attach(model, jacobian)
    loss, leaves = model(torch.randn(2, 2, 1, dtype=F64))[0].sum(), list(model.parameters())
    first = torch.autograd.grad(loss, leaves, retain_graph=True)
    second = torch.autograd.grad(loss, leaves)
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    assert len(executor.rounds) == (3 if jacobian == "deferred" else 2)


@pytest.mark.parametrize("jacobian", ["deferred", "fused"])
def test_two_forward_passes_before_backward(jacobian: str) -> None:
    """Gradient accumulation: every pass has its own Jacobians, whichever is asked first."""
    model = QLSTM(1, 2, ansatz=Ansatz.chen2020(1), dtype=F64)
    scramble(model)
    xs, leaves = torch.randn(2, 3, 2, 1, dtype=F64), list(model.parameters())
    expected = [torch.autograd.grad(model(x)[0].sum(), leaves)[0] for x in xs]
    attach(model, jacobian)
    losses = [model(x)[0].sum() for x in xs]
    for number in (1, 0):
        found = torch.autograd.grad(losses[number], leaves)[0]
        torch.testing.assert_close(found, expected[number], rtol=0, atol=1e-9)


@pytest.mark.parametrize("dtype", [torch.float32, F64])
@pytest.mark.parametrize("jacobian", ["deferred", "fused"])
def test_weights_changed_between_forward_and_backward(jacobian: str, dtype: torch.dtype) -> None:
    """An optimiser step in between: the gradient at the old weights, or an error, but not one at the new weights."""
    model = QLSTM(1, 2, ansatz=Ansatz.chen2020(1), dtype=dtype)
    scramble(model)
    x = torch.randn(3, 2, 1, dtype=dtype)
    attach(model, jacobian)
    expected = torch.autograd.grad(model(x)[0].sum(), model.get_parameter("weight_l0_p0"))[0]
    loss = model(x)[0].sum()
    with torch.no_grad():
        model.get_parameter("weight_l0_p0").add_(0.7)
    found = unless_refused(loss, model.get_parameter("weight_l0_p0"))
    if found is not None:
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("ansatz", [Ansatz.chen2020(1), Ansatz.chen2024(1), Ansatz.reupload(depth=1)])
def test_what_the_executor_gets_is_not_the_model_itself(ansatz: Ansatz) -> None:
    """An executor that writes into its arguments must not change weights or data."""
    model = QLSTM(1, 2, ansatz=ansatz, dtype=F64)
    scramble(model)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    x = torch.randn(2, 2, 1, dtype=F64)
    kept = x.clone()
    attach(model).scribble = True
    with torch.no_grad():
        model(x)
    assert torch.equal(x, kept)
    assert all(torch.equal(p, before[name]) for name, p in model.named_parameters())


def test_exact_gradients_of_measured_values() -> None:
    case = Case("arctan-ry-linear-2-in", 3, 2, 2, "shared-input", (2, False), 2, 2)
    model, data = case.model(), [tensor.requires_grad_() for tensor in case.data()]
    expected = answer(model, data)
    executor = attach(model, gradient="exact")
    assert_close(answer(model, data), expected, 1e-9)
    assert executor.kinds == ["values"] * 3


def test_exact_gradients_keep_the_measured_values() -> None:
    """What the executor measured is the output, however far it is from the simulation."""

    def biased(circuit: Any, values: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
        return 0.8 * by_exact_qpu(circuit, values) + 0.1

    model = QLSTM(1, 2, ansatz=Ansatz.reupload(depth=1), dtype=F64)
    scramble(model)
    x = torch.randn(2, 2, 1, dtype=F64)
    outputs = []
    for gradient in ("parameter-shift", "exact"):
        attach(model, gradient=gradient, evaluate=biased)
        outputs.append(model(x)[0])
    torch.testing.assert_close(outputs[0], outputs[1], rtol=0, atol=1e-12)
    model.executor = None
    assert (model(x)[0] - outputs[0]).abs().max() > 1e-3


def test_single_precision_unbatched_and_batch_first() -> None:
    model = QLSTM(2, 2, batch_first=True, ansatz=Ansatz.chen2020(1))
    scramble(model)
    for x in (torch.randn(3, 2), torch.randn(4, 3, 2)):
        model.executor = None
        y = model(x)[0]
        expected = gradients(weighted((y,)), dict(model.named_parameters()))
        attach(model)
        measured = model(x)[0]
        assert measured.dtype == torch.float32
        torch.testing.assert_close(measured, y, rtol=0, atol=1e-5)
        assert_close(gradients(weighted((measured,)), dict(model.named_parameters())), expected, 1e-4)


def test_dropout_between_layers_on_an_executor() -> None:
    model = QLSTM(1, 2, 2, dropout=1.0, ansatz=Ansatz.chen2024(1), dtype=F64)
    scramble(model)
    x, leaves = torch.randn(2, 2, 1, dtype=F64), {n: p for n, p in model.named_parameters() if "l1" in n}
    expected = gradients(weighted((model(x)[0],)), leaves)
    attach(model)
    assert_close(gradients(weighted((model(x)[0],)), leaves), expected, 1e-9)
