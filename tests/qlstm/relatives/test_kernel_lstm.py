"""QK-LSTM: its kernel against qiskit's states, its gates against the definition written out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from qiskit import QuantumCircuit
from qiskit.quantum_info import Statevector
from torch import nn

from backends.errors import InputError
from qlstm.relatives import QKLSTM, Readout, quantum_kernel
from tests.qlstm.model.cases import assert_runs_as, scramble
from tests.qlstm.model.reference import Array

F64 = torch.float64


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    with torch.random.fork_rng():
        torch.manual_seed(4)
        yield


def phi(v: Array, uploads: int, cnots: list[tuple[int, int]]) -> Statevector:
    """H, then RY(v) on every qubit, `uploads` times, CNOTs between."""
    circuit = QuantumCircuit(len(v))
    circuit.h(range(len(v)))
    for upload in range(uploads):
        for pair in cnots if upload else ():
            circuit.cx(*pair)
        for k, angle in enumerate(v):
            circuit.ry(angle, k)
    return Statevector(circuit)


def by_qiskit(a: Array, b: Array, uploads: int, cnots: list[tuple[int, int]]) -> Array:
    rows, columns = [phi(v, uploads, cnots) for v in a], [phi(v, uploads, cnots) for v in b]
    return np.array([[abs(row.inner(column)) ** 2 for column in columns] for row in rows])


RING = [(0, 1), (1, 2), (2, 0)]


@pytest.mark.parametrize(
    ("uploads", "entangler", "cnots"),
    [(1, "ring", RING), (2, "ring", RING), (3, "linear", RING[:2]), (2, "none", []), (2, "brick", RING[:2])],
)
def test_the_kernel_is_qiskits(uploads: int, entangler: Any, cnots: list[tuple[int, int]]) -> None:
    a, b = 3 * torch.randn(4, 3, dtype=F64), 3 * torch.randn(2, 3, dtype=F64)
    found = quantum_kernel(a, b, uploads, entangler)
    np.testing.assert_allclose(found, by_qiskit(a.numpy(), b.numpy(), uploads, cnots), rtol=0, atol=1e-13)
    np.testing.assert_allclose(quantum_kernel(a, a, uploads, entangler).diagonal(), 1, rtol=0, atol=1e-13)


def test_entanglement_makes_another_kernel() -> None:
    a, b = torch.randn(3, 3, dtype=F64), torch.randn(2, 3, dtype=F64)
    assert (quantum_kernel(a, b, 2, "ring") - quantum_kernel(a, b, 2, "none")).abs().max() > 0.05


def test_the_definition() -> None:
    """sum_j alpha_j k(s [h; x], s v_j) + b in every gate, kernels by qiskit, all else by numpy."""
    model = QKLSTM(1, 2, landmarks=3, dtype=F64)
    scramble(model)
    x = torch.randn(3, 2, 1, dtype=F64)
    alpha, bias, landmarks, scale = (
        p.detach().numpy() for p in (model.alpha, model.bias, model.landmarks, model.scale)
    )

    def gates(v: Array) -> Array:
        by_gate = zip(scale, alpha, bias, strict=True)
        return np.array([by_qiskit(s * v, s * landmarks, 2, RING) @ a.T + b for s, a, b in by_gate])

    assert_runs_as(model, x, gates)


def test_derivatives() -> None:
    model = QKLSTM(1, 1, landmarks=2, dtype=F64)
    scramble(model)
    names = [name for name, _ in model.named_parameters()]

    def output(x: torch.Tensor, *parameters: torch.Tensor) -> torch.Tensor:
        weights = dict(zip(names, parameters, strict=True))
        found: torch.Tensor = torch.func.functional_call(model, weights, (x,))[0]
        return found

    x = torch.randn(2, 2, 1, dtype=F64, requires_grad=True)
    torch.autograd.gradcheck(output, (x, *model.parameters()))


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("hx", [False, True])
@pytest.mark.parametrize("shape", [(4, 2, 3), (4, 3)])
def test_called_like_torch(shape: tuple[int, ...], hx: bool, batch_first: bool) -> None:
    batch = () if len(shape) == 2 else (shape[0] if batch_first else shape[1],)
    state = torch.rand(1, *batch, 5)
    given = ((state, state),) if hx else ()
    x = torch.rand(shape)
    y, (h, c) = QKLSTM(3, 5, batch_first, uploads=1)(x, *given)
    y_torch, (h_torch, c_torch) = nn.LSTM(3, 5, batch_first=batch_first)(x, *given)
    assert (y.shape, h.shape, c.shape) == (y_torch.shape, h_torch.shape, c_torch.shape)
    last = y[-1] if len(shape) == 2 or not batch_first else y[:, -1]
    assert torch.equal(last, h[0])


def test_parameters() -> None:
    model = QKLSTM(2, 3, landmarks=6)
    assert model.qubits == 5
    assert sum(p.numel() for p in model.parameters()) == 4 * 3 * (6 + 1) + 6 * 5 + 4 * 5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"landmarks": 0}, "landmarks=0 must be an integer of at least 1"),
        ({"entangler": "rings"}, "unknown entangler 'rings'"),
        ({"hidden_size": 30}, "31 qubits, but is simulated up to 20"),
        ({"dtype": torch.float16}, "float16"),
    ],
)
def test_bad_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        QKLSTM(**{"input_size": 1, "hidden_size": 2, **options})


def test_an_executor_is_refused() -> None:
    model = QKLSTM(1, 2, batch_first=True)
    model.executor = None
    for one in (model, Readout(model)):
        with pytest.raises(InputError, match="a QKLSTM is simulated exactly and takes no executor"):
            one.executor = object()
        assert one.executor is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((torch.zeros(2, 3), torch.zeros(2, 4)), r"v of shape \(2, 3\) and other of \(2, 4\)"),
        ((torch.zeros(2, 2, 3), torch.zeros(2, 3)), "must agree"),
        ((torch.zeros(3), torch.zeros(3)), "must be a tensor of floats"),
        ((torch.zeros(2, 3, dtype=torch.int64), torch.zeros(2, 3)), "must be a tensor of floats"),
        (("a", torch.zeros(2, 3)), "v='a' must be a tensor"),
        ((torch.zeros(2, 3), torch.zeros(2, 3), 0), "uploads=0"),
        ((torch.zeros(2, 3), torch.zeros(2, 3), 2, "rings"), "unknown entangler 'rings'"),
        ((torch.zeros(2, 30), torch.zeros(2, 30)), "30 qubits, but is simulated up to 20"),
    ],
)
def test_a_kernel_of_something_else(arguments: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        quantum_kernel(*arguments)
