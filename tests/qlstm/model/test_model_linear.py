"""Linear layers around the circuits (L-QLSTM): against the definition written out, and on an executor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from backends.errors import InputError
from qlstm import QLSTM, Ansatz, Forecaster
from qpartition import Workload
from tests.qlstm.model.cases import assert_runs_as, scramble
from tests.qlstm.model.executors import attach, by_statevector
from tests.qlstm.model.reference import Array

F64 = torch.float64


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        yield


def built(*sizes: int, **options: Any) -> QLSTM:
    model = QLSTM(*sizes, dtype=F64, **options)
    scramble(model)
    return model


def test_the_definition() -> None:
    """W_out VQC(W_in [h; x] + b_in) + b_out in every gate, circuits by qiskit, all else by numpy."""
    model = built(2, 5, linear=3, parts=2, ansatz=Ansatz.chen2024(1))
    x = torch.randn(3, 2, 2, dtype=F64)
    into, out = model.linears["l0"].into, model.linears["l0"].out
    w_in, b_in, w_out, b_out = (p.detach().numpy() for p in (into.weight, into.bias, out.weight, out.bias))
    circuits = {circuit.name: circuit for circuit in model.circuits()}
    weights = [model.get_parameter(f"weight_l0_p{m}").detach().flatten(1).numpy() for m in range(2)]

    def gates(v: Array) -> Array:
        z, found = v @ w_in.T + b_in, []
        for number, gate in enumerate("ifgo"):
            parts = [
                by_statevector(circuits[f"l0.{gate}.p{m}"], np.hstack([piece, np.tile(weights[m][number], (2, 1))]))
                for m, piece in enumerate((z[:, :2], z[:, 2:]))
            ]
            found.append(np.hstack(parts) @ w_out.T + b_out)
        return np.array(found)

    assert_runs_as(model, x, gates)


@pytest.mark.parametrize("stack", [{}, {"num_layers": 2, "bidirectional": True}, {"hidden_vqc": True}])
def test_layers_that_change_nothing_give_the_qlstm(stack: dict[str, Any]) -> None:
    """Features and hidden size are such that every layer of the stack sees vectors of one length."""
    plain = built(4, 2, ansatz=Ansatz.reupload(depth=1), **stack)
    model = QLSTM(4, 2, linear=6, ansatz=plain.ansatz, dtype=F64, **stack)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("bias") and name.startswith("linears"):
                parameter.zero_()
            elif name.startswith("linears"):
                parameter.copy_(torch.eye(6, dtype=F64)[: len(parameter)])
            elif "gain" in name or "offset" in name:
                parameter.zero_()
                own = plain.get_parameter(name)
                parameter[:, : own.shape[1]] = own
            else:
                parameter.copy_(plain.get_parameter(name))
    x = torch.randn(3, 2, 4, dtype=F64)
    torch.testing.assert_close(model(x)[0], plain(x)[0], rtol=0, atol=1e-12)


@pytest.mark.parametrize("jacobian", ["deferred", "fused"])
def test_gradients_on_an_executor(jacobian: str) -> None:
    model = built(1, 4, num_layers=2, linear=3, parts=2, ansatz=Ansatz.reupload(depth=1))
    x = torch.randn(2, 2, 1, dtype=F64, requires_grad=True)
    wanted = [x, *model.parameters()]
    exact = torch.autograd.grad(model(x)[0].square().sum(), wanted)
    executor = attach(model, jacobian)
    measured = torch.autograd.grad(model(x)[0].square().sum(), wanted)
    torch.testing.assert_close(measured, exact, rtol=0, atol=1e-10)
    assert len(executor.kinds) == len(model.waves(2)) + (jacobian == "deferred")


def test_a_plan_counts_the_derivatives_that_are_asked_for() -> None:
    """Every encoding angle depends on a trainable layer, in the first step too."""
    model = built(1, 4, linear=3, ansatz=Ansatz.chen2020(1))
    workload = Workload.of(model, batch=2, steps=2)
    executor = attach(model, "fused")
    model(torch.randn(2, 2, 1, dtype=F64))[0].sum().backward()
    for step, (_, _, _, mask) in enumerate(executor.rounds):
        assert mask is not None
        for key, rows in mask.items():
            np.testing.assert_array_equal(rows[0], workload.mask(key, first=step == 0))
            assert rows.all()


def test_qubits_are_free_of_the_sizes() -> None:
    model = QLSTM(6, 9, linear=3, qubits=4)
    assert {circuit.num_qubits for circuit in model.circuits()} == {4}
    assert model.n_quantum_parameters == 4 * 2 * 4 * 3
    assert sum(p.numel() for p in model.linears.parameters()) == (6 + 9 + 1) * 3 + (3 + 1) * 9
    assert model(torch.randn(2, 1, 6))[0].shape == (2, 1, 9)


def test_a_forecaster_has_it_too() -> None:
    model = Forecaster(1, 5, linear=2, dtype=F64)
    again = Forecaster.from_config(model.config, dtype=F64)
    assert again.qlstm.linear == 2
    assert again.state_dict().keys() == model.state_dict().keys()
    attach(model)
    model(torch.randn(2, 2, 1, dtype=F64)).sum().backward()
    assert model.gradient_stderr().keys() == dict(model.named_parameters()).keys()
    before = again.qlstm.linears["l0"].into.weight.clone()
    again.qlstm.reset_parameters()
    assert not torch.equal(again.qlstm.linears["l0"].into.weight, before)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"linear": 0}, "linear=0 must be an integer of at least 1"),
        ({"linear": 2.5}, "linear=2.5 must be"),
        ({"linear": 3, "parts": 4}, "parts=4 exceeds linear=3"),
        ({"linear": 3, "parts": 0}, "parts=0 must be"),
        ({"linear": 3, "partition": "shared-input"}, "'shared-input' has no meaning with linear=3"),
        ({"linear": 3, "qubits": 2}, "3 inputs but only 2 qubits"),
    ],
)
def test_bad_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        QLSTM(1, 4, **options)
