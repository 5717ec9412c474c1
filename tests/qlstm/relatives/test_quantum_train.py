"""QT-LSTM: probabilities against qiskit's, weights and counts against the definition, forward against `torch.nn.LSTM`."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from qiskit.quantum_info import Statevector
from torch import nn

from backends.errors import InputError
from qlstm.relatives import QTLSTM

F64 = torch.float64


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    with torch.random.fork_rng():
        torch.manual_seed(6)
        yield


def test_probabilities_are_qiskits() -> None:
    model = QTLSTM(1, 2, depth=3, dtype=F64)
    expected = Statevector(model.circuit()).probabilities()
    np.testing.assert_allclose(model.probabilities().detach(), expected, rtol=0, atol=1e-14)
    assert dict(model.circuit().count_ops()) == {"ry": 3 * 6, "cx": 3 * 5, "h": 6}


def test_weights_are_the_mapping_of_bits_and_probability() -> None:
    model = QTLSTM(1, 2, mapping=3, dtype=F64)
    p = Statevector(model.circuit()).probabilities()
    first, _, second = model.mapping
    w1, b1, w2, b2 = (t.detach().numpy() for t in (first.weight, first.bias, second.weight, second.bias))
    expected = []
    for i in range(model.n_weights):
        bits = [1.0 if i >> k & 1 else -1.0 for k in range(model.qubits)]
        expected.append((w2 @ np.tanh(w1 @ np.array([*bits, 2**model.qubits * p[i]]) + b1) + b2)[0])
    flat = torch.cat([weight.detach().flatten() for weight in model.weights().values()])
    np.testing.assert_allclose(flat, expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize(("sizes", "weights", "qubits"), [((1, 2), 40, 6), ((1, 4), 112, 7), ((14, 1), 68, 7)])
def test_sizes(sizes: tuple[int, int], weights: int, qubits: int) -> None:
    """N = ceil(log2 n) and depth N + (N + 1) m + m + m + 1 parameters."""
    model = QTLSTM(*sizes, depth=5, mapping=3)
    assert model.n_weights == weights == sum(p.numel() for p in nn.LSTM(*sizes).parameters())
    assert model.qubits == qubits == int(np.ceil(np.log2(weights)))
    assert sum(p.numel() for p in model.parameters()) == 5 * qubits + (qubits + 1) * 3 + 3 + 3 + 1
    assert model.state_dict().keys() == dict(model.named_parameters()).keys()


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("stack", [{}, {"num_layers": 2, "bidirectional": True}])
@pytest.mark.parametrize("hx", [False, True])
@pytest.mark.parametrize("shape", [(4, 3, 2), (4, 2)])
def test_forward_is_that_of_the_classical_lstm(
    shape: tuple[int, ...], hx: bool, stack: dict[str, Any], batch_first: bool
) -> None:
    model = QTLSTM(2, 3, batch_first=batch_first, dtype=F64, **stack)
    lstm = copy.deepcopy(model).classical()
    batch = () if len(shape) == 2 else (shape[0] if batch_first else shape[1],)
    state = torch.rand(4 if stack else 1, *batch, 3, dtype=F64)
    given = ((state, -state),) if hx else ()
    x = torch.randn(shape, dtype=F64)
    torch.testing.assert_close(model(x, *given), lstm(x, *given), rtol=0, atol=1e-14)


def test_derivatives() -> None:
    model = QTLSTM(1, 1, depth=2, mapping=2, dtype=F64)
    names = [name for name, _ in model.named_parameters()]
    x = torch.randn(2, 1, 1, dtype=F64)

    def output(*parameters: torch.Tensor) -> torch.Tensor:
        weights = dict(zip(names, parameters, strict=True))
        found: torch.Tensor = torch.func.functional_call(model, weights, (x,))[0]
        return found

    torch.autograd.gradcheck(output, tuple(model.parameters()))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"depth": 0}, "depth=0 must be an integer of at least 1"),
        ({"hidden_size": 600}, "weights take 21 qubits, but the limit is 20"),
    ],
)
def test_bad_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        QTLSTM(**{"input_size": 1, "hidden_size": 2, **options})


def test_an_executor_is_refused() -> None:
    with pytest.raises(InputError, match="a QTLSTM is simulated exactly and takes no executor"):
        QTLSTM(1, 2).executor = object()
