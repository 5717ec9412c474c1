"""Inputs and states in the layouts of `torch.nn.LSTM`, checked and brought into one."""

from __future__ import annotations

from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from backends.errors import InputError
from qlstm.checks import require_like, require_pair

State = tuple[Tensor, Tensor]


def steps_first(input: Tensor, input_size: int, batch_first: bool, like: Tensor, what: str = "QLSTM") -> Tensor:
    """The input as (steps, batch, input_size).

    Args:
        input: Shape (steps, batch, input_size), (batch, steps, input_size) with ``batch_first``, or (steps, input_size).
        input_size: Features per time step.
        batch_first: Layout of a batch.
        like: A weight; the input must have its dtype and device.
        what: Who asks, for messages.

    Raises:
        InputError: For another shape, dtype or device, NaN or infinity, no time steps, or a `PackedSequence`.
    """
    if isinstance(input, PackedSequence):
        raise InputError(
            "a PackedSequence is not supported; pad the sequences to one length and pass the padded tensor"
        )
    require_like("the input", input, like)
    layout = "(batch, steps, {0})" if batch_first else "(steps, batch, {0})"
    shape = tuple(input.shape)
    if input.dim() not in (2, 3) or shape[-1] != input_size:
        expected = f"{layout} or (steps, {{0}})".format(input_size)
        raise InputError(f"the input has shape {shape}, but this {what} takes {expected}")
    x = input[:, None] if input.dim() == 2 else input.transpose(0, 1) if batch_first else input
    if len(x) == 0:
        raise InputError(f"the input has shape {shape}: no time steps; give at least one")
    return x


def starting(hx: State | None, shape: tuple[int, int, int], unbatched: bool, like: Tensor) -> State | None:
    """(h0, c0), each of shape (layers * directions, batch, hidden_size); None for zeros.

    Args:
        hx: As the caller gave it.
        shape: What both must have.
        unbatched: The caller leaves the batch axis out.
        like: A weight; the states must have its dtype and device.

    Raises:
        InputError: For something else than a pair, or another shape, dtype or device, NaN or infinity.
    """
    if hx is None:
        return None
    expected = (shape[0], shape[2]) if unbatched else shape
    h0, c0 = require_pair(hx)
    for name, state in (("h0", h0), ("c0", c0)):
        require_like(name, state, like)
        if tuple(state.shape) != expected:
            raise InputError(f"{name} has shape {tuple(state.shape)}, but must have {expected}")
    return (h0[:, None], c0[:, None]) if unbatched else (h0, c0)


def as_given(y: Tensor, h: Tensor, c: Tensor, unbatched: bool, batch_first: bool) -> tuple[Tensor, State]:
    """Outputs (steps, batch, ...) and last states (rows, batch, ...) in the layout of the caller's input."""
    if unbatched:
        return y[:, 0], (h[:, 0], c[:, 0])
    return (y.transpose(0, 1) if batch_first else y), (h, c)


def one_step(
    x: Tensor, hx: State | None, input_size: int, hidden_size: int, like: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """x, h and c of a cell as (batch, ...), zeros for a start that is not given.

    Args:
        x: Shape (batch, input_size) or (input_size,).
        hx: (h, c), each of shape (batch, hidden_size), or without the batch axis where x has none.
        input_size: Length of x.
        hidden_size: Length of h and c.
        like: A weight; everything must have its dtype and device.

    Raises:
        InputError: For another shape, dtype or device, NaN or infinity.
    """
    require_like("x", x, like)
    if x.dim() not in (1, 2) or x.shape[-1] != input_size:
        expected = f"(batch, {input_size}) or ({input_size},)"
        raise InputError(f"x has shape {tuple(x.shape)}, but the cell takes {expected}")
    shape = (*x.shape[:-1], hidden_size)
    h, c = (x.new_zeros(shape), x.new_zeros(shape)) if hx is None else require_pair(hx)
    for name, state in (("h", h), ("c", c)) if hx is not None else ():
        require_like(name, state, like)
        if tuple(state.shape) != shape:
            raise InputError(f"{name} has shape {tuple(state.shape)}, but must have {shape}, one row per sample")
    return (x[None], h[None], c[None]) if x.dim() == 1 else (x, h, c)
