"""What a run has spent, and whether its next round may still be submitted."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from backends.errors import BudgetError
from qpartition.arguments import checked_budget
from qpartition.counts import Counts, slowest
from qpartition.journal import Journal, JournalReader
from qpartition.meter import Tallies
from qpartition.report import Report

from .jobs import Job

ROUNDING = 1e-9
"""Relative excess over a budget that is taken for a rounding error of the sums."""


class Spending:
    """Counts what is submitted, and watches the budget.

    Attributes:
        limit: QPU seconds that may be spent; None for no limit.
        counts: Everything that was submitted, also before an interruption that the run was resumed after.
    """

    def __init__(self, limit: float | None, journal: Journal | JournalReader | None, qpus: Sequence[str]) -> None:
        """Nothing spent yet.

        Args:
            limit: See the class.
            journal: Knows what jobs were charged, and which are paid for already.
            qpus: Devices that are counted from the start.

        Raises:
            InputError: If the limit is not a non-negative number.
        """
        self.limit, self._journal = checked_budget(limit), journal
        self.counts = Counts.of_rounds((), qpus)
        self._carried = 0.0  # spent, and not in the journal

    @property
    def seconds(self) -> float:
        """QPU seconds so far: as charged where that is known, repeated and failed jobs included."""
        if isinstance(self._journal, Journal):
            return self._carried + self._journal.spent().seconds
        return self.counts.qpu_seconds

    def report(self) -> Report:
        """What has been spent so far."""
        if self._journal is None:
            return Report(self.counts)
        spent = self._journal.spent()
        return Report(self.counts, spent.retries, spent.billed, spent.wasted)

    def resume(self, counts: Counts, qpus: Sequence[str]) -> None:
        """Go on from the counts of a saved state; what of them the journal does not know is spent all the same."""
        self.counts = Counts.of_rounds((), qpus) + counts
        known = self._journal.spent().estimated if isinstance(self._journal, Journal) else 0.0
        self._carried = max(0.0, counts.qpu_seconds - known)

    def add(self, tallies: Tallies) -> None:
        """Count what is on its way."""
        self.counts = self.counts.plus(tallies)

    def take_back(self, tallies: Tallies) -> None:
        """Count it no more."""
        self.counts = self.counts.plus({name: tally.times(-1) for name, tally in tallies.items()})

    def finish_round(self, tallies: Tallies) -> None:
        """Count a round whose parts have all been added; one that asked for nothing is none."""
        self.counts = self.counts.plus({}, rounds=1 if tallies else 0, makespan=slowest(tallies))

    def require(self, tallies: Tallies, jobs: Sequence[Job]) -> None:
        """Refuse jobs that would exceed the budget; those that the journal knows cost nothing more.

        Raises:
            BudgetError: Names what is spent, the price and the budget.
        """
        if self.limit is None:
            return
        spent, journal = self.seconds, self._journal
        if isinstance(journal, Journal):
            price = sum(job.submission.estimated for job in jobs if not journal.known(job.submission.key))
        else:
            price = sum(tally.qpu_seconds for tally in tallies.values())
        if spent + price > self.limit * (1 + ROUNDING) and price > 0:
            raise BudgetError(
                f"{seconds_text(spent)} QPU seconds spent, the next round would take {seconds_text(price)}, "
                f"the budget is {budget_text(self.limit)}; raise the budget, or use fewer shots, rows or parts"
            )

    def share(self, job: Job, jobs: Sequence[Job]) -> Callable[[], float | None]:
        """QPU seconds that one of a round's jobs may take: of what is then left of the budget, as much as it is estimated."""
        limit, whole = self.limit, sum(one.submission.estimated for one in jobs)
        if limit is None or not whole:
            return lambda: None
        mine = job.submission.estimated / whole
        return lambda: max(0.0, limit - self.seconds) * mine


def seconds_text(seconds: float, above: float = 0.0) -> str:
    """With one decimal, or as many more as show that this is above 0, or above what it exceeds."""
    digits = next((count for count in range(1, 17) if float(f"{seconds:.{count}f}") > above), 1)
    return f"{seconds:.{digits}f}"


def budget_text(seconds: float) -> str:
    """A limit as it was given: with one decimal where that is all of it, else with six digits."""
    short = f"{seconds:.1f}"
    return short if float(short) == seconds or seconds >= 1e5 else f"{seconds:.6g}"
