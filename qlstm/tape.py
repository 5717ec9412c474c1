"""The tape of a forward pass: its rounds, what was measured in them, and where their Jacobians come from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from qlstm.rounds import Array, Round
from qpartition.executor import Angles, Estimate, Jacobian, Masks, Weights

Source = Callable[[Angles, Weights, Masks], dict[str, Jacobian]]
"""Gives Jacobians by key in one round: ``executor.jacobian``; or ``executor.twin_jacobian``, which takes no round."""


@dataclass
class Tape:
    """What one forward pass asked and learned, for its backward pass.

    Local Jacobians depend only on the angles seen in the forward pass, so those of ALL rounds are one round more,
    taken the first time backward needs any (T+1 rounds a training step, T in the forward pass alone).

    Attributes:
        source: Who gives the Jacobians that were not measured together with the values; None where nobody does.
        rounds: In the order in which they ran.
        values: What each round measured, by key.
        needed: Numbers of the rounds whose Jacobians backward may ask for.
        jacobians: By round and key, as far as they are known.
        upstream: By round and key, d loss / d <Z> in the last backward pass, shape (rows, outputs).
        scatter: By key, the variance of d loss / d weight where it was estimated from a sample, shape (weights,).
    """

    source: Source | None = None
    rounds: list[Round] = field(default_factory=list)
    values: list[dict[str, Estimate]] = field(default_factory=list)
    needed: set[int] = field(default_factory=set)
    jacobians: dict[int, dict[str, Jacobian]] = field(default_factory=dict)
    upstream: dict[int, dict[str, Array]] = field(default_factory=dict)
    scatter: dict[str, Array] = field(default_factory=dict)

    def add(self, one: Round, values: dict[str, Estimate], jacobians: dict[str, Jacobian] | None, needed: bool) -> int:
        """Note a round that has run, and get its number."""
        number = len(self.rounds)
        self.rounds.append(one)
        self.values.append(values)
        if jacobians is not None:
            self.jacobians[number] = jacobians
        if needed:
            self.needed.add(number)
        return number

    def jacobian(self, number: int) -> dict[str, Jacobian]:
        """Jacobians of one round by sub-VQC key."""
        if number not in self.jacobians:
            pending = sorted(self.needed - self.jacobians.keys())
            self.jacobians |= dict(zip(pending, self._measured(pending), strict=True))
        return self.jacobians[number]

    def joined(self, numbers: list[int]) -> tuple[Angles, Weights, Masks]:
        """Several rounds as one, the rows of each key one after the other."""
        rounds = [self.rounds[n] for n in numbers]
        keys = list(dict.fromkeys(key for one in rounds for key in one.inputs))
        inputs = {key: np.concatenate([one.inputs[key] for one in rounds if key in one.inputs]) for key in keys}
        mask = {key: np.concatenate([one.mask[key] for one in rounds if key in one.inputs]) for key in keys}
        return inputs, {key: value for one in rounds for key, value in one.weights.items()}, mask

    def split(self, whole: dict[str, Jacobian], numbers: list[int]) -> list[dict[str, Jacobian]]:
        """Jacobians of `joined` rounds, round by round."""
        start, pieces = dict.fromkeys(whole, 0), []
        for one in (self.rounds[n] for n in numbers):
            piece = {}
            for key in one.inputs.keys() & whole.keys():
                rows = one.inputs[key]
                at = slice(start[key], start[key] + len(rows))
                start[key] = at.stop
                j = whole[key]
                piece[key] = Jacobian(j.inputs[at], j.weights[at], j.inputs_stderr[at], j.weights_stderr[at])
            pieces.append(piece)
        return pieces

    def _measured(self, numbers: list[int]) -> list[dict[str, Jacobian]]:
        inputs, weights, mask = self.joined(numbers)
        asked = {key for key in inputs if mask[key].any() or mask[key].shape == inputs[key].shape}
        if not asked:  # such as one time step from a constant start: no round for nothing
            return [self.zeros(n) for n in numbers]
        assert self.source is not None
        return self.split(self.source(inputs, weights, mask), numbers)

    def merge(self, by_weights: dict[str, Jacobian], numbers: list[int]) -> None:
        """Put derivatives by weights, of `joined` rounds, beside those by inputs."""
        for number, later in zip(numbers, self.split(by_weights, numbers), strict=True):
            known = self.jacobians.get(number) or self.zeros(number)
            self.jacobians[number] = known | {
                key: replace(known[key], weights=j.weights, weights_stderr=j.weights_stderr) for key, j in later.items()
            }

    def zeros(self, number: int) -> dict[str, Jacobian]:
        """Jacobians of a round in which nothing depends on anything."""
        one, found = self.rounds[number], {}
        for key, angles in one.inputs.items():
            rows, outputs = self.values[number][key].value.shape
            by_input = np.zeros((rows, outputs, angles.shape[1]))
            by_weight = np.zeros((rows, outputs, one.weights[key].size))
            found[key] = Jacobian(by_input, by_weight, by_input, by_weight)
        return found
