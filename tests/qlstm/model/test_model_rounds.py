"""What an executor is asked for: how many rounds, which keys, which derivatives."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from qlstm import QLSTM, Ansatz
from tests.qlstm.model.cases import scramble
from tests.qlstm.model.executors import attach

F64 = torch.float64


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    with torch.random.fork_rng():
        torch.manual_seed(9)
        yield


@pytest.mark.parametrize(
    ("layers", "bidirectional", "waves"), [(1, False, 4), (2, False, 5), (3, False, 6), (1, True, 4), (2, True, 8)]
)
def test_rounds(layers: int, bidirectional: bool, waves: int) -> None:
    """T rounds forward; one more per layer above, or T more where a layer needs the whole sequence below."""
    model = QLSTM(1, 2, layers, bidirectional=bidirectional, ansatz=Ansatz.chen2024(1), dtype=F64)
    x = torch.randn(4, 2, 1, dtype=F64)
    executor = attach(model)
    model(x)[0].sum().backward()
    assert executor.kinds == ["values"] * waves + ["jacobian"]
    executor = attach(model, "fused")
    model(x)[0].sum().backward()
    assert executor.kinds == ["both"] * waves
    assert [list(inputs) for _, inputs, _, _ in executor.rounds] == model.waves(4)


@pytest.mark.parametrize("jacobian", ["deferred", "fused"])
def test_evaluation_measures_no_jacobian(jacobian: str) -> None:
    model = QLSTM(1, 2, ansatz=Ansatz.chen2024(1), dtype=F64)
    x = torch.randn(3, 2, 1, dtype=F64)
    expected = model(x)[0]
    executor = attach(model, jacobian)
    with torch.no_grad():
        y, _ = model(x)
    torch.testing.assert_close(y, expected.detach(), rtol=0, atol=1e-12)
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    model(x)
    assert executor.kinds == ["values"] * 6


def test_a_forward_pass_without_backward_costs_no_jacobian() -> None:
    model = QLSTM(1, 2, ansatz=Ansatz.chen2024(1), dtype=F64)
    executor = attach(model)
    model(torch.randn(3, 2, 1, dtype=F64))
    assert executor.kinds == ["values"] * 3


def masks(model: QLSTM, x: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> list[dict[str, list[bool]]]:
    """Per time step and key, which encoding angles a fused training step asks for (the same for all rows)."""
    executor = attach(model, "fused")
    model(x, hx)[0].sum().backward()
    asked = []
    for _, _, _, mask in executor.rounds:
        assert mask is not None
        assert all((rows == rows[0]).all() for rows in mask.values())
        asked.append({key: rows[0].tolist() for key, rows in mask.items()})
    return asked


def test_masks_leave_out_what_nobody_needs() -> None:
    model = QLSTM(1, 2, parts=2, partition="shared-input", ansatz=Ansatz.chen2020(1), dtype=F64)
    scramble(model)
    x, state = torch.randn(3, 2, 1, dtype=F64), torch.zeros(1, 2, 2, dtype=F64)
    first, *later = masks(model, x)  # angles: RY of h, RY of x, RZ of h, RZ of x
    assert set(map(tuple, first.values())) == {(False,) * 4}
    assert {tuple(m) for step in later for m in step.values()} == {(True, False, True, False)}
    first, *later = masks(model, x.clone().requires_grad_())
    assert set(map(tuple, first.values())) == {(False, True, False, True)}
    assert {tuple(m) for step in later for m in step.values()} == {(True,) * 4}
    first, *later = masks(model, x, (state.clone().requires_grad_(), state))
    assert {tuple(m) for step in (first, *later) for m in step.values()} == {(True, False, True, False)}
    first, *later = masks(model, x, (state, state.clone().requires_grad_()))
    assert set(map(tuple, first.values())) == {(False,) * 4}


def test_masks_of_trainable_encodings_and_upper_layers() -> None:
    model = QLSTM(1, 2, ansatz=Ansatz.reupload(depth=1), dtype=F64)
    assert {tuple(m) for step in masks(model, torch.randn(2, 2, 1, dtype=F64)) for m in step.values()} == {(True,) * 6}
    stack = QLSTM(1, 1, 2, ansatz=Ansatz.chen2024(1), dtype=F64)
    asked = masks(stack, torch.randn(2, 2, 1, dtype=F64))
    upper = [step["l1.i.p0"] for step in asked if "l1.i.p0" in step]
    assert upper == [[False, True], [True, True]]
    reverse = QLSTM(1, 1, bidirectional=True, ansatz=Ansatz.chen2024(1), dtype=F64)
    asked = masks(reverse, torch.randn(2, 2, 1, dtype=F64))
    assert [step["l0r.f.p0"] for step in asked] == [[False, False], [True, False]]
