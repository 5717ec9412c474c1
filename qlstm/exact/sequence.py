"""One layer and direction of a QLSTM over a whole sequence, exactly, by the compiled kernel."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from qlstm.bank import GATES, Bank
from qlstm.exact.library import Arrays, Model, best_level, library
from qlstm.exact.permutation import cnot_source

VECTOR_BYTES = 64
Groups = tuple[int, int]
"""Number of weight tensors, and of scales (the same number of biases)."""


def can_run(bank: Bank, x: Tensor) -> bool:
    """Whether the kernel serves this bank and input; plain torch does otherwise."""
    return (
        x.device.type == "cpu"
        and x.dtype in (torch.float32, torch.float64)
        and bank.gates == GATES
        and library() is not None
    )


def run(
    bank: Bank, x: Tensor, h0: Tensor, c0: Tensor, parameters: Mapping[str, Tensor], reverse: bool
) -> tuple[Tensor, Tensor]:
    """Hidden states of every step and the last cell state.

    Args:
        bank: The gates of the layer.
        x: Shape (steps, batch, inputs).
        h0: Shape (batch, hidden).
        c0: Shape (batch, hidden).
        parameters: The model's parameters by name.
        reverse: Walk from the last step to the first.

    Returns:
        y of shape (steps, batch, hidden), c of shape (batch, hidden).
    """
    parts = range(bank.partition.parts)
    tensors = [parameters[bank.name("weight", p)] for p in parts]
    if bank.ansatz.affine_input:
        tensors += [parameters[bank.name(kind, p)] for kind in ("scale", "bias") for p in parts]
    if bank.ansatz.affine_output:
        tensors += [parameters[bank.name("gain")], parameters[bank.name("offset")]]
    return _Sequence.apply(bank, reverse, x, h0, c0, *tensors)  # type: ignore[no-any-return, no-untyped-call]


@lru_cache(maxsize=64)
def _geometry(bank: Bank) -> tuple[NDArray[np.int32], ...]:
    part = bank.partition
    flat = [np.array(part.qubits), np.array([len(p) for p in part.inputs]), np.array(part.outputs)]
    flat.append(np.array([i for p in part.inputs for i in p]))
    flat.append(np.concatenate([cnot_source(bank.ansatz.entangler, q) for q in part.qubits]))
    return tuple(np.ascontiguousarray(a, dtype=np.int32) for a in flat)


def _describe(bank: Bank, x: Tensor, reverse: bool) -> Model:
    ansatz, geometry = bank.ansatz, _geometry(bank)
    model = Model(
        *x.shape, bank.outputs, bank.partition.parts, len(bank.gates), ansatz.uploads, ansatz.depth,
        ansatz.encoding == "arctan", ansatz.rotation == "rot", ansatz.affine_input, ansatz.affine_output, reverse,
        *(array.ctypes.data for array in geometry),
    )  # fmt: skip
    model.geometry = geometry  # what its pointers point to must live as long
    return model


def _flatten(bank: Bank, tensors: Sequence[Tensor]) -> dict[str, Tensor]:
    """The kernel's flat arrays: weights of all parts, then scales, biases, gain, offset where they exist."""
    parts, flat = bank.partition.parts, {}
    groups = [("weights", tensors[:parts])]
    if bank.ansatz.affine_input:
        groups += [("scale", tensors[parts : 2 * parts]), ("bias", tensors[2 * parts : 3 * parts])]
    if bank.ansatz.affine_output:
        groups += [("gain", tensors[-2:-1]), ("offset", tensors[-1:])]
    for name, group in groups:
        flat[name] = torch.cat([t.reshape(-1) for t in group]) if len(group) > 1 else group[0].reshape(-1).contiguous()
    return flat


def _call(function: str, model: Model, arrays: Mapping[str, Tensor], dtype: torch.dtype) -> None:
    kernel = library()
    assert kernel is not None
    pointers = Arrays(**{name: tensor.data_ptr() for name, tensor in arrays.items()})
    bits = 64 if dtype == torch.float64 else 32
    failed = getattr(kernel, function)(
        ctypes.byref(model), ctypes.byref(pointers), bits, torch.get_num_threads(), best_level()
    )
    if failed:
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


class _Sequence(torch.autograd.Function):
    """Eqs. 2-5, 7, 8 over all steps, with the adjoint of the whole sequence as its backward."""

    @staticmethod
    def forward(ctx, bank: Bank, reverse: bool, x: Tensor, h0: Tensor, c0: Tensor, *tensors: Tensor):  # type: ignore[no-untyped-def]
        x, h0, c0 = x.contiguous(), h0.contiguous(), c0.contiguous()
        model = _describe(bank, x, reverse)
        arrays = {"x": x, "h0": h0, "c0": c0} | _flatten(bank, tensors)
        arrays["y"] = x.new_empty((*x.shape[:2], bank.outputs))
        arrays["c_last"] = torch.empty_like(c0)
        arrays["saved"] = _saved_states(x, bank.outputs)
        _call("qlstm_forward", model, arrays, x.dtype)
        ctx.bank, ctx.model, ctx.shapes = bank, model, [t.shape for t in tensors]
        ctx.names = [name for name in arrays if name not in ("y", "c_last")]
        ctx.save_for_backward(*(arrays[name] for name in ctx.names))
        return arrays["y"], arrays["c_last"]

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad_y: Tensor, grad_c: Tensor):  # type: ignore[no-untyped-def]
        arrays = dict(zip(ctx.names, ctx.saved_tensors, strict=True))
        arrays["saved"] = _aligned(arrays["saved"])
        wanted = [name for name in ("weights", "scale", "bias", "gain", "offset") if name in arrays]
        grads = {name: torch.zeros_like(arrays[name]) for name in wanted}
        grads |= {name: torch.empty_like(arrays[name]) for name in ("x", "h0", "c0")}
        arrays["grad_y"], arrays["grad_c"] = grad_y.contiguous(), grad_c.contiguous()
        _call("qlstm_backward", ctx.model, arrays | {f"grad_{name}": g for name, g in grads.items()}, grad_y.dtype)
        flat = [piece for name in wanted for piece in _unflatten(grads[name], name, ctx)]
        return None, None, grads["x"], grads["h0"], grads["c0"], *flat


def _unflatten(flat: Tensor, name: str, ctx) -> list[Tensor]:  # type: ignore[no-untyped-def]
    parts = ctx.bank.partition.parts
    start = {"weights": 0, "scale": parts, "bias": 2 * parts, "gain": -2, "offset": -1}[name]
    shapes = ctx.shapes[start:][: parts if name in ("weights", "scale", "bias") else 1]
    pieces = torch.split(flat, [s.numel() for s in shapes])
    return [piece.view(shape) for piece, shape in zip(pieces, shapes, strict=True)]
