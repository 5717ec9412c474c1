"""A forward pass once more without the devices: every round answers as it was measured, to first order around that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from qlstm.evaluate import Query
from qlstm.rounds import Array
from qlstm.tape import Tape

Noise = list[dict[str, tuple[Tensor, Tensor]]]
"""Per round and key: what is added to the values (rows, outputs), and d<Z>/d(encoding angle) (rows, outputs, inputs)."""


class Replay:
    """An `Evaluator` in place of a `Device`, round by round in the order of the tape.

    <Z> = measured + noise + J_inputs (angles - measured at) + J_weights (weights - measured at): plain torch, so that
    `torch.func` can transform it.
    """

    def __init__(self, tape: Tape, noise: Noise, parameters: Mapping[str, Tensor] | None = None) -> None:
        """For one pass.

        Args:
            tape: Of the pass on devices.
            noise: How this pass differs from it.
            parameters: The model's parameters by name; set by the model when the pass begins.
        """
        self.tape, self.noise, self.parameters, self.number = tape, noise, parameters or {}, 0

    def starting(self, parameters: Mapping[str, Tensor]) -> Replay:
        """The same at its beginning, on these parameters."""
        return Replay(self.tape, self.noise, parameters)

    def __call__(self, queries: Sequence[Query]) -> list[Tensor]:
        """See `Evaluator`."""
        number, self.number = self.number, self.number + 1
        answers = []
        for query in queries:
            bank = query.bank
            parts = []
            for part in range(bank.partition.parts):
                angles = bank.angles(part, query.v, self.parameters).flatten(2)
                weights = bank.weights(part, self.parameters).flatten(1)
                keys = [bank.key(gate, part) for gate in range(len(bank.gates))]
                parts.append(self._part(number, keys, angles, weights))
            answers.append(bank.affine(torch.cat(parts, -1), self.parameters))
        return answers

    def _part(self, number: int, keys: list[str], angles: Tensor, weights: Tensor) -> Tensor:
        """Shape (gates, rows, outputs)."""
        one, values, jacobians = self.tape.rounds[number], self.tape.values[number], self.tape.jacobians.get(number)

        def tensor(arrays: list[Array]) -> Tensor:
            return torch.from_numpy(np.stack(arrays)).to(weights.device, weights.dtype)

        z = tensor([values[key].value for key in keys]) + torch.stack([self.noise[number][key][0] for key in keys])
        if jacobians is None:
            return z
        moved = angles - tensor([one.inputs[key] for key in keys])
        z = z + torch.einsum("gboi,gbi->gbo", torch.stack([self.noise[number][key][1] for key in keys]), moved)
        by_weight = tensor([jacobians[key].weights for key in keys])
        return z + torch.einsum("gbow,gw->gbo", by_weight, weights - tensor([one.weights[key] for key in keys]))


@contextmanager
def replaying(model: nn.Module, replay: Replay) -> Iterator[None]:
    """Within, the model's forward pass is a replay."""
    qlstm: Any = getattr(model, "qlstm", model)
    qlstm.replay = replay
    try:
        yield
    finally:
        qlstm.replay = None
