"""What is being measured, and how long all that is left will take, in lines for people."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

PAUSE = 10.0
"""Seconds between two lines about one way."""


@dataclass(frozen=True)
class Task:
    """One measurement of one way.

    Attributes:
        way: Its name.
        basis: What the way has in common with the others now.
        what: Is measured.
        sets: Parameter sets that run for it.
    """

    way: str
    basis: str
    what: str
    sets: int


class Pace:
    """Watches measurements.

    The time left is parameter sets x the time of one in the last measurement of the same way. The first one of a way does
    not count, since devices prepare its circuits then; until there is a second, the shortest time of all ways is taken.

    Args:
        tasks: All measurements, in their order.
        say: Takes a line.
        clock: Seconds since any moment.
    """

    def __init__(
        self, tasks: Sequence[Task], say: Callable[[str], None], clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._left, self._say, self._clock = list(tasks), say, clock
        self._each: dict[str, float] = {}
        self._prepared = set[str]()
        self._about, self._said = ("", ""), -PAUSE

    @contextmanager
    def measuring(self) -> Iterator[None]:
        """Context of the next measurement."""
        task, began = self._left[0], self._clock()
        if (task.way, task.basis) != self._about or began - self._said >= PAUSE:
            self._about, self._said = (task.way, task.basis), began
            self._say(self._line(task))
        yield
        self._left.pop(0)
        if task.way in self._prepared:
            self._each[task.way] = (self._clock() - began) / max(1, task.sets)
        self._prepared.add(task.way)

    def _line(self, task: Task) -> str:
        line = f"{task.way} at equal {task.basis}: {task.what}, {task.sets:,} parameter sets"
        return f"{line}; {in_words(self._seconds())} to go for all" if self._each else line

    def _seconds(self) -> float:
        fastest = min(self._each.values())
        return sum(task.sets * self._each.get(task.way, fastest) for task in self._left)


def in_words(seconds: float) -> str:
    """A time that is not known well."""
    if seconds < 1:
        return "less than 1 s"
    if seconds < 100:
        return f"about {seconds:.0f} s"
    return f"about {seconds / 60:.0f} min" if seconds < 6000 else f"about {seconds / 3600:.1f} h"
