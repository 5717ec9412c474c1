"""`QLSTM` beside `torch.nn.LSTM`: shapes, arguments, and everything torch does with a module."""

from __future__ import annotations

import copy
import io
import pickle
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from backends.errors import InputError
from qlstm import QLSTM, Ansatz
from qlstm.evaluate import Exact
from tests.qlstm.model.cases import scramble

F64 = torch.float64


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        yield


def shapes(result: tuple[Tensor, tuple[Tensor, Tensor]]) -> list[tuple[int, ...]]:
    y, (h, c) = result
    return [tuple(t.shape) for t in (y, h, c)]


@pytest.mark.parametrize("hx", [True, False])
@pytest.mark.parametrize("batch", [1, 5, None])
@pytest.mark.parametrize("steps", [1, 4])
@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize(("layers", "dropout"), [(1, 0.0), (2, 0.0), (3, 0.4)])
def test_shapes_are_those_of_torch(
    layers: int, dropout: float, batch_first: bool, bidirectional: bool, steps: int, batch: int | None, hx: bool
) -> None:
    arguments: dict[str, Any] = {
        "num_layers": layers, "dropout": dropout, "batch_first": batch_first, "bidirectional": bidirectional,
    }  # fmt: skip
    ours = QLSTM(2, 3, **arguments, ansatz=Ansatz.chen2024(depth=1))
    theirs = nn.LSTM(2, 3, **arguments)
    x = torch.randn((steps, 2) if batch is None else (batch, steps, 2) if batch_first else (steps, batch, 2))
    rows = layers * (1 + bidirectional)
    state = torch.randn((rows, 3) if batch is None else (rows, batch, 3))
    given = ((state, state),) if hx else ()
    assert shapes(ours(x, *given)) == shapes(theirs(x, *given))


@pytest.mark.parametrize("bidirectional", [True, False])
def test_a_batch_of_nobody(bidirectional: bool) -> None:
    """The last batch of a filtered data set; torch gives empty outputs."""
    x = torch.zeros(4, 0, 2)
    expected = shapes(nn.LSTM(2, 3, 2, bidirectional=bidirectional)(x))
    assert shapes(QLSTM(2, 3, 2, bidirectional=bidirectional)(x)) == expected


def test_positional_arguments_are_those_of_torch() -> None:
    with pytest.warns(UserWarning, match="dropout"):
        model = QLSTM(2, 3, 1, True, 0.1, True)
    assert (model.num_layers, model.batch_first, model.dropout, model.bidirectional) == (1, True, 0.1, True)


def test_layouts_hold_the_same_numbers() -> None:
    model = QLSTM(2, 3, 2, bidirectional=True, dtype=F64)
    scramble(model)
    first = QLSTM(2, 3, 2, bidirectional=True, batch_first=True, dtype=F64)
    first.load_state_dict(model.state_dict())
    x = torch.randn(4, 5, 2, dtype=F64)
    y, (h, c) = model(x)
    swapped, (h1, c1) = first(x.transpose(0, 1))
    assert torch.equal(swapped.transpose(0, 1), y)
    assert torch.equal(h1, h)
    assert torch.equal(c1, c)
    state = torch.randn(2, 4, 5, 3, dtype=F64)
    alone, (ha, ca) = model(x[:, 2], (state[0][:, 2], state[1][:, 2]))
    y, (h, c) = model(x, (state[0], state[1]))
    assert torch.equal(alone, y[:, 2])
    assert torch.equal(ha, h[:, 2])
    assert torch.equal(ca, c[:, 2])


def test_the_last_states_are_where_torch_has_them() -> None:
    """h_n: the forward direction's last output, the reverse direction's output at the first step."""
    model = QLSTM(2, 3, 2, bidirectional=True, dtype=F64)
    scramble(model)
    y, (h, _) = model(torch.randn(4, 5, 2, dtype=F64))
    assert torch.equal(h[2], y[-1, :, :3])
    assert torch.equal(h[3], y[0, :, 3:])


def test_the_reverse_direction_walks_the_flipped_sequence() -> None:
    both, one = QLSTM(2, 3, bidirectional=True, dtype=F64), QLSTM(2, 3, dtype=F64)
    scramble(both)
    one.load_state_dict({"weight_l0_p0": both.state_dict()["weight_l0_p0_reverse"]})
    x = torch.randn(4, 5, 2, dtype=F64)
    assert torch.equal(both(x)[0][..., 3:], one(x.flip(0))[0].flip(0))


def test_sequences_can_be_continued() -> None:
    model = QLSTM(2, 3, 2, parts=2, dtype=F64)
    scramble(model)
    x = torch.randn(6, 5, 2, dtype=F64)
    whole, last = model(x)
    begin, state = model(x[:2])
    end, state = model(x[2:], list(state))
    torch.testing.assert_close(torch.cat([begin, end]), whole, rtol=0, atol=1e-14)
    torch.testing.assert_close(tuple(state), last, rtol=0, atol=1e-14)


def test_packed_sequences_are_refused() -> None:
    packed = pack_padded_sequence(torch.randn(4, 2, 2), [4, 3])
    with pytest.raises(InputError, match="PackedSequence"):
        QLSTM(2, 3)(packed)


def test_dropout_of_everything_leaves_the_next_layer_without_input() -> None:
    model = QLSTM(2, 3, 2, bidirectional=True, dropout=1.0, dtype=F64)
    scramble(model)
    upper = QLSTM(6, 3, bidirectional=True, dtype=F64)
    names = {name: name.replace("l0", "l1") for name in upper.state_dict()}
    upper.load_state_dict({name: model.state_dict()[theirs] for name, theirs in names.items()})
    expected = upper(torch.zeros(4, 5, 6, dtype=F64))[0]
    x = torch.randn(4, 5, 2, dtype=F64)
    for evaluator in (None, Exact(dict(model.named_parameters()))):
        y = model.run(x, None, evaluator)[0]
        torch.testing.assert_close(y, expected, rtol=0, atol=1e-12)
        assert not torch.equal(model.eval().run(x, None, evaluator)[0], y)
        model.train()


@pytest.mark.parametrize("kernel", [True, False])
def test_dropout_is_for_training_only(kernel: bool) -> None:
    model = QLSTM(2, 3, 2, dropout=0.5, dtype=F64)
    scramble(model)
    x = torch.randn(4, 5, 2, dtype=F64)
    evaluator = None if kernel else Exact(dict(model.named_parameters()))
    first, second = (model.run(x, None, evaluator)[0] for _ in range(2))
    assert not torch.equal(first, second)
    assert (first != 0).all()
    plain = QLSTM(2, 3, 2, dtype=F64)
    plain.load_state_dict(model.state_dict())
    torch.testing.assert_close(model.eval().run(x, None, evaluator)[0], plain(x)[0], rtol=0, atol=1e-12)


@pytest.mark.parametrize("kernel", [True, False])
def test_what_dropout_leaves_is_scaled_up(kernel: bool) -> None:
    """With one unit and one step the upper layer sees 0 or h / (1 - p), nothing else."""
    model = QLSTM(1, 1, 2, dropout=0.75, dtype=F64)
    scramble(model)
    lower, upper = QLSTM(1, 1, dtype=F64), QLSTM(1, 1, dtype=F64)
    lower.load_state_dict({"weight_l0_p0": model.weight_l0_p0})
    upper.load_state_dict({"weight_l0_p0": model.weight_l1_p0})
    x = torch.full((1, 200, 1), 0.7, dtype=F64)
    dropped, kept = upper(torch.zeros(1, 1, 1, dtype=F64))[0].item(), upper(4 * lower(x[:, :1])[0])[0].item()
    torch.manual_seed(1)
    y = model.run(x, None, None if kernel else Exact(dict(model.named_parameters())))[0].flatten()
    is_dropped, is_kept = (y - dropped).abs() < 1e-12, (y - kept).abs() < 1e-12
    assert (is_dropped | is_kept).all()
    assert 100 < is_dropped.sum() < 190
    torch.manual_seed(1)
    again = model.run(x, None, None if kernel else Exact(dict(model.named_parameters())))[0].flatten()
    assert torch.equal(again, y)


def test_state_dict_copy_pickle_and_save() -> None:
    model = QLSTM(2, 3, 2, parts=2, partition="shared-input", ansatz=Ansatz.reupload(), bidirectional=True, dtype=F64)
    scramble(model)
    x = torch.randn(3, 4, 2, dtype=F64)
    expected = model(x)[0]
    fresh = QLSTM(2, 3, 2, parts=2, partition="shared-input", ansatz=Ansatz.reupload(), bidirectional=True, dtype=F64)
    assert not torch.equal(fresh(x)[0], expected)
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    fresh.load_state_dict(torch.load(file, weights_only=True))
    for other in (fresh, copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert torch.equal(other(x)[0], expected)
        with torch.no_grad():
            other.get_parameter("weight_l0_p0").add_(1)
        assert not torch.equal(other(x)[0], expected)
    assert torch.equal(model(x)[0], expected)


def test_precision_follows_the_module() -> None:
    model = QLSTM(2, 3, parts=2)
    scramble(model)
    x = torch.randn(3, 4, 2)
    single = model(x)[0]
    double = model.double()(x.double())[0]
    assert (single.dtype, double.dtype) == (torch.float32, F64)
    torch.testing.assert_close(single, double.float(), rtol=0, atol=1e-5)
    assert model.float()(x)[0].dtype == torch.float32
    assert QLSTM(2, 3, dtype=F64).weight_l0_p0.dtype == F64


def test_an_optimiser_moves_every_parameter_and_lowers_the_loss() -> None:
    model = QLSTM(2, 3, 2, parts=2, ansatz=Ansatz.reupload(), bidirectional=True, dtype=F64)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.02)
    x, target = torch.randn(4, 8, 2, dtype=F64), 0.3 * torch.randn(4, 8, 6, dtype=F64)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    losses = []
    for _ in range(15):
        optimiser.zero_grad()
        loss = (model(x)[0] - target).square().mean()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    assert [name for name, p in model.named_parameters() if torch.equal(p, before[name])] == []


def test_functional_call_uses_the_weights_given() -> None:
    model, other = QLSTM(2, 3, parts=2, dtype=F64), QLSTM(2, 3, parts=2, dtype=F64)
    scramble(other)
    x = torch.randn(3, 4, 2, dtype=F64)
    found = torch.func.functional_call(model, dict(other.named_parameters()), (x,))[0]
    assert torch.equal(found, other(x)[0])


def test_layers_may_share_weights() -> None:
    """One Parameter object in two places, as with torch's own layers, collects the gradient of both."""
    model, separate = (QLSTM(2, 2, 2, dtype=F64) for _ in range(2))
    for one in (model, separate):
        scramble(one)
        with torch.no_grad():
            one.get_parameter("weight_l1_p0").copy_(one.get_parameter("weight_l0_p0"))
    model.weight_l1_p0 = model.weight_l0_p0
    x = torch.randn(2, 3, 2, dtype=F64)
    lower, upper = (separate.get_parameter(f"weight_l{n}_p0") for n in (0, 1))
    expected = sum(torch.autograd.grad(separate(x)[0].sum(), (lower, upper)))
    found = torch.autograd.grad(model(x)[0].sum(), model.get_parameter("weight_l0_p0"))[0]
    torch.testing.assert_close(found, expected)
