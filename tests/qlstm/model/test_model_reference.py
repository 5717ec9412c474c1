"""Outputs and gradients of the exact model equal those of the independent reference."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
import torch

from qlstm import QLSTM, Ansatz
from qlstm.evaluate import Exact
from tests.qlstm.model import reference
from tests.qlstm.model.cases import CASES, LEVELS, RECIPES, Case, numbers, scramble
from tests.qlstm.model.gradients import assert_close, assert_slopes, gradients, weighted


@pytest.mark.parametrize("case", CASES, ids=str)
def test_outputs_equal_statevector(case: Case) -> None:
    model, (x, h0, c0) = case.model(), case.data()
    y, (h, c) = model(x, (h0, c0))
    simple = case.layers * case.directions == 1
    rows = sorted({0, case.batch - 1}) if simple else [case.batch - 1]
    stack = case.reference(numbers(model))
    expected = reference.run(stack, *(tensor[:, rows].numpy() for tensor in (x, h0, c0)))
    for found, wanted in zip((y, h, c), expected, strict=True):
        np.testing.assert_allclose(found.detach()[:, rows].numpy(), wanted, rtol=0, atol=1e-9)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_kernel_equals_plain_torch(case: Case) -> None:
    model, data = case.model(), [tensor.requires_grad_() for tensor in case.data()]
    leaves = dict(model.named_parameters()) | dict(zip(("x", "h0", "c0"), data, strict=True))
    results, slopes = [], []
    for evaluator in (None, Exact(dict(model.named_parameters()))):
        y, (h, c) = model.run(data[0], (data[1], data[2]), evaluator)
        results.append({"y": y, "h": h, "c": c})
        slopes.append(gradients(weighted((y, h, c)), leaves))
    assert_close(results[0], results[1], 1e-12)
    assert_close(slopes[0], slopes[1], 1e-12)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_gradients_equal_central_differences(case: Case) -> None:
    model, (x, h0, c0) = case.model(), [tensor[:, :3].contiguous().requires_grad_() for tensor in case.data()]
    leaves = dict(model.named_parameters()) | {"x": x, "h0": h0, "c0": c0}

    def loss() -> torch.Tensor:
        y, (h, c) = model(x, (h0, c0))
        return weighted((y, h, c))

    assert_slopes(lambda: loss().item(), leaves, gradients(loss(), leaves))


SMALL = [
    Case("chen2020", 2, 2, 1, "round-robin", (1, True), 1, 2),
    Case("chen2024", 3, 2, 1, "shared-input", (1, False), 1, 2),
    Case("reupload", 2, 1, 1, "extra", (2, False), 1, 1),
    Case("arctan-rot-ring2-3", 3, 1, 1, "explicit", (1, False), 1, 1),
]


@pytest.mark.parametrize("case", SMALL, ids=str)
def test_gradients_equal_central_differences_of_statevector(case: Case) -> None:
    model, (x, h0, c0) = case.model(), [tensor.requires_grad_() for tensor in case.data()]
    leaves = dict(model.named_parameters()) | {"x": x, "h0": h0, "c0": c0}
    y, (h, c) = model(x, (h0, c0))

    def loss() -> float:
        data = [tensor.detach().numpy() for tensor in (x, h0, c0)]
        y, h, c = reference.run(case.reference(numbers(model)), *data)
        return weighted(tuple(torch.from_numpy(a) for a in (y, h, c))).item()

    assert_slopes(loss, leaves, gradients(weighted((y, h, c)), leaves))


def test_the_cases_cover_every_pair_of_settings() -> None:
    names = list(LEVELS)
    for a, b in combinations(names, 2):
        seen = {(getattr(case, a), getattr(case, b)) for case in CASES}
        assert seen == set(product(LEVELS[a], LEVELS[b]))
    widths = {q for case in CASES for layer in range(case.layers) for q in case.widths(layer)}
    assert widths >= {1, 2, 3, 4, 5, 6}


@pytest.mark.parametrize("entangler", ["ring2", "ring", "linear", "brick", "none"])
@pytest.mark.parametrize("qubits", [1, 2, 3, 4, 5])
def test_entanglers(entangler: str, qubits: int) -> None:
    """A single part with qubits to spare, or 1 + 1 qubits: every CNOT pattern at every width."""
    recipe = reference.Recipe("arctan", entangler, "rot", 2, 1, False, False)
    ansatz = Ansatz.chen2020(entangler=entangler)
    lists = [[0, 1]] if qubits > 1 else [[0], [1]]
    hidden = 1 if qubits > 1 else 2
    lists = lists if qubits > 1 else [[0], [1, 2]]
    model = QLSTM(
        1, hidden, partition=lists, ansatz=ansatz, qubits=[max(qubits, len(p)) for p in lists], dtype=torch.float64
    )
    scramble(model, qubits)
    x, state = torch.randn(2, 1, 1, dtype=torch.float64), torch.zeros(1, 1, hidden, dtype=torch.float64)
    stack = [[reference.Direction(recipe, numbers(model), "l0", "", lists, hidden)]]
    expected, _, _ = reference.run(stack, x.numpy(), state.numpy(), state.numpy())
    np.testing.assert_allclose(model(x)[0].detach().numpy(), expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("ansatz", "recipe"),
    [
        (Ansatz.chen2020(), RECIPES["chen2020"]),
        (Ansatz.chen2024(), RECIPES["chen2024"]),
        (Ansatz.reupload(), RECIPES["reupload"]),
        (Ansatz.named("reupload", uploads=3, depth=1), reference.reupload(3, 1)),
        (Ansatz(), RECIPES["chen2020"]),
    ],
)
def test_presets_are_those_of_the_literature(ansatz: Ansatz, recipe: reference.Recipe) -> None:
    assert {name: getattr(ansatz, name) for name in vars(recipe)} == vars(recipe)
