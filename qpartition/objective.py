"""What makes one mapping better than another: makespan, error and QPU seconds of a training step, weighed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from sys import float_info

import numpy as np

from backends.core import Core
from backends.errors import InputError, shown
from backends.qpu import FloatArray

from .costs import Costs, IntArray


@dataclass(frozen=True)
class Score:
    """A placement in numbers.

    Attributes:
        makespan: Seconds of a training step on the devices without queues: all QPUs run at once, so a round takes as
            long as its slowest QPU.
        error: 1 - expected fidelity, mean over the sub-VQCs; each counts once, however often it runs.
        seconds: QPU seconds of a training step on all devices together.
        total: The objective; 1.0 for greedy on devices with errors, less is better.
        worst: 1 - expected fidelity of the worst sub-VQC; no part of the objective.
    """

    makespan: float
    error: float
    seconds: float
    total: float
    worst: float


@dataclass(frozen=True)
class Objective:
    """Weights of what is to be small.

    total = (w_makespan m/m0 + w_error e/e0 + w_seconds s/s0) / (w_makespan + w_error + w_seconds), where m0, e0, s0 are
    those of the mapping ``greedy``, which balances the load and does not look at errors, on the same devices: three
    numbers of order 1, whatever their units. With equal weights, twice the time is worth it if that takes away an
    error as large as the usual one. Where greedy has no error at all, e0 is 1.

    In a round, QPU d takes s_d = J_d + max over its cores c of sum over the sub-VQCs k there of n_k t_kc, if it is used
    at all: J_d seconds per job, n_k parameter sets, t_kc = shots x (rep_delay + duration of k on c). Then m is the
    sum over the rounds of max_d s_d, and s the sum over rounds and devices of s_d. (The bill has, for each execution,
    the longest of the circuits side by side; that they differ, by microseconds in 250 of them, is left out.)

    Attributes:
        makespan: Weight of the time of a training step.
        error: Weight of the mean expected error.
        seconds: Weight of the QPU seconds of a training step.
    """

    makespan: float = 1.0
    error: float = 1.0
    seconds: float = 1.0

    def __post_init__(self) -> None:
        for name in ("makespan", "error", "seconds"):
            weight = getattr(self, name)
            if not _is_weight(weight):
                raise InputError(
                    f"weight {name}={shown(weight)} of the objective must be a finite number of at least 0"
                )
            object.__setattr__(self, name, float(weight))
        if not isfinite(self.makespan + self.error + self.seconds):
            raise InputError("the weights of the objective are too large to be added; their ratios are what counts")
        if not self.makespan + self.error + self.seconds:
            raise InputError("all weights of the objective are 0; give at least one a positive weight")

    def score(self, placement: Mapping[str, Core], costs: Costs) -> Score:
        """The score of a placement of what ``costs`` was made for.

        Raises:
            InputError: If it leaves out a sub-VQC, or uses a core that is unknown or too narrow.
        """
        return self.score_at(costs.positions(placement), costs)

    def score_at(self, where: IntArray, costs: Costs) -> Score:
        """The same for cores given as positions in ``costs.cores``, shape (keys,)."""
        terms = costs.terms(where)
        total = float(np.dot(self.slopes(costs), terms))
        makespan, error, seconds = map(float, terms)
        return Score(makespan, error, seconds, total, float(costs.error[costs.classes, where].max()))

    def slopes(self, costs: Costs) -> FloatArray:
        """What a second of makespan, a unit of error and a QPU second add to the total, shape (3,)."""
        weights = np.array([self.makespan, self.error, self.seconds], dtype=np.float64)
        return np.asarray(weights / weights.sum() / costs.scale)


def _is_weight(value: object) -> bool:
    """Whether it is a number that a float can hold, at least 0."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer):
        return False
    return bool(0 <= value <= float_info.max)
