"""Expectations from an executor, as torch functions: values forward, measured or simulated Jacobians backward."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from backends.errors import InputError
from qlstm.evaluate import Exact, Query
from qlstm.rounds import Array, Round, to_numpy
from qlstm.sampled import collected
from qlstm.tape import Tape
from qpartition.executor import Executor


@dataclass(frozen=True)
class Device:
    """Expectations from an executor. Encodings stay torch functions, so the chain rule reaches x, h0 and all weights.

    Attributes:
        executor: Evaluates the sub-VQCs.
        parameters: The model's parameters by name.
        gradient: Where derivatives come from, a name in `qlstm.gradients.GRADIENTS`.
        fused: Jacobians in the same round as the values, instead of one round for all steps at the end.
        tape: Filled by the forward pass.
    """

    executor: Executor
    parameters: Mapping[str, Tensor]
    gradient: str
    fused: bool
    tape: Tape

    @classmethod
    def of(
        cls, executor: Executor, parameters: Mapping[str, Tensor], gradient: str, jacobian: str, samples: int
    ) -> Device:
        """The evaluator of one forward pass.

        Args:
            executor: Evaluates the sub-VQCs.
            parameters: The model's parameters by name.
            gradient: A name in `qlstm.gradients.GRADIENTS`.
            jacobian: ``"deferred"`` or ``"fused"``.
            samples: Weight shifts per sub-VQC of ``"sampled-shift"``.
        """
        source = getattr(executor, "twin_jacobian" if gradient == "twin" else "jacobian", None)
        tape = Tape(source)
        if gradient == "sampled-shift" and torch.is_grad_enabled():
            parameters = {**parameters, **collected(tape, parameters, samples)}
        return cls(executor, parameters, gradient, jacobian == "fused" and gradient != "twin", tape)

    def __call__(self, queries: Sequence[Query]) -> list[Tensor]:
        """See `Evaluator`: one round."""
        banks = [query.bank for query in queries]
        pieces = [piece for query in queries for piece in self._tensors(query)]
        one = Round.of(queries, pieces, sampled=self.gradient == "sampled-shift")
        needed = torch.is_grad_enabled() and any(piece.requires_grad for piece in pieces)
        measured = _Expectations.apply(self, one, needed, *pieces)  # type: ignore[no-untyped-call]
        answers, start = [], 0
        for bank in banks:
            parts = measured[start : start + bank.partition.parts]
            start += bank.partition.parts
            answers.append(bank.affine(torch.cat(parts, -1), self.parameters))
        if self.gradient == "exact" and needed:
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


class _Expectations(torch.autograd.Function):
    """<Z> of one round; tensors alternate angles (gates or 1, batch, ...) and weights (gates, ...), part by part."""

    @staticmethod
    def forward(ctx, device: Device, one: Round, needed: bool, *tensors: Tensor):  # type: ignore[no-untyped-def]
        tape, jacobians = device.tape, None
        measured = needed and device.gradient not in ("exact", "spsa")
        if measured and device.fused:
            values, jacobians = device.executor.values_and_jacobian(one.inputs, one.weights, one.mask)
        else:
            values = device.executor.values(one.inputs, one.weights)
        ctx.tape, ctx.number, ctx.gradient = tape, tape.add(one, values, jacobians, measured), device.gradient
        ctx.shapes = [t.shape for t in tensors]
        like = tensors[0]
        return tuple(
            torch.from_numpy(np.stack([values[key].value for key in keys])).to(like.device, like.dtype)
            for _, _, keys in one.parts
        )

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, *grads: Tensor):  # type: ignore[no-untyped-def]
        if ctx.gradient == "spsa":
            raise InputError(
                "gradient='spsa' has no backward pass; fill .grad with qlstm.spsa_gradient(model, loss) instead"
            )
        jacobians = ctx.tape.jacobian(ctx.number)
        upstream: dict[str, Array] = {}
        result: list[Tensor] = []
        shapes = zip(ctx.shapes[0::2], ctx.shapes[1::2], strict=True)
        for grad, (_, _, keys), (angle_shape, weight_shape) in zip(
            grads, ctx.tape.rounds[ctx.number].parts, shapes, strict=True
        ):
            own = to_numpy(grad)
            upstream |= dict(zip(keys, own, strict=True))
            pairs = [(g, jacobians[key]) for g, key in zip(own, keys, strict=True)]
            angles = np.stack([np.einsum("bo,boi->bi", g, j.inputs) for g, j in pairs])
            weights = np.stack([np.einsum("bo,bow->w", g, j.weights) for g, j in pairs])
            if angle_shape[0] == 1:
                angles = angles.sum(0, keepdims=True)
            result += [
                torch.from_numpy(a.reshape(s)).to(grad) for a, s in ((angles, angle_shape), (weights, weight_shape))
            ]
        ctx.tape.upstream[ctx.number] = upstream
        return None, None, None, *result
