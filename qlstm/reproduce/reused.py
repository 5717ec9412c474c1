"""Which trials were not trained now but taken from the folder, in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from .pool import Work
from .setups import Row


def by_row(rows: Iterable[Row], taken: Iterable[Work]) -> list[tuple[Row, list[int]]]:
    """The rows with the seeds that were taken for them; what several rows share stands under the first."""
    seeds: dict[object, list[int]] = {}
    for setup, seed in taken:
        seeds.setdefault(setup, []).append(seed)
    return [(row, sorted(seeds.pop(row.setup))) for row in rows if row.setup in seeds]


def in_words(seeds: Sequence[int]) -> str:
    """Sorted seeds as ranges: ``0-4, 7``."""
    runs = groupby(enumerate(seeds), key=lambda pair: pair[1] - pair[0])
    ends = [[seed for _, seed in run] for _, run in runs]
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in ends)
