"""The standard error of a measured gradient: a parametric bootstrap of the step's classical part; nothing is run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from backends.errors import InputError
from qlstm.evaluate import Evaluator
from qlstm.joining import separated
from qlstm.replay import Noise, Replay, replaying
from qlstm.shift import Device
from qlstm.tape import Tape

REPLICATES = 32
"""Perturbed repetitions; a standard error of n independent entries is then known to about 13% / sqrt(n)."""
Loss = Callable[[Any], Tensor]


@dataclass
class Pass:
    """What a forward pass on devices leaves for `gradient_stderr`.

    Attributes:
        tape: Its rounds.
        arguments: Of ``forward``.
        generator: State of torch's generator when it began, for dropout.
        slopes: d loss / d output by number of the output, as backward brought them.
    """

    tape: Tape
    arguments: tuple[Any, ...]
    generator: Tensor
    slopes: dict[int, Tensor] = field(default_factory=dict)

    @classmethod
    def begin(cls, evaluator: Evaluator | None, arguments: Sequence[Any]) -> Pass | None:
        """Before the forward pass; None where there will be nothing to say."""
        if not isinstance(evaluator, Device) or not torch.is_grad_enabled():
            return None
        return cls(evaluator.tape, _detached(arguments), torch.get_rng_state())

    def watch(self, outputs: Sequence[Tensor]) -> None:
        """After the forward pass: remember the gradients that arrive at its outputs."""
        for number, output in enumerate(outputs):
            if output.requires_grad:
                output.register_hook(partial(self._arrived, number))  # type: ignore[no-untyped-call]

    def _arrived(self, number: int, slope: Tensor) -> None:
        self.slopes[number] = slope.detach()


def gradient_stderr(
    model: nn.Module, past: Pass | None, loss: Loss | None = None, replicates: int = REPLICATES, seed: int = 0
) -> dict[str, Tensor]:
    """Standard errors of the gradient that the last backward pass on devices found, by parameter name.

    The forward and backward pass are repeated without the devices: every measured <Z> and every derivative by an
    encoding angle is moved by normal noise of its standard error, and what follows from that is followed to first
    order through time (a moved h moves the next <Z> by its measured Jacobian). The spread of the repeated gradients,
    and the noise of the derivatives by weights, which enter linearly, make the result.

    Assumed: outputs of one circuit are independent (they share shots; the covariance is not kept), second derivatives
    of the circuits are neglected, and without ``loss`` the gradient of the loss at the output is taken as fixed, which
    it is for a loss linear in the output. For ``"sampled-shift"`` the spread of the draw is included. What an executor
    gives without a standard error (a twin's Jacobian) counts as exact.

    Args:
        model: A `QLSTM` or `Forecaster`.
        past: Its last forward pass.
        loss: The loss as a function of the model's output; then its own dependence on noisy outputs is included.
        replicates: Repetitions, at least 2.
        seed: Of the noise; torch's generator is left alone.

    Raises:
        InputError: Before a backward pass on devices, for a gradient that is not measured, or for a bad number.
    """
    if not isinstance(replicates, int) or isinstance(replicates, bool) or replicates < 2:
        raise InputError(f"replicates={replicates!r} must be an integer of at least 2")
    if past is None or not past.tape.upstream:
        raise InputError(
            "no gradient was measured yet: call backward() on devices first, with gradient='parameter-shift',"
            " 'sampled-shift' or 'twin' ('exact' and 'spsa' have no measured Jacobians)"
        )
    parameters = {name: p.detach() for name, p in model.named_parameters() if p.requires_grad}
    direct = _by_weights(model, past.tape)
    spread = _bootstrap(model, past, parameters, loss, replicates, seed)
    return {name: (spread[name] + direct.get(name, torch.zeros(())).to(p)).sqrt() for name, p in parameters.items()}


def _by_weights(model: nn.Module, tape: Tape) -> dict[str, Tensor]:
    """Variance of the gradient through the noise of d<Z>/d(weight), by parameter name."""
    variance: dict[str, np.ndarray[Any, Any]] = {key: array.copy() for key, array in tape.scatter.items()}
    places: dict[str, list[str]] = {}
    for number, upstream in tape.upstream.items():
        for bank, part, keys in tape.rounds[number].parts:
            places[bank.name("weight", part)] = keys
            for key in keys:
                error = tape.jacobians[number][key].weights_stderr
                variance[key] = variance.get(key, 0.0) + np.einsum("bo,bow->w", upstream[key] ** 2, error**2)
    found: dict[str, Tensor] = {}
    shared = {id(p): name for name, p in model.named_parameters()}
    stacked = {name: np.stack([variance[key] for key in keys]) for name, keys in places.items()}
    for module in model.modules():
        own = separated(module, stacked)
        for name, parameter in module.named_parameters(recurse=False, remove_duplicate=False):
            if name in own and id(parameter) in shared:
                rows = torch.from_numpy(own[name]).reshape(parameter.shape)
                full = shared[id(parameter)]
                found[full] = found.get(full, torch.zeros((), dtype=rows.dtype)) + rows
    return found


def _bootstrap(
    model: nn.Module, past: Pass, parameters: dict[str, Tensor], loss: Loss | None, replicates: int, seed: int
) -> dict[str, Tensor]:
    """Variance of the gradient over repeated passes, by parameter name."""
    tape = past.tape
    like = next(iter(parameters.values()))
    noise = _noise(tape, replicates, np.random.default_rng(seed), like)
    if noise is None:
        return {name: torch.zeros_like(p) for name, p in parameters.items()}
    from torch.func import functional_call, grad, vmap

    def scalar(weights: dict[str, Tensor], noisy: Noise) -> Tensor:
        with replaying(model, Replay(tape, noisy)):
            output = functional_call(model, weights, past.arguments)
        return _linear(past, output) if loss is None else loss(output)

    with torch.random.fork_rng(devices=[]):
        torch.set_rng_state(past.generator)
        found = vmap(grad(scalar), in_dims=(None, 0), randomness="same")(parameters, noise)
    return {name: value.var(0) for name, value in found.items()}


def _noise(tape: Tape, replicates: int, rng: np.random.Generator, like: Tensor) -> Noise | None:
    """Noise for every round and key; None where everything is exact."""
    rounds: Noise = []
    exact = True
    for number, values in enumerate(tape.values):
        found = {}
        for key, estimate in values.items():
            moved = estimate.stderr * rng.standard_normal((replicates, *estimate.stderr.shape))
            j = tape.jacobians.get(number, {}).get(key)
            shape = (*estimate.stderr.shape, tape.rounds[number].inputs[key].shape[1])
            slope, error = (np.zeros(shape), np.zeros(shape)) if j is None else (j.inputs, j.inputs_stderr)
            exact = exact and not estimate.stderr.any() and not error.any()
            slopes = slope + error * rng.standard_normal((replicates, *shape))
            found[key] = (torch.from_numpy(moved).to(like), torch.from_numpy(slopes).to(like))
        rounds.append(found)
    return None if exact else rounds


def _linear(past: Pass, output: Any) -> Tensor:
    """What has the gradient of the loss as its own at the outputs."""
    outputs = _flat(output)
    return torch.stack([(outputs[number] * slope).sum() for number, slope in past.slopes.items()]).sum()


def _flat(output: Any) -> list[Tensor]:
    return [output] if isinstance(output, Tensor) else [t for item in output for t in _flat(item)]


def _detached(arguments: Any) -> Any:
    if isinstance(arguments, Tensor):
        return arguments.detach()
    return tuple(map(_detached, arguments)) if isinstance(arguments, tuple | list) else arguments
