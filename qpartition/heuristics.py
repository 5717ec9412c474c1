"""Mappings by rules of thumb: longest processing time first, and least error first."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

import numpy as np
from numpy.typing import NDArray

from backends.errors import InputError
from backends.qpu import FloatArray

from .costs import Costs, IntArray
from .objective import Objective
from .placement import Placement
from .pricing import Usage, price
from .topology import Topology
from .workload import Workload

LIMITS = (1.0, 1.02, 1.05, 1.1, 1.15, 1.2, 1.3, 1.4, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0, 8.0, inf)
"""Loads of a core that `noise_aware` tries, in units of the load that balances best."""


def greedy(workload: Workload, topology: Topology, usage: Usage | None = None) -> Placement:
    """Longest processing time first: the heaviest sub-VQC left goes where it is finished first.

    This looks at time only. Ties go to the QPU with fewer sub-VQCs, then to the order of the topology.

    Args:
        workload: What is placed.
        topology: Where.
        usage: How the workload will be run.
    """
    costs = price(workload, topology, usage)
    return Placement(costs.placed(costs.balanced))


def noise_aware(
    workload: Workload, topology: Topology, objective: Objective | None = None, usage: Usage | None = None
) -> Placement:
    """Least expected error first, on cores that are filled up to a limit.

    For a limit to the load of a core, and some of the QPUs (the best one, the best two, ...), every sub-VQC takes the
    core of least error that has room: the wide and heavy ones first. Where cores abound each sub-VQC has one of the
    best to itself; where they are scarce, the worst are left empty as far as that pays. Of all limits (`LIMITS`) and
    numbers of QPUs, the placement is kept that the objective likes best.

    Args:
        workload: What is placed.
        topology: Where.
        objective: What error is worth in time; equal weights by default.
        usage: How the workload will be run.
    """
    costs = price(workload, topology, usage)
    return Placement(costs.placed(best_first(costs, checked_objective(objective))))


def checked_objective(objective: object) -> Objective:
    """The objective, or equal weights for None."""
    if objective is None:
        return Objective()
    if not isinstance(objective, Objective):
        raise InputError(f"objective={objective!r} must be an Objective, such as Objective(makespan=1, error=2)")
    return objective


def best_first(costs: Costs, objective: Objective) -> IntArray:
    """Cores by `noise_aware`, as positions in ``costs.cores``, shape (keys,)."""
    found, best = costs.balanced, inf
    for where in _fillings(costs):
        total = objective.score_at(where, costs).total
        if total < best:
            found, best = where, total
    return found


def filled(costs: Costs, limits: FloatArray) -> IntArray | None:
    """Every sub-VQC on the core of least error with room: the wide and heavy ones first, the less busy core if equal.

    Args:
        costs: Of the workload on the devices.
        limits: Load that each core may reach, seconds per training step, shape (cores,); negative for a core that
            is not to be used.

    Returns:
        Cores as positions in ``costs.cores``, shape (keys,); None if a sub-VQC finds no room.
    """
    busy = np.zeros(len(costs.cores))
    where = np.empty(len(costs.keys), dtype=np.intp)
    lightest = costs.load.min(axis=1)
    for k in sorted(range(len(costs.sets)), key=lambda k: (costs.hosts[k], -lightest[k])):
        left = costs.members[k]
        for c in np.lexsort((busy[costs.lane], costs.error[k])):
            lane, load = costs.lane[c], costs.load[k, c]
            room = _room(limits[c] - busy[lane], load, len(left)) if limits[c] >= 0 else 0
            if room:
                where[left[:room]] = c
                busy[lane] += room * load
                left = left[room:]
            if not len(left):
                break
        if len(left):
            return None
    return where


def _room(space: float, load: float, most: int) -> int:
    """How many loads fit, rounding errors aside; all of them where there is no load, none where it is infinite."""
    if load == inf:
        return 0
    return most if load <= 0 or space == inf else max(0, min(most, int(space / load * (1 + 1e-12))))


def _fillings(costs: Costs) -> Iterator[IntArray]:
    """Placements for every number of QPUs and every limit, as far as all sub-VQCs find room."""
    for allowed in _allowances(costs):
        balanced = _least_limit(costs, allowed)
        for limit in LIMITS:
            where = filled(costs, np.where(allowed, limit * balanced, -1.0))
            if where is not None:
                yield where


def _allowances(costs: Costs) -> Iterator[NDArray[np.bool_]]:
    """Cores of the best QPU, of the best two, and so on, shape (cores,); only if all sub-VQCs fit on one of them.

    The best QPU is the one with the least mean error on its best cores, as many as there are sub-VQCs.
    """
    share = np.bincount(costs.classes) / len(costs.keys)
    usual = share @ np.where(np.isfinite(costs.error), costs.error, 1.0)
    means = [
        np.sort(usual[costs.qpu == d])[: len(costs.keys)].mean() if d in costs.qpu else inf
        for d in range(len(costs.job))
    ]
    allowed = np.zeros(len(costs.cores), dtype=bool)
    for d in np.argsort(means, kind="stable"):
        allowed = allowed | (costs.qpu == d)
        if np.isfinite(costs.seconds[:, allowed]).any(axis=1).all():
            yield allowed


def _least_limit(costs: Costs, allowed: NDArray[np.bool_]) -> float:
    """Least load of a core, to 0.1 %, under which all sub-VQCs find room on the allowed cores."""
    low = float(np.where(allowed, costs.load, inf).min(axis=1).max())
    high = low
    while filled(costs, np.where(allowed, high, -1.0)) is None:
        low, high = high, 2 * high
    while high > 1.001 * low:
        middle = (low + high) / 2
        enough = filled(costs, np.where(allowed, middle, -1.0)) is not None
        low, high = (low, middle) if enough else (middle, high)
    return high
