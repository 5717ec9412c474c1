"""What the plan says of a model is what the dispatcher counts when that model takes a training step."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from backends import open_qpu
from qlstm import QLSTM, Ansatz, Forecaster
from qpartition import Dispatcher, Topology, Workload, plan

MODELS: dict[str, dict[str, Any]] = {
    "plain": {},
    "fused": {"jacobian": "fused"},
    "reupload": {"ansatz": Ansatz.reupload(), "partition": "shared-input"},
    "layers": {"num_layers": 2},
    "both directions": {"num_layers": 2, "bidirectional": True},
    "six VQCs": {"hidden_vqc": True, "head": "vqc"},
}


@pytest.mark.parametrize("options", MODELS.values(), ids=MODELS)
def test_a_training_step_costs_what_the_plan_says(options: dict[str, Any]) -> None:
    model = Forecaster(1, 4, parts=2, dtype=torch.float64, **options)
    topology = Topology(
        [open_qpu("exact"), open_qpu("exact")], core_qubits=4 if not options.get("bidirectional") else 8
    )
    priced = plan(Workload.of(model, batch=3, steps=3), topology, shots=None)
    with Dispatcher(priced) as devices:
        model.executor = devices
        model(torch.randn(3, 3, 1, dtype=torch.float64)).sum().backward()
        assert devices.report().counts == priced.step
    for tally in priced.step.per_qpu.values():
        assert tally.jobs <= priced.step.rounds, "more than one job per QPU and round"


def test_something_else_than_an_executor_is_refused() -> None:
    model = Forecaster(1, 2)
    model.executor = object()  # type: ignore[assignment]
    with pytest.raises(ValueError, match="the executor is of type object"):
        model(torch.zeros(1, 2, 1))


@pytest.mark.parametrize(("core_qubits", "hidden", "features"), [(3, 16, 1), (4, 16, 2)])
def test_packing_eight_parts_on_one_chip_needs_a_fifteenth_of_the_executions(
    core_qubits: int, hidden: int, features: int
) -> None:
    model = QLSTM(features, hidden, parts=8, partition="shared-input")
    workload = Workload.of(model, batch=16, steps=4)
    topology = Topology([open_qpu("fake:fez")], core_qubits)
    packed, alone = plan(workload, topology), plan(workload, topology, packing=False)
    assert 15 * packed.step.executions <= alone.step.executions
    assert 14 * packed.step.qpu_seconds <= alone.step.qpu_seconds
    assert packed.step.jobs == alone.step.jobs == packed.step.rounds == 5


def test_eight_parts_packed_on_one_chip_need_a_fifteenth_of_the_executions() -> None:
    model = QLSTM(8, 16, parts=8)
    workload, chip = Workload.of(model, batch=16, steps=4), Topology([open_qpu("fake:fez")], core_qubits=3)
    packed, alone = plan(workload, chip).step, plan(workload, chip, packing=False).step
    assert 15 * packed.executions <= alone.executions
    assert (packed.rounds, packed.jobs) == (alone.rounds, alone.jobs) == (5, 5)
