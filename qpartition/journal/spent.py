"""What the jobs of a journal have cost: all summed up, or kept up to date as they change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import fsum

from backends.remote.ledger import Outcome

from .entries import Entry

_USELESS = (Outcome.FAILED.value, Outcome.CANCELLED.value, Outcome.LOST.value)
_NOTHING = (0.0,) * 5


@dataclass(frozen=True)
class Spent:
    """The cost of a journal's jobs.

    Attributes:
        seconds: QPU seconds of all jobs, as in `Entry.seconds`.
        wasted: Of those, seconds of jobs whose results are not used: failed, cancelled, lost or surplus.
        billed: QPU seconds charged, as far as the service has said.
        retries: Attempts beyond the first of every job.
        estimated: QPU seconds of the jobs that are done, by the usage rule.
    """

    seconds: float = 0.0
    wasted: float = 0.0
    billed: float = 0.0
    retries: int = 0
    estimated: float = 0.0

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Spent:
        """The sum, rounded once, at its end."""
        return _spent([fsum(column) for column in zip(_NOTHING, *map(_costs, entries), strict=True)])


class RunningSpent:
    """The same sum kept up to date, so that asking for it looks at no job; exact, whatever changes how often."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        """Over all entries so far.

        Raises:
            OverflowError: For costs that are infinite; also where entries change.
        """
        self._sums = [Fraction(0)] * len(_NOTHING)
        self.change((), entries)

    def change(self, before: Iterable[Entry], after: Iterable[Entry]) -> None:
        """Some entries have become others."""
        sums = self._sums
        for entries, sign in ((before, -1), (after, 1)):
            for entry in entries:
                sums = [total + sign * Fraction(cost) for total, cost in zip(sums, _costs(entry), strict=True)]
        self._sums = sums

    @property
    def spent(self) -> Spent:
        """The sum now."""
        return _spent(self._sums)


def _costs(line: Entry) -> tuple[float, ...]:
    """What one line adds to each number of `Spent`, in their order."""
    wasted = line.surplus or line.outcome in _USELESS
    used = line.outcome == Outcome.DONE.value and not line.surplus
    return (
        line.seconds,
        line.seconds if wasted else 0.0,
        line.billed or 0.0,
        float(line.attempt > 1 and not line.surplus),
        line.estimated if used else 0.0,
    )


def _spent(sums: Sequence[float | Fraction]) -> Spent:
    seconds, wasted, billed, retries, estimated = sums
    return Spent(float(seconds), float(wasted), float(billed), int(retries), float(estimated))
