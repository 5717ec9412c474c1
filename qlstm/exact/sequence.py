"""One layer and direction of a QLSTM over a whole sequence, exactly, by the compiled kernel."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping

import torch
from torch import Tensor

from backends.errors import InputError
from qlstm.bank import GATES, Bank
from qlstm.exact.layout import layout_of
from qlstm.exact.library import Arrays, Model, best_level, library

VECTOR_BYTES = 64
State = tuple[Tensor, Tensor]


def can_run(bank: Bank, x: Tensor) -> bool:
    """Whether the kernel serves this bank and input; plain torch does otherwise."""
    if x.device.type != "cpu" or x.dtype not in (torch.float32, torch.float64):
        return False
    return bank.gates == GATES and library() is not None


def run(
    bank: Bank, x: Tensor, start: State | None, parameters: Mapping[str, Tensor], reverse: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Hidden states of every step, and the last hidden and cell states.

    Args:
        bank: The gates of the layer.
        x: Shape (steps, batch, inputs).
        start: h0 and c0, each of shape (batch, hidden); None for zeros.
        parameters: The model's parameters by name.
        reverse: Walk from the last step to the first.

    Returns:
        y of shape (steps, batch, hidden), h and c of shape (1, batch, hidden).
    """
    h0, c0 = start or (None, None)
    tensors = [parameters[name] for name in layout_of(bank).names]
    for name, tensor in zip(layout_of(bank).names, tensors, strict=True):
        if tensor.dtype != x.dtype or tensor.shape != bank.shapes[name]:  # the kernel would read past its end
            raise InputError(
                f"{name} is {tensor.dtype} of shape {tuple(tensor.shape)}, but must be {x.dtype} of shape {bank.shapes[name]}"
            )
    return _Sequence.apply(bank, reverse, x, h0, c0, *tensors)  # type: ignore[no-any-return, no-untyped-call]


def _call(function: str, model: Model, arrays: Mapping[str, Tensor], dtype: torch.dtype) -> None:
    kernel = library()
    assert kernel is not None
    pointers = Arrays(**{name: tensor.data_ptr() for name, tensor in arrays.items()})
    bits, threads = 64 if dtype == torch.float64 else 32, torch.get_num_threads()
    if getattr(kernel, function)(ctypes.byref(model), ctypes.byref(pointers), bits, threads, best_level()):
        raise MemoryError(
            f"not enough memory for a batch of {model.batch} samples; use a smaller batch or narrower parts"
        )


def _room(size: int, dtype: torch.dtype) -> Tensor:
    """An empty tensor at an address aligned to the kernel's vectors."""
    room = torch.empty(size + VECTOR_BYTES // dtype.itemsize, dtype=dtype)
    start = (-room.data_ptr() % VECTOR_BYTES) // dtype.itemsize
    return room[start : start + size]


def _saved_states(x: Tensor, hidden: int) -> Tensor:
    """Room for the gates, c and h of every step in the kernel's layout."""
    lanes = VECTOR_BYTES // x.element_size()
    blocks = -(-x.shape[1] // lanes)
    return _room(blocks * (x.shape[0] + 1) * 6 * hidden * lanes, x.dtype)


def _aligned(states: Tensor) -> Tensor:
    """Saved states as they are, or copied if a hook brought them back to an address that is not aligned."""
    if states.data_ptr() % VECTOR_BYTES == 0 and states.is_contiguous():
        return states
    return _room(states.numel(), states.dtype).copy_(states)


def _batch_first(x: Tensor) -> bool:
    """Whether (steps, batch, width) is a view of (batch, steps, width); the kernel reads either without a copy."""
    return not x.is_contiguous() and x.transpose(0, 1).is_contiguous()


def _laid(x: Tensor, batch_first: bool) -> Tensor:
    """X of shape (steps, batch, width) in one of the kernel's two layouts."""
    return x.transpose(0, 1).contiguous().transpose(0, 1) if batch_first else x.contiguous()


def _empty(like: Tensor, width: int, batch_first: bool) -> Tensor:
    steps, batch, _ = like.shape
    if batch_first:
        return like.new_empty((batch, steps, width)).transpose(0, 1)
    return like.new_empty((steps, batch, width))


class _Sequence(torch.autograd.Function):
    """Eqs. 2-5, 7, 8 over all steps, with the adjoint of the whole sequence as its backward."""

    @staticmethod
    def forward(ctx, bank: Bank, reverse: bool, x: Tensor, h0: Tensor | None, c0: Tensor | None, *tensors: Tensor):  # type: ignore[no-untyped-def]
        layout, batch_first = layout_of(bank), _batch_first(x)
        x = _laid(x, batch_first)
        model = layout.describe((*x.shape, reverse, batch_first))
        kept = {"x": x, **layout.flatten(tensors), "saved": _saved_states(x, bank.outputs)}
        starts = {name: t.contiguous() for name, t in (("h0", h0), ("c0", c0)) if t is not None}
        y, h, c = _empty(x, bank.outputs, batch_first), *x.new_empty((2, 1, x.shape[1], bank.outputs)).unbind()
        _call("qlstm_forward", model, {**kept, **starts, "y": y, "h_last": h, "c_last": c}, x.dtype)
        ctx.layout, ctx.model, ctx.names, ctx.shapes = layout, model, list(kept), [t.shape for t in tensors]
        ctx.save_for_backward(*kept.values())
        ctx.set_materialize_grads(False)
        return y, h, c

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad_y: Tensor | None, grad_h: Tensor | None, grad_c: Tensor | None):  # type: ignore[no-untyped-def]
        model, batch_first = ctx.model, bool(ctx.model.batch_first)
        arrays = dict(zip(ctx.names, ctx.saved_tensors, strict=True))
        arrays["saved"], arrays["x"] = _aligned(arrays["saved"]), _laid(arrays["x"], batch_first)
        x = arrays["x"]
        flat = {name: torch.zeros_like(arrays[name]) for name in ctx.layout.groups}
        data = {}
        for name, needed in zip(("x", "h0", "c0"), ctx.needs_input_grad[2:5], strict=True):
            if needed:
                data[name] = (
                    _empty(x, model.inputs, batch_first) if name == "x" else x.new_empty((model.batch, model.hidden))
                )
        given = {"grad_y": None if grad_y is None else _laid(grad_y, batch_first), "grad_h": grad_h, "grad_c": grad_c}
        arrays |= {
            name: grad.contiguous() if name != "grad_y" else grad for name, grad in given.items() if grad is not None
        }
        results = {f"grad_{name}": tensor for name, tensor in (flat | data).items()}
        _call("qlstm_backward", model, arrays | results, x.dtype)
        return None, None, data.get("x"), data.get("h0"), data.get("c0"), *ctx.layout.unflatten(flat, ctx.shapes)
