"""The recurrence over time of a stack of layers: whole sequences in the kernel, or step by step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from qlstm.bank import Bank
from qlstm.cell import update
from qlstm.checks import require_narrow
from qlstm.evaluate import Evaluator, Exact, Query
from qlstm.exact import sequence
from qlstm.linear import Surrounded
from qlstm.sequences import State, as_given, starting, steps_first
from qlstm.waves import Step, waves

if TYPE_CHECKING:
    from qlstm.lstm import QLSTM

Noise = Mapping[Bank, Tensor]
"""Shot noise by bank, each as made by `qlstm.noise.draw_noise`; a bank without any is exact."""


def run(model: QLSTM, input: Tensor, hx: State | None, evaluator: Evaluator | None) -> tuple[Tensor, State]:
    """The outputs and last states of a model, in the layouts of its ``forward``.

    Args:
        model: Whose weights and circuits.
        input: As given to ``forward``.
        hx: As given to ``forward``.
        evaluator: Who answers; None for exact evaluation, of whole sequences where the kernel can.

    Raises:
        InputError: For an input or start that cannot be used, or circuits too wide for exact simulation.
    """
    x = steps_first(input, model.input_size, model.batch_first, model.like)
    unbatched, banks = input.dim() == 2, model.all_banks()
    if evaluator is None or model.gradient == "exact":
        for bank in banks:
            require_narrow(bank)
    shape = (model.num_layers * model.directions, x.shape[1], model.hidden_size)
    start = starting(hx, shape, unbatched, model.like)
    noise = model.shot_noise(banks, len(x), x)
    plain = model.linears is None and not model.hidden_banks
    if evaluator is None and plain and x.shape[1] and sequence.can_run(model.banks[0, 0], x):
        batch_first = model.batch_first and not unbatched  # the kernel takes and gives either layout
        y, h, c = whole_sequences(model, input if batch_first else x, start, noise, batch_first)
        if batch_first:
            return y, (h, c)
    else:
        evaluate = evaluator or Exact(model.parameters_by_name())
        if model.linears is not None:
            evaluate = Surrounded(evaluate, model.linears.by_bank(model.banks))
        y, h, c = step_by_step(model, x, start, evaluate, noise)
    return as_given(y, h, c, unbatched, model.batch_first)


def whole_sequences(
    model: QLSTM, x: Tensor, start: State | None, noise: Noise, batch_first: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """One compiled call per layer and direction; x and the outputs are batch first where the model is."""
    parameters, last_h, last_c = model.parameters_by_name(), [], []
    for layer in range(model.num_layers):
        outputs = []
        for direction in range(model.directions):
            row = layer * model.directions + direction
            one = None if start is None else (start[0][row], start[1][row])
            bank = model.banks[layer, direction]
            y, h, c = sequence.run(bank, x, one, parameters, bool(direction), batch_first, noise.get(bank))
            outputs.append(y)
            last_h.append(h)
            last_c.append(c)
        x = model.drop(torch.cat(outputs, -1) if model.bidirectional else outputs[0], layer)
    return x, _joined(last_h), _joined(last_c)


def _joined(states: list[Tensor]) -> Tensor:
    return torch.cat(states) if len(states) > 1 else states[0]


def step_by_step(
    model: QLSTM, x: Tensor, start: State | None, evaluate: Evaluator, noise: Noise
) -> tuple[Tensor, Tensor, Tensor]:
    """Step by step; all independent steps of a wave are one question to the evaluator."""
    steps = len(x)
    zeros = x.new_zeros((model.num_layers * model.directions, x.shape[1], model.hidden_size))
    h0, c0 = start or (zeros, zeros)
    h, c = list(h0.unbind()), list(c0.unbind())
    outputs: dict[Step, Tensor] = {}
    between: dict[tuple[int, int], Tensor] = {}

    def entering(layer: int, t: int) -> Tensor:
        if layer == 0:
            return x[t]
        if (layer, t) not in between:  # both directions see the same dropout mask
            below = torch.cat([outputs[layer - 1, d, t] for d in range(model.directions)], -1)
            between[layer, t] = model.drop(below, layer - 1)
        return between[layer, t]

    def at(bank: Bank, t: int) -> Tensor | None:
        return noise[bank][t] if bank in noise else None

    for wave in waves(model.num_layers, model.directions, steps):
        rows = [layer * model.directions + direction for layer, direction, _ in wave]
        places = [(layer, direction) for layer, direction, _ in wave]
        queries = [
            Query(model.banks[place], h[row], entering(place[0], t), at(model.banks[place], t))
            for place, row, (_, _, t) in zip(places, rows, wave, strict=True)
        ]
        for vqc, row in zip(evaluate(queries), rows, strict=True):
            h[row], c[row] = update(vqc, c[row])
        if model.hidden_banks:
            hidden = [(model.hidden_banks[layer, direction], t) for layer, direction, t in wave]
            again = evaluate(
                [Query(bank, h[row], noise=at(bank, t)) for (bank, t), row in zip(hidden, rows, strict=True)]
            )
            for vqc, row in zip(again, rows, strict=True):
                h[row] = vqc[0]
        outputs |= {key: h[row] for key, row in zip(wave, rows, strict=True)}
    last = model.num_layers - 1
    y = [torch.cat([outputs[last, d, t] for d in range(model.directions)], -1) for t in range(steps)]
    return torch.stack(y), torch.stack(h), torch.stack(c)
