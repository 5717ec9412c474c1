"""Packing: independent sub-VQCs side by side on the disjoint cores of one chip, as one circuit."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from itertools import accumulate

from backends.qpu import Variant

Task = tuple[str, Variant]
"""A sub-VQC, and how its circuit is run."""


@dataclass(frozen=True)
class Piece:
    """Parameter sets ``start..stop-1`` of one sub-VQC, run in one way."""

    task: Task
    start: int
    stop: int

    @property
    def sets(self) -> int:
        """Number of parameter sets."""
        return self.stop - self.start


Pack = tuple[Piece, ...]
"""Pieces of equal length on different cores: set number j of all of them is one execution."""


def pack(sets: Mapping[Task, int], core: Mapping[Task, Hashable]) -> list[Pack]:
    """Divide a round on one QPU into packs, with as few executions as there can be.

    Each core runs its sub-VQCs one after the other, those with the most parameter sets first; all cores run at
    once. Wherever a core goes over to its next sub-VQC, a new pack begins. The packs last as long as the busiest
    core: sum of their lengths = max over cores of the sum of the parameter sets there.

    Args:
        sets: Parameter sets by task.
        core: On which core each of these runs.
    """
    queues: dict[Hashable, list[Task]] = {}
    for task in sorted((task for task, count in sets.items() if count), key=lambda task: -sets[task]):
        queues.setdefault(core[task], []).append(task)
    timelines = [_timeline(queue, sets) for queue in queues.values()]
    ends = sorted({end for timeline in timelines for _, end in timeline})
    positions = [0] * len(timelines)
    packs, begin = [], 0
    for end in ends:
        pieces = []
        for n, timeline in enumerate(timelines):
            while positions[n] < len(timeline) and timeline[positions[n]][1] <= begin:
                positions[n] += 1
            if positions[n] < len(timeline):
                task, task_end = timeline[positions[n]]
                task_begin = task_end - sets[task]
                pieces.append(Piece(task, begin - task_begin, end - task_begin))
        packs.append(tuple(pieces))
        begin = end
    return packs


def separate(sets: Mapping[Task, int]) -> list[Pack]:
    """Every sub-VQC as a circuit of its own."""
    return [(Piece(task, 0, count),) for task, count in sets.items() if count]


def split(packs: list[Pack], most_sets: int | None) -> list[list[Pack]]:
    """Divide packs among jobs of at most ``most_sets`` executed parameter sets each, in order; None for no limit.

    A pack that is too long for one job goes on in the next.
    """
    if most_sets is None:
        return [packs] if packs else []
    jobs, room = list[list[Pack]](), 0
    for one in packs:
        start, length = 0, one[0].sets
        while start < length:
            if not room:
                jobs.append([])
                room = most_sets
            stop = min(length, start + room)
            jobs[-1].append(tuple(Piece(p.task, p.start + start, p.start + stop) for p in one))
            room -= stop - start
            start = stop
    return jobs


def _timeline(queue: list[Task], sets: Mapping[Task, int]) -> list[tuple[Task, int]]:
    """Each task of a core and when it ends, in parameter sets since the job began."""
    return list(zip(queue, accumulate(sets[task] for task in queue), strict=True))
