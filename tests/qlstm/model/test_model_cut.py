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


@pytest.mark.parametrize("angle", [0.0, 0.4])
def test_bridges_run_by_cutting_on_cores_as_wide_as_a_part(angle: float) -> None:
    """Cut at the bridges alone; at angle 0 it is the split, and the slope by the bridge is right there too."""
    torch.manual_seed(1)
    options: dict[str, Any] = {
        "parts": 2,
        "ansatz": Ansatz.chen2020(depth=2),
        "batch_first": True,
        "dtype": torch.float64,
    }
    model = QLSTM(2, 2, bridges=1, **options)
    torch.nn.init.constant_(model.bridge_l0, angle)  # type: ignore[arg-type]
    x = torch.randn(2, 2, 2, dtype=torch.float64, requires_grad=True)
    exact = gradients(model, x)
    workload = Workload.of(model, batch=2, steps=2, input_gradient=True)
    made = plan(workload, Topology([open_qpu("exact")], 2), shots=None, wide="cut")
    (one,) = made.cuts
    assert (one.gates, one.wires, one.widths) == (2, 0, (2, 2))
    assert (one.least_overhead, one.overhead) == (pytest.approx(1), pytest.approx(81))
    bridges = next(p for p in made.circuits if p.key.endswith("A0"))
    assert bridges.active <= bridges.parameters - 2  # what is done at the two slots is never shifted
    with Dispatcher(made) as devices:
        model.executor = devices
        found = gradients(model, x)
        assert devices.report().parameter_sets == made.step.parameter_sets
    for a, b in zip(found, exact, strict=True):
        torch.testing.assert_close(a, b, atol=1e-9, rtol=0)
    if angle == 0:
        split = QLSTM(2, 2, **options)
        split.load_state_dict(model.state_dict(), strict=False)
        torch.testing.assert_close(found[0], split(x)[0].detach(), atol=1e-9, rtol=0)


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
