"""`QLSTMCell`: one step, shapes of `torch.nn.LSTMCell`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import nn

from backends.errors import InputError
from qlstm import QLSTM, Ansatz, QLSTMCell
from qlstm.cell import update
from tests.qlstm.model import reference
from tests.qlstm.model.cases import scramble

F64 = torch.float64


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    with torch.random.fork_rng():
        torch.manual_seed(2)
        yield


def test_the_equations() -> None:
    """Eqs. 1d, 1f, 2-5, 8 in numpy."""
    z, c = torch.randn(4, 5, 3, dtype=F64), torch.randn(5, 3, dtype=F64)
    h_new, c_new = update(z, c)
    h_expected, c_expected = reference.update(z.numpy(), c.numpy())
    np.testing.assert_allclose(c_new.numpy(), c_expected, rtol=0, atol=1e-15)
    np.testing.assert_allclose(h_new.numpy(), h_expected, rtol=0, atol=1e-15)


@pytest.mark.parametrize("ansatz", [Ansatz.chen2020(), Ansatz.chen2024(2), Ansatz.reupload()])
def test_a_loop_over_the_cell_is_the_layer(ansatz: Ansatz) -> None:
    cell = QLSTMCell(2, 4, parts=2, partition="shared-input", ansatz=ansatz, dtype=F64)
    scramble(cell)
    layer = QLSTM(2, 4, parts=2, partition="shared-input", ansatz=ansatz, dtype=F64)
    layer.load_state_dict({name: cell.state_dict()[name.replace("_l0", "")] for name in layer.state_dict()})
    x, state = torch.randn(3, 5, 2, dtype=F64), torch.randn(2, 5, 4, dtype=F64)
    y, (h_n, c_n) = layer(x, (state[:1], state[1:]))
    h, c = state
    for t in range(3):
        h, c = cell(x[t], (h, c))
        torch.testing.assert_close(h, y[t], rtol=0, atol=1e-12)
    torch.testing.assert_close(torch.stack([h, c]), torch.cat([h_n, c_n]), rtol=0, atol=1e-12)


@pytest.mark.parametrize("hx", [True, False])
@pytest.mark.parametrize("shape", [(5, 2), (1, 2), (2,)])
def test_shapes_are_those_of_torch(shape: tuple[int, ...], hx: bool) -> None:
    x, state = torch.randn(shape), torch.randn(*shape[:-1], 3)
    given = ((state, state),) if hx else ()
    ours, theirs = QLSTMCell(2, 3)(x, *given), nn.LSTMCell(2, 3)(x, *given)
    assert [s.shape for s in ours] == [s.shape for s in theirs]


@pytest.mark.parametrize(
    ("x", "state"),
    [
        ((2, 3), (2, 3)),  # too many features
        ((2, 2, 2), (2, 3)),
        ((2, 2), (3, 3)),  # too many rows
        ((2, 2), (3, 2)),  # transposed: as many numbers as the right shape
        ((6, 2), (9, 2)),
        ((2, 2), (2, 4)),
        ((2,), (2, 3)),
    ],
)
def test_wrong_shapes_are_refused(x: tuple[int, ...], state: tuple[int, ...]) -> None:
    """None of them may be read as another shape of the same size; torch refuses all."""
    given = torch.zeros(state)
    with pytest.raises((RuntimeError, ValueError)):
        nn.LSTMCell(2, 3)(torch.zeros(x), (given, given))
    with pytest.raises(InputError) as caught:
        QLSTMCell(2, 3)(torch.zeros(x), (given, given))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "x", [torch.zeros(2, 2, dtype=F64), torch.full((2, 2), torch.nan), torch.zeros(2, 2, dtype=torch.int64)]
)
def test_wrong_numbers_are_refused(x: torch.Tensor) -> None:
    with pytest.raises(InputError):
        QLSTMCell(2, 3)(x)
