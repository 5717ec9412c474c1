"""The model on two real (exact) devices: plan, dispatcher, rounds, jobs, gradients."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import pytest
import torch
from torch import Tensor

from backends import open_qpu
from qlstm import QLSTM, Ansatz, Forecaster
from qpartition import Dispatcher, Topology, Workload, plan
from tests.qlstm.model.cases import scramble
from tests.qlstm.model.gradients import assert_close, gradients, weighted

F64 = torch.float64
Mode = Literal["deferred", "fused"]
MODELS: dict[str, dict[str, Any]] = {
    "plain": {"parts": 2, "ansatz": Ansatz.chen2020(1)},
    "shared-input": {"parts": 2, "partition": "shared-input", "ansatz": Ansatz.reupload(depth=1)},
    "stack": {"parts": 2, "num_layers": 2, "ansatz": Ansatz.chen2024(1)},
    "both ways": {"parts": 2, "num_layers": 2, "bidirectional": True, "ansatz": Ansatz.chen2024(1)},
    "hidden and head": {"parts": 2, "hidden_vqc": True, "head": "vqc", "ansatz": Ansatz.chen2020(1)},
    "wide and head": {"parts": 2, "qubits": [4, 5], "head": "vqc", "output_size": 2, "ansatz": Ansatz.chen2020(1)},
}
WAVES = {"plain": 3, "shared-input": 3, "stack": 4, "both ways": 6, "hidden and head": 7, "wide and head": 4}


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    with torch.random.fork_rng():
        torch.manual_seed(13)
        yield


def step(model: Forecaster, x: Tensor) -> dict[str, Tensor]:
    """One training step without the optimiser."""
    y = model(x)
    return {"y": y} | gradients(weighted((y,)), dict(model.named_parameters()))


@pytest.mark.parametrize("jacobian", ["deferred", "fused"])
@pytest.mark.parametrize("name", list(MODELS))
def test_a_training_step_on_two_devices(name: str, jacobian: Mode) -> None:
    model = Forecaster(2, 4, **MODELS[name], jacobian=jacobian, dtype=F64)
    scramble(model)
    x = torch.randn(5, 3, 2, dtype=F64)
    expected = step(model, x)
    topology = Topology([open_qpu("exact"), open_qpu("exact")], core_qubits=12)
    planned = plan(Workload.of(model, batch=5, steps=3), topology, shots=None, jacobian=jacobian)
    with Dispatcher(planned) as dispatcher:
        model.executor = dispatcher
        assert_close(step(model, x), expected, 1e-9)
        report = dispatcher.report()
    assert report.rounds == WAVES[name] + (jacobian == "deferred")
    assert report.counts == planned.step  # the price was right, to the parameter set
    alone = model.head_kind == "vqc"  # the head is one circuit: its forward round has work for one device only
    assert report.jobs == 2 * report.rounds - alone
    assert max(tally.jobs for tally in report.per_qpu.values()) == report.rounds


def test_evaluation_costs_what_the_plan_says() -> None:
    model = Forecaster(2, 4, parts=2, ansatz=Ansatz.chen2020(1), dtype=F64)
    x = torch.randn(5, 3, 2, dtype=F64)
    topology = Topology([open_qpu("exact"), open_qpu("exact")], core_qubits=3)
    planned = plan(Workload.of(model, batch=5, steps=3), topology, shots=None)
    with torch.no_grad(), Dispatcher(planned) as dispatcher:
        expected = model(x)
        model.executor = dispatcher
        torch.testing.assert_close(model(x), expected, rtol=0, atol=1e-12)
        assert dispatcher.report().counts == planned.forward


def test_gradients_of_data_and_start() -> None:
    model = QLSTM(2, 3, parts=2, partition="shared-input", ansatz=Ansatz.chen2020(1), dtype=F64)
    scramble(model)
    leaves = {
        "x": torch.randn(3, 2, 2, dtype=F64),
        "h0": torch.randn(1, 2, 3, dtype=F64),
        "c0": torch.randn(1, 2, 3, dtype=F64),
    }
    for leaf in leaves.values():
        leaf.requires_grad_()

    def run() -> dict[str, Tensor]:
        y, (h, c) = model(leaves["x"], (leaves["h0"], leaves["c0"]))
        return {"y": y} | gradients(weighted((y, h, c)), leaves)

    expected = run()
    workload = Workload.of(model, batch=2, steps=3, input_gradient=True)
    planned = plan(workload, Topology([open_qpu("exact"), open_qpu("exact")], core_qubits=4), shots=None)
    with Dispatcher(planned) as dispatcher:
        model.executor = dispatcher
        assert_close(run(), expected, 1e-9)


def test_shots_are_unbiased_and_training_goes_down() -> None:
    """With 4096 shots a few steps of parameter-shift training still lower the exact loss."""
    model = Forecaster(1, 2, parts=2, partition="shared-input", ansatz=Ansatz.chen2024(1), dtype=F64)
    x, target = torch.randn(4, 2, 1, dtype=F64), torch.full((4, 1), 0.5, dtype=F64)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.05)

    def loss() -> Tensor:
        return torch.nn.functional.mse_loss(model(x), target)

    before = loss().item()
    topology = Topology([open_qpu("exact"), open_qpu("aer")], core_qubits=2)
    planned = plan(Workload.of(model, batch=4, steps=2), topology, shots=4096)
    with Dispatcher(planned, seed=1) as dispatcher:
        model.executor = dispatcher
        for _ in range(3):
            optimiser.zero_grad()
            loss().backward()  # type: ignore[no-untyped-call]
            optimiser.step()
    model.executor = None
    assert loss().item() < before
