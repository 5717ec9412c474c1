"""One layer and direction of a QLSTM over a whole sequence, exactly, by the compiled kernel."""

from __future__ import annotations

from collections.abc import Mapping
from ctypes import byref
from typing import Any

import torch
from torch import Tensor

from backends.errors import InputError
from qlstm.bank import GATES, Bank
from qlstm.exact.layout import Layout, layout_of
from qlstm.exact.library import Arrays, Model, best_level, library, vector_bytes

ALIGNMENT = 64
"""Bytes; that of the widest vectors."""
State = tuple[Tensor, Tensor]


def can_run(bank: Bank, x: Tensor) -> bool:
    """Whether the kernel serves this bank and input; plain torch does otherwise."""
    if x.device.type != "cpu" or x.dtype not in (torch.float32, torch.float64):
        return False
    return bank.gates == GATES and library() is not None


def run(
    bank: Bank,
    x: Tensor,
    start: State | None,
    parameters: Mapping[str, Tensor],
    reverse: bool = False,
    batch_first: bool = False,
    noise: Tensor | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Hidden states of every step, and the last hidden and cell states.

    Args:
        bank: The gates of the layer.
        x: Shape (steps, batch, inputs), (batch, steps, inputs) with ``batch_first``.
        start: h0 and c0, each of shape (batch, hidden); None for zeros.
        parameters: The model's parameters by name.
        reverse: Walk from the last step to the first.
        batch_first: Layout of x and y.
        noise: Shot noise as made by `qlstm.noise.draw_noise`, shape (steps, 4, batch, hidden).

    Returns:
        y of shape (steps, batch, hidden) in the layout of x, h and c of shape (1, batch, hidden).
    """
    layout, (h0, c0) = layout_of(bank), start or (None, None)
    tensors = []
    for name, shape in layout.shapes.items():
        tensor = parameters[name]
        if tensor.dtype != x.dtype or tensor.shape != shape:  # the kernel would read past its end
            raise InputError(
                f"{name} is {tensor.dtype} of shape {tuple(tensor.shape)}, but must be {x.dtype} of shape {shape}"
            )
        tensors.append(tensor)
    return _Sequence.apply(layout, reverse, batch_first, noise, x, h0, c0, *tensors)  # type: ignore[no-any-return, no-untyped-call]


def _call(function: str, model: Model, pointers: Arrays, dtype: torch.dtype) -> None:
    bits, threads = 64 if dtype == torch.float64 else 32, torch.get_num_threads()
    if getattr(library(), function)(byref(model), byref(pointers), bits, threads, best_level()):
        raise MemoryError(
            f"not enough memory for a batch of {model.batch} samples; use a smaller batch or narrower parts"
        )


def _room(size: int, dtype: torch.dtype) -> Tensor:
    """An empty tensor at an address aligned to the kernel's vectors, as torch's own allocator always gives them."""
    room = torch.empty(size, dtype=dtype)
    if room.data_ptr() % ALIGNMENT == 0:
        return room
    room = torch.empty(size + ALIGNMENT // dtype.itemsize, dtype=dtype)
    start = (-room.data_ptr() % ALIGNMENT) // dtype.itemsize
    return room[start : start + size]


def _saved_states(model: Model, dtype: torch.dtype) -> Tensor:
    """Room for the gates, c and h of every step in the kernel's layout."""
    lanes = vector_bytes(best_level()) // dtype.itemsize
    blocks = -(-model.batch // lanes)
    return _room(blocks * (model.steps + 1) * 6 * model.hidden * lanes, dtype)


def _aligned(states: Tensor) -> Tensor:
    """Saved states as they are, or copied if a hook brought them back to an address that is not aligned."""
    if states.data_ptr() % ALIGNMENT == 0 and states.is_contiguous():
        return states
    return _room(states.numel(), states.dtype).copy_(states)


def _pointer(tensor: Tensor | None) -> int | None:
    return None if tensor is None else tensor.data_ptr()


def _contiguous(tensor: Tensor | None) -> Tensor | None:
    return None if tensor is None else tensor.contiguous()


class _Sequence(torch.autograd.Function):
    """Eqs. 2-5, 7, 8 over all steps, with the adjoint of the whole sequence as its backward."""

    @staticmethod
    def forward(ctx, layout: Layout, reverse: bool, batch_first: bool, noise: Tensor | None, x: Tensor, *given: Any):  # type: ignore[no-untyped-def]
        """``given``: h0 and c0, or None for zeros, then the parameters in the layout's order."""
        h0, c0, *tensors = given
        x, h0, c0, flat = x.contiguous(), _contiguous(h0), _contiguous(c0), layout.flatten(tensors)
        first, second, inputs = x.shape
        steps, batch = (second, first) if batch_first else (first, second)
        model = layout.describe((steps, batch, inputs, reverse, batch_first))
        saved, end = _saved_states(model, x.dtype), (1, model.batch, model.hidden)
        y, h, c = x.new_empty((first, second, model.hidden)), x.new_empty(end), x.new_empty(end)
        pointers = Arrays(
            x.data_ptr(), _pointer(h0), _pointer(c0), *layout.pointers(flat), _pointer(noise),
            y.data_ptr(), h.data_ptr(), c.data_ptr(), saved.data_ptr(),
        )  # fmt: skip
        _call("qlstm_forward", model, pointers, x.dtype)
        ctx.layout, ctx.model, ctx.noisy = layout, model, noise is not None and layout.affine_output
        # only the gradient of a gain depends on the noise
        ctx.save_for_backward(x, flat, saved, noise) if ctx.noisy else ctx.save_for_backward(x, flat, saved)
        ctx.set_materialize_grads(False)
        return y, h, c

    @staticmethod
    def backward(ctx, *grads: Tensor | None):  # type: ignore[no-untyped-def]
        """See `_adjoint`; only where somebody asks for a graph of it does it have to refuse a second derivative."""
        return _adjoint_once(ctx, *grads) if torch.is_grad_enabled() else _adjoint(ctx, *grads)


def _adjoint(ctx: Any, grad_y: Tensor | None, grad_h: Tensor | None, grad_c: Tensor | None) -> Any:
    """Gradients of what `_Sequence.forward` was given."""
    layout, model = ctx.layout, ctx.model
    x, flat, saved, *noise = ctx.saved_tensors
    x, flat, saved = x.contiguous(), flat.contiguous(), _aligned(saved)  # hooks may have brought back others
    noise = noise[0].contiguous() if ctx.noisy else None
    grads = grad_y, grad_h, grad_c = _contiguous(grad_y), _contiguous(grad_h), _contiguous(grad_c)
    need_x, need_h0, need_c0 = ctx.needs_input_grad[4:7]
    start = (model.batch, model.hidden)
    data = (
        x.new_empty(x.shape) if need_x else None,
        x.new_empty(start) if need_h0 else None,
        x.new_empty(start) if need_c0 else None,
    )
    found = torch.zeros_like(flat)
    pointers = Arrays(
        x.data_ptr(), None, None, *layout.pointers(flat), _pointer(noise), None, None, None, saved.data_ptr(),
        *map(_pointer, grads), *map(_pointer, data), *layout.pointers(found),
    )  # fmt: skip
    _call("qlstm_backward", model, pointers, x.dtype)
    return None, None, None, None, *data, *layout.unflatten(found)


_adjoint_once = torch.autograd.function.once_differentiable(_adjoint)
