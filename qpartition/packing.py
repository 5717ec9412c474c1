"""Packing: independent sub-VQCs side by side on the disjoint cores of one chip, as one circuit."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from itertools import accumulate

from .counts import Sets


@dataclass(frozen=True)
class Piece:
    """Parameter sets ``start..stop-1`` of one sub-VQC."""

    key: str
    start: int
    stop: int

    @property
    def sets(self) -> int:
        """Number of parameter sets."""
        return self.stop - self.start


Pack = tuple[Piece, ...]
"""Pieces of equal length on different cores: set number j of all of them is one execution."""


def pack(sets: Sets, core: Mapping[str, Hashable]) -> list[Pack]:
    """Divide a round on one QPU into packs, with as few executions as there can be.

    Each core runs its sub-VQCs one after the other, those with the most parameter sets first; all cores run at
    once. Wherever a core goes over to its next sub-VQC, a new pack begins. The packs last as long as the busiest
    core: sum of their lengths = max over cores of the sum of the parameter sets there.

    Args:
        sets: Parameter sets by sub-VQC key.
        core: On which core each of these runs.
    """
    queues: dict[Hashable, list[str]] = {}
    for key in sorted((key for key, count in sets.items() if count), key=lambda key: -sets[key]):
        queues.setdefault(core[key], []).append(key)
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
                key, key_end = timeline[positions[n]]
                key_begin = key_end - sets[key]
                pieces.append(Piece(key, begin - key_begin, end - key_begin))
        packs.append(tuple(pieces))
        begin = end
    return packs


def separate(sets: Sets) -> list[Pack]:
    """Every sub-VQC as a circuit of its own."""
    return [(Piece(key, 0, count),) for key, count in sets.items() if count]


def _timeline(queue: list[str], sets: Sets) -> list[tuple[str, int]]:
    """Each sub-VQC of a core and when it ends, in parameter sets since the job began."""
    return list(zip(queue, accumulate(sets[key] for key in queue), strict=True))
