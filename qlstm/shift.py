"""Gradients through an executor: parameter-shift Jacobians, deferred to one round or fused with the values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from qlstm.bank import Bank
from qlstm.evaluate import Exact, Query
from qpartition.executor import Angles, Executor, Jacobian, Masks, Weights

_Array = NDArray[Any]


@dataclass(frozen=True)
class Round:
    """What one round evaluates: numpy arrays by sub-VQC key, as the executor takes them."""

    inputs: Angles
    weights: Weights
    mask: Masks


@dataclass
class Tape:
    """The rounds of one forward pass whose Jacobians backward may ask for.

    Local Jacobians depend only on the angles seen in the forward pass, so those of ALL rounds are one round more,
    taken the first time backward needs any (T+1 rounds a training step, T in the forward pass alone).
    """

    executor: Executor
    rounds: list[Round] = field(default_factory=list)
    jacobians: list[dict[str, Jacobian]] = field(default_factory=list)

    def jacobian(self, number: int) -> dict[str, Jacobian]:
        """Jacobians of one round by sub-VQC key."""
        if not self.jacobians:
            self.jacobians = self._deferred()
        return self.jacobians[number]

    def _deferred(self) -> list[dict[str, Jacobian]]:
        keys = list(dict.fromkeys(key for one in self.rounds for key in one.inputs))
        inputs = {key: np.concatenate([one.inputs[key] for one in self.rounds if key in one.inputs]) for key in keys}
        mask = {key: np.concatenate([one.mask[key] for one in self.rounds if key in one.inputs]) for key in keys}
        weights = {key: value for one in self.rounds for key, value in one.weights.items()}
        whole = self.executor.jacobian(inputs, weights, mask)
        start, split = dict.fromkeys(keys, 0), []
        for one in self.rounds:
            piece = {}
            for key, rows in one.inputs.items():
                at = slice(start[key], start[key] + len(rows))
                start[key] = at.stop
                j = whole[key]
                piece[key] = Jacobian(j.inputs[at], j.weights[at], j.inputs_stderr[at], j.weights_stderr[at])
            split.append(piece)
        return split


@dataclass(frozen=True)
class Device:
    """Expectations from an executor. Encodings stay torch functions, so the chain rule reaches x, h0 and all weights.

    Attributes:
        executor: Evaluates the sub-VQCs.
        parameters: The model's parameters by name.
        fused: Jacobians in the same round as the values, instead of one round for all steps at the end.
        exact_gradient: Values from the executor, gradients from exact simulation.
        tape: Filled by the forward pass.
    """

    executor: Executor
    parameters: Mapping[str, Tensor]
    fused: bool
    exact_gradient: bool
    tape: Tape

    def __call__(self, queries: Sequence[Query]) -> list[Tensor]:
        """See `Evaluator`: one round."""
        banks = [query.bank for query in queries]
        pieces = [piece for query in queries for piece in self._tensors(query)]
        one = _round(banks, pieces, [_columns(query) for query in queries])
        needed = torch.is_grad_enabled() and any(piece.requires_grad for piece in pieces)
        measured = _Expectations.apply(self, banks, one, needed and not self.exact_gradient, *pieces)  # type: ignore[no-untyped-call]
        answers, start = [], 0
        for bank in banks:
            parts = measured[start : start + bank.partition.parts]
            start += bank.partition.parts
            answers.append(bank.affine(torch.cat(parts, -1), self.parameters))
        if self.exact_gradient and needed:
            exact = Exact(self.parameters)(queries)
            answers = [smooth + (value - smooth).detach() for value, smooth in zip(answers, exact, strict=True)]
        return answers

    def _tensors(self, query: Query) -> list[Tensor]:
        """Encoding angles and weights of every part, alternating."""
        pairs = [
            (query.bank.angles(p, query.v, self.parameters), query.bank.weights(p, self.parameters))
            for p in range(query.bank.partition.parts)
        ]
        return [tensor for pair in pairs for tensor in pair]


def _columns(query: Query) -> list[_Array]:
    """Per part, which encoding angles need a derivative: all with trainable encodings, else those of h or x that do."""
    bank, ansatz = query.bank, query.bank.ansatz
    from_h, from_x = query.h.requires_grad, query.x is not None and query.x.requires_grad
    repeats = ansatz.uploads * ansatz.encodings_per_input
    return [
        np.tile([ansatz.affine_input or (from_h if i < bank.hidden_size else from_x) for i in entries], repeats).astype(
            bool
        )
        for entries in bank.partition.inputs
    ]


def _numpy(tensor: Tensor) -> _Array:
    """A float64 copy: what an executor keeps or writes into is not the model."""
    return np.array(tensor.detach().to("cpu", torch.float64).numpy())


def _round(banks: Sequence[Bank], pieces: Sequence[Tensor], columns: Sequence[Sequence[_Array]]) -> Round:
    inputs, weights, mask = {}, {}, {}
    tensors = iter(pieces)
    for bank, needed in zip(banks, columns, strict=True):
        for part in range(bank.partition.parts):
            angles, weight = _numpy(next(tensors)), _numpy(next(tensors))
            for gate in range(len(bank.gates)):
                key = bank.key(gate, part)
                rows = angles[gate if len(angles) > 1 else 0]
                inputs[key] = rows.reshape(len(rows), -1)
                weights[key] = weight[gate].reshape(-1)
                mask[key] = np.broadcast_to(needed[part], inputs[key].shape)
    return Round(inputs, weights, mask)


class _Expectations(torch.autograd.Function):
    """<Z> of one round; tensors alternate angles (gates or 1, batch, ...) and weights (gates, ...), part by part."""

    @staticmethod
    def forward(ctx, device: Device, banks: list[Bank], one: Round, needed: bool, *tensors: Tensor):  # type: ignore[no-untyped-def]
        tape = device.tape
        if needed and device.fused:
            values, jacobians = device.executor.values_and_jacobian(one.inputs, one.weights, one.mask)
            tape.jacobians.append(jacobians)
        else:
            values = device.executor.values(one.inputs, one.weights)
        if needed:
            tape.rounds.append(one)
        ctx.tape, ctx.number, ctx.banks = tape, len(tape.rounds) - 1, banks
        ctx.shapes = [t.shape for t in tensors]
        like = tensors[0]
        outputs = []
        for bank in banks:
            for part in range(bank.partition.parts):
                stacked = np.stack([values[bank.key(gate, part)].value for gate in range(len(bank.gates))])
                outputs.append(torch.from_numpy(stacked).to(like.device, like.dtype))
        return tuple(outputs)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, *grads: Tensor):  # type: ignore[no-untyped-def]
        jacobians = ctx.tape.jacobian(ctx.number)
        given, result = iter(zip(grads, ctx.shapes[0::2], ctx.shapes[1::2], strict=True)), []
        for bank in ctx.banks:
            for part in range(bank.partition.parts):
                grad, angle_shape, weight_shape = next(given)
                upstream = _numpy(grad)
                rows = [jacobians[bank.key(gate, part)] for gate in range(len(bank.gates))]
                angles = np.stack([np.einsum("bo,boi->bi", g, j.inputs) for g, j in zip(upstream, rows, strict=True)])
                weights = np.stack([np.einsum("bo,bow->w", g, j.weights) for g, j in zip(upstream, rows, strict=True)])
                if angle_shape[0] == 1:
                    angles = angles.sum(0, keepdims=True)
                result += [
                    torch.from_numpy(a.reshape(s)).to(grad) for a, s in ((angles, angle_shape), (weights, weight_shape))
                ]
        return None, None, None, None, *result
