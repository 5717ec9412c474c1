"""A QLSTM whose gates are wider than the cores: run in pieces, it gives what exact simulation gives."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from backends import open_qpu
from qlstm import QLSTM, Ansatz, Forecaster, spsa_gradient
from qpartition import Dispatcher, Topology, Workload, plan

LINEAR = Ansatz.chen2020(depth=1, entangler="linear")


def gradients(model: Any, x: torch.Tensor) -> list[torch.Tensor]:
    for tensor in (*model.parameters(), x):
        tensor.grad = None
    y = model(x)
    y = y[0] if isinstance(y, tuple) else y
    (y**2).sum().backward()
    return [y.detach(), *(torch.zeros_like(t) if t.grad is None else t.grad for t in (*model.parameters(), x))]


@pytest.mark.parametrize("jacobian", ["deferred", "fused"])
@pytest.mark.parametrize(
    "options",
    [
        {"ansatz": LINEAR},
        {"ansatz": Ansatz.reupload(uploads=2, depth=1)},
        {"ansatz": LINEAR, "num_layers": 2},
        {"ansatz": LINEAR, "hidden_vqc": True, "bidirectional": True},
    ],
)
def test_pieces_give_the_same_numbers_and_the_planned_counts(jacobian: Any, options: dict[str, Any]) -> None:
    torch.manual_seed(1)
    model = QLSTM(1, 3, batch_first=True, jacobian=jacobian, dtype=torch.float64, **options)
    x = torch.randn(2, 2, 1, dtype=torch.float64, requires_grad=True)
    exact = gradients(model, x)
    workload = Workload.of(model, batch=2, steps=2, input_gradient=True)
    width = max(circuit.num_qubits for circuit in model.circuits())
    made = plan(workload, Topology([open_qpu("exact")], width // 2), shots=None, wide="cut", max_overhead=1e9)
    assert made.cuts and all(circuit.qubits <= width // 2 for circuit in made.circuits)
    with Dispatcher(made) as devices:
        model.executor = devices
        found = gradients(model, x)
        report = devices.report()
    for a, b in zip(found, exact, strict=True):
        torch.testing.assert_close(a, b, atol=1e-9, rtol=0)
    assert (report.rounds, report.jobs) == (made.step.rounds, made.step.jobs)
    assert report.parameter_sets == made.step.parameter_sets


def test_only_what_is_too_wide_is_cut() -> None:
    """Layer 1 sees h and the outputs of both directions below: it is wider than layer 0."""
    model = QLSTM(1, 2, num_layers=2, bidirectional=True, ansatz=LINEAR)
    made = plan(Workload.of(model, 1, 1), Topology([open_qpu("exact")], 3), shots=None, wide="cut", max_overhead=1e9)
    assert {key.split(".")[0] for one in made.cuts for key in one.keys} == {"l1", "l1r"}
    assert {c.key for c in made.circuits if c.key.startswith("l0")} == {
        f"{layer}.{gate}.p0" for layer in ("l0", "l0r") for gate in "ifgo"
    }


def test_shots_are_near_and_spsa_works() -> None:
    torch.manual_seed(1)
    model = Forecaster(1, 3, ansatz=LINEAR, dtype=torch.float64, gradient="spsa")
    x = torch.randn(4, 2, 1, dtype=torch.float64)
    exact = model(x).detach()
    made = plan(
        Workload.of(model, 4, 2), Topology([open_qpu("fake:manila")], 2), shots=4096,
        gradient="spsa", wide="cut",
    )  # fmt: skip
    with Dispatcher(made, seed=1) as devices:
        model.executor = devices
        assert (model(x).detach() - exact).abs().max() < 0.1
        before = devices.report().rounds
        spsa_gradient(model, lambda: model(x).square().mean())
        assert devices.report().rounds - before == made.step.rounds
