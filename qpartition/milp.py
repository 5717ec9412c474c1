"""The mapping that minimises the objective: a mixed-integer linear programme, solved by HiGHS."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf, isfinite
from time import monotonic
from typing import Any

import numpy as np

from backends.errors import InputError
from backends.qpu import FloatArray

from .costs import Costs, IntArray
from .heuristics import best_first, checked_objective, filled
from .objective import Objective
from .placement import Placement, random, round_robin
from .pricing import Usage, price
from .topology import Topology
from .workload import Workload

TIME_LIMIT = 10.0
"""Seconds that the solver may take, unless told otherwise."""
PROVEN = 1e-5
"""A gap up to this counts as none; the solver's own tolerances are of order 1e-6."""
SCALE = 1000.0
"""The solver minimises this times the total: it takes an absolute gap of 1e-6 for none, and dislikes small numbers."""
TINY = 1e-6
"""Loads of the relaxed solution below this share of the largest are rounding errors."""


def optimal(
    workload: Workload,
    topology: Topology,
    objective: Objective | None = None,
    time_limit: float = TIME_LIMIT,
    usage: Usage | None = None,
) -> Placement:
    """The placement of least `Objective`, or the best one found by the time limit; its note has the gap.

    The solver's answer is compared with those of round-robin, random (seed 0), greedy and noise-aware, so it is
    never worse than these. The gap is (total - lower bound) / total.

    Args:
        workload: What is placed.
        topology: Where.
        objective: What is to be small; equal weights by default.
        time_limit: Seconds the solver may take.
        usage: How the workload will be run.

    Raises:
        InputError: For a time limit that is not positive.
    """
    if isinstance(time_limit, bool) or not isinstance(time_limit, int | float) or not 0 < time_limit < inf:
        raise InputError(f"time_limit={time_limit!r} must be a positive number of seconds")
    goal, costs = checked_objective(objective), price(workload, topology, usage)
    blind = [costs.positions(mapping(workload, topology)) for mapping in (round_robin, random)]
    candidates = [best_first(costs, goal), costs.balanced, *blind]
    solved, bound = solve(costs, goal, time_limit)
    candidates = solved + candidates
    totals = [goal.score_at(where, costs).total for where in candidates]
    best = int(np.argmin(totals))
    return Placement(costs.placed(candidates[best]), _note(totals[best], bound, time_limit))


def solve(costs: Costs, objective: Objective, time_limit: float = TIME_LIMIT) -> tuple[list[IntArray], float]:
    """Placements by linear programming, as positions in ``costs.cores``, and a lower bound of the objective's total.

    Unknowns are the number of sub-VQCs of each class on each core (integers), whether a QPU is used in a round
    (binary), the busiest lane of every QPU and the slowest QPU of every round (seconds). First without the
    integrality, rounded (`_rounded`); then with it, for the time that is left. Either may find nothing.
    """
    start, programme = monotonic(), _Programme(costs, objective)
    relaxed, bound = programme.solved(time_limit, relaxed=True)
    found = [] if relaxed is None else _rounded(costs, programme.loads(relaxed))
    left = time_limit - (monotonic() - start)
    if left > 0:
        solution, better = programme.solved(left)
        bound = max(bound, better)
        found = ([] if solution is None else [programme.where(solution)]) + found
    return found, bound


def _rounded(costs: Costs, loads: FloatArray) -> list[IntArray]:
    """Least error first on cores as busy as the relaxed solution has the busiest core of each QPU, and a little more."""
    limit = np.zeros(len(costs.job))
    np.maximum.at(limit, costs.qpu, loads[costs.lane])
    limits = np.where(limit > 0, limit, -1.0)[costs.qpu]
    placements = (filled(costs, slack * limits) for slack in np.linspace(1.0, 1.25, 26))
    return [where for where in placements if where is not None]


@dataclass
class _Programme:
    """Minimise ``slope`` x, which is `SCALE` times the total, subject to ``least`` <= A x <= ``most`` and 0 <= x <= ``upper``."""

    costs: Costs
    objective: Objective
    slope: list[float] = field(default_factory=list)
    integer: list[int] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)
    least: list[float] = field(default_factory=list)
    most: list[float] = field(default_factory=list)
    entries: list[tuple[int, int, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        costs = self.costs
        self.size = np.bincount(costs.classes)
        self.pairs = [(int(k), int(c)) for k, c in np.argwhere(np.isfinite(costs.seconds))]
        self.by_span, self.by_error, self.by_seconds = map(float, SCALE * self.objective.slopes(costs))
        # Times in units of the longest there could be, so that all coefficients are of order 1.
        self.unit = float(costs.load[np.isfinite(costs.load)].max()) or 1.0
        each = self.by_error / len(costs.keys)
        self.counts = {
            (k, c): self._unknown(each * costs.error[k, c], True, float(self.size[k])) for k, c in self.pairs
        }
        for k, members in enumerate(self.size):
            self._row([(self.counts[pair], 1.0) for pair in self.pairs if pair[0] == k], members, members)
        self.present = {
            (k, d): self._presence(k, d) for k, d in sorted({(k, int(costs.qpu[c])) for k, c in self.pairs})
        }
        self.used: dict[tuple[int, tuple[int, ...]], int] = {}
        for r, repeats in enumerate(costs.repeats):
            self._round(r, float(repeats))

    def _presence(self, k: int, d: int) -> int:
        """Whether QPU ``d`` runs any sub-VQC of class ``k``."""
        flag = self._unknown(0.0, True, 1.0)
        here = [(self.counts[pair], 1.0) for pair in self.pairs if pair[0] == k and self.costs.qpu[pair[1]] == d]
        self._row([*here, (flag, -float(self.size[k]))], -inf, 0.0)
        return flag

    def solved(self, time_limit: float, relaxed: bool = False) -> tuple[FloatArray | None, float]:
        """The best solution found by the time limit, and a lower bound; integers may be fractions if ``relaxed``."""
        from scipy.optimize import Bounds, LinearConstraint, milp

        found = milp(
            self.slope,
            integrality=np.zeros(len(self.slope)) if relaxed else self.integer,
            bounds=Bounds(0.0, self.upper),
            constraints=LinearConstraint(self.matrix(), self.least, self.most),
            options={"time_limit": float(time_limit), "mip_rel_gap": PROVEN / 10},
        )
        if relaxed:
            return (found.x, float(found.fun) / SCALE) if found.status == 0 else (None, -inf)
        return found.x, -inf if found.mip_dual_bound is None else float(found.mip_dual_bound) / SCALE

    def _round(self, r: int, repeats: float) -> None:
        """Unknowns and constraints of one round: each lane within its QPU's time, each QPU within the round's."""
        costs = self.costs
        slowest = self._unknown(repeats * self.by_span * self.unit, False, inf)
        on_lane: dict[tuple[int, int], list[tuple[int, float]]] = {}
        least: dict[tuple[int, int], float] = {}
        for k, c in self.pairs:
            if costs.sets[k, r]:
                seconds, d = float(costs.sets[k, r] * costs.seconds[k, c]) / self.unit, int(costs.qpu[c])
                on_lane.setdefault((d, int(costs.lane[c])), []).append((self.counts[k, c], seconds))
                least[k, d] = min(seconds, least.get((k, d), inf))
        for d in sorted({d for d, _ in on_lane}):
            longest = self._unknown(repeats * self.by_seconds * self.unit, False, inf)
            for terms in (terms for (owner, _), terms in on_lane.items() if owner == d):
                self._row([*terms, (longest, -1.0)], -inf, 0.0)
            # Implied for integers, but a much better bound where they are relaxed: a sub-VQC is there whole or not.
            for flag, seconds in ((self.present[k, d], seconds) for (k, owner), seconds in least.items() if owner == d):
                self._row([(flag, seconds), (longest, -1.0)], -inf, 0.0)
            ends, job = [(longest, 1.0), (slowest, -1.0)], float(costs.job[d]) / self.unit
            if job:
                flag = self._use(d, tuple(k for k, owner in least if owner == d))
                self.slope[flag] += repeats * self.by_seconds * self.unit * job
                ends.append((flag, job))
            self._row(ends, -inf, 0.0)

    def _use(self, d: int, active: tuple[int, ...]) -> int:
        """Whether QPU ``d`` runs any of the ``active`` classes; one unknown for all rounds with the same ones."""
        if (d, active) not in self.used:
            flag = self.used[d, active] = self._unknown(0.0, True, 1.0)
            for k in active:
                self._row([(self.present[k, d], 1.0), (flag, -1.0)], -inf, 0.0)
        return self.used[d, active]

    def _unknown(self, slope: float, integer: bool, upper: float) -> int:
        self.slope.append(float(slope))
        self.integer.append(int(integer))
        self.upper.append(upper)
        return len(self.slope) - 1

    def _row(self, terms: list[tuple[int, float]], least: float, most: float) -> None:
        self.entries.extend((len(self.least), unknown, value) for unknown, value in terms)
        self.least.append(least)
        self.most.append(most)

    def matrix(self) -> Any:
        """A, shape (constraints, unknowns), sparse."""
        from scipy.sparse import coo_array

        rows, columns, values = zip(*self.entries, strict=True)
        return coo_array((values, (rows, columns)), shape=(len(self.least), len(self.slope))).tocsr()

    def loads(self, solution: FloatArray) -> FloatArray:
        """Seconds that every lane is busy in a training step, shape (lanes,)."""
        busy = np.zeros(int(self.costs.lane.max()) + 1)
        for (k, c), unknown in self.counts.items():
            busy[self.costs.lane[c]] += solution[unknown] * self.costs.load[k, c]
        return np.where(busy > TINY * self.unit, busy, 0.0)

    def where(self, solution: FloatArray) -> IntArray:
        """The core of every sub-VQC; equal ones are given out in the order of the cores."""
        where = np.empty(len(self.costs.keys), dtype=np.intp)
        for k, members in enumerate(self.costs.members):
            cores = [c for kk, c in self.pairs if kk == k]
            numbers = [round(solution[self.counts[k, c]]) for c in cores]
            where[members] = np.repeat(np.array(cores, dtype=np.intp), numbers)
        return where


def _note(total: float, bound: float, time_limit: float) -> str:
    gap = (total - bound) / total if total > 0 and isfinite(bound) else inf if total > 0 else 0.0
    if gap <= PROVEN:
        return f"optimal (objective {total:.4f})"
    known = f"gap {gap:.1%}" if isfinite(gap) else "no bound"
    return f"best found, {known} at the {time_limit:g} s limit (objective {total:.4f})"
