"""Sampled parameter shift: a fixed number of weight shifts a step, drawn where the loss listens most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor

from backends.errors import InputError
from qlstm.bank import Bank
from qlstm.draw import draw, draw_variance
from qlstm.rounds import Array
from qlstm.tape import Tape
from qpartition.executor import Jacobian

_ACTIVE: WeakKeyDictionary[Bank, list[Array]] = WeakKeyDictionary()


def collected(tape: Tape, parameters: Mapping[str, Tensor], samples: int) -> dict[str, Tensor]:
    """The trainable weights, by way of a node whose backward runs last, when all upstream gradients are known.

    The rounds give their weights no gradient; this node takes one round for all of them. Its random numbers come
    from torch's global generator, now, so that a training can be repeated and resumed.

    Args:
        tape: Of the forward pass that begins.
        parameters: The model's parameters by name.
        samples: Weight shifts per sub-VQC.
    """
    names = [name for name, p in parameters.items() if name.startswith("weight_") and p.requires_grad]
    if not names:
        return {}
    rng = np.random.default_rng(int(torch.randint(2**63 - 1, ()).item()))
    passed = _Collect.apply(tape, samples, rng, names, *(parameters[name] for name in names))  # type: ignore[no-untyped-call]
    return dict(zip(names, passed, strict=True))


class _Collect(torch.autograd.Function):
    """Hands weights through; backward gives them what was measured."""

    @staticmethod
    def forward(ctx, tape: Tape, samples: int, rng: np.random.Generator, names: list[str], *weights: Tensor):  # type: ignore[no-untyped-def]
        ctx.tape, ctx.samples, ctx.rng, ctx.names = tape, samples, rng, names
        return tuple(weight.clone() for weight in weights)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, *grads: Tensor):  # type: ignore[no-untyped-def]
        found = _weight_gradients(ctx.tape, ctx.samples, ctx.rng, set(ctx.names))
        result = [
            torch.from_numpy(found[name]).reshape(grad.shape).to(grad) if name in found else torch.zeros_like(grad)
            for name, grad in zip(ctx.names, grads, strict=True)
        ]
        return None, None, None, None, *result


@dataclass(frozen=True)
class _Sample:
    """Drawn entries of one sub-VQC's Jacobian by weights: row, weight, and inclusion probability of each."""

    rows: Array
    columns: Array
    probability: Array

    @classmethod
    def of(cls, upstream: Array, active: Array, samples: int, rng: np.random.Generator) -> _Sample:
        """Entries drawn in proportion to the norm of the upstream gradient of their row; all weights of a row alike."""
        weights = np.flatnonzero(active)
        chosen = draw(np.repeat(np.linalg.norm(upstream, axis=1), weights.size), samples, rng)
        rows, number = np.divmod(chosen.entries, max(1, weights.size))
        return cls(rows, weights[number], chosen.probability)

    def scaled(self, j: Jacobian) -> Jacobian:
        """The measured entries over their probabilities: the whole Jacobian in expectation."""
        slope, error = np.zeros_like(j.weights), np.zeros_like(j.weights_stderr)
        at = (self.rows, slice(None), self.columns)
        slope[at] = j.weights[at] / self.probability[:, None]
        # the spread of the draw, below, holds the other 1 - probability of the variance of the measurement
        error[at] = j.weights_stderr[at] / np.sqrt(self.probability)[:, None]
        return Jacobian(j.inputs, slope, j.inputs_stderr, error)

    def scatter(self, j: Jacobian, upstream: Array) -> Array:
        """Variance of d loss / d weight through the draw, shape (weights,)."""
        terms = np.zeros((self.rows.size, j.weights.shape[2]))
        measured = (upstream[self.rows] * j.weights[self.rows, :, self.columns]).sum(1)
        terms[np.arange(self.rows.size), self.columns] = measured
        return draw_variance(terms, self.probability)


def _weight_gradients(tape: Tape, samples: int, rng: np.random.Generator, names: set[str]) -> dict[str, Array]:
    """Gradients by parameter name, from ``samples`` entries (row, weight) of every sub-VQC, in one round."""
    numbers = sorted(tape.needed)
    inputs, weights, _ = tape.joined(numbers)
    upstream = {key: _upstream(tape, numbers, key) for key in inputs}
    places = {key: (bank, part) for n in numbers for bank, part, keys in tape.rounds[n].parts for key in keys}
    sampled, mask = {}, {key: np.zeros((len(a), a.shape[1] + weights[key].size), bool) for key, a in inputs.items()}
    for key, (bank, part) in places.items():
        active = _active_weights(bank)[part] & (bank.name("weight", part) in names)
        sampled[key] = _Sample.of(upstream[key], active, samples, rng)
        mask[key][sampled[key].rows, inputs[key].shape[1] + sampled[key].columns] = True
    asked = [key for key in inputs if mask[key].any()]
    if not asked:
        return {}
    assert tape.source is not None
    whole = tape.source(
        {key: inputs[key] for key in asked}, {key: weights[key] for key in asked}, {key: mask[key] for key in asked}
    )
    found: dict[str, list[Array]] = {}
    for key, (bank, part) in places.items():
        gradient = np.zeros(weights[key].size)
        if key in whole:
            tape.scatter[key] = sampled[key].scatter(whole[key], upstream[key])
            whole[key] = sampled[key].scaled(whole[key])
            gradient = np.einsum("bo,bow->w", upstream[key], whole[key].weights)
        found.setdefault(bank.name("weight", part), []).append(gradient)
    tape.merge(whole, numbers)
    return {name: np.stack(rows) for name, rows in found.items()}


def _upstream(tape: Tape, numbers: list[int], key: str) -> Array:
    """Gradient at <Z> of all rounds, shape (rows, outputs); zero where backward did not come by."""
    rows = []
    for n in numbers:
        if key in tape.rounds[n].inputs:
            known = tape.upstream.get(n)
            rows.append(np.zeros_like(tape.values[n][key].value) if known is None else known[key])
    found = np.concatenate(rows)
    if not np.isfinite(found).all():
        raise InputError(
            "the gradient of the loss is not finite, so no shifts can be drawn; use a smaller learning rate"
        )
    return found


def _active_weights(bank: Bank) -> list[Array]:
    """Per part, which weights can influence the outputs at all; the circuit is the same for all gates."""
    if bank not in _ACTIVE:
        from qlstm.circuits import bank_circuits
        from qpartition.lightcone import active_parameters

        circuits = {circuit.name: circuit for circuit in bank_circuits(bank)}
        first = [circuits[bank.key(0, part)] for part in range(bank.partition.parts)]
        _ACTIVE[bank] = [active_parameters(c, c.metadata["outputs"])[c.metadata["inputs"] :] for c in first]
    return _ACTIVE[bank]
