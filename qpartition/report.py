"""What a dispatcher has spent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .counts import Counts, Tally
from .tables import COST, cost_rows, table


@dataclass(frozen=True)
class Report:
    """Everything that was run so far, also before an interruption that the run was resumed after.

    Attributes:
        counts: Rounds, and jobs, parameter sets, executions and QPU seconds by QPU.
        retries: Submissions that had to be repeated.
        billed_seconds: QPU seconds that the service says it has charged; 0 where it has not said, or nobody charges.
        wasted_seconds: QPU seconds of jobs that failed or were one too many; not among the counts.
    """

    counts: Counts
    retries: int = 0
    billed_seconds: float = 0.0
    wasted_seconds: float = 0.0

    @property
    def rounds(self) -> int:
        """Finished rounds."""
        return self.counts.rounds

    @property
    def jobs(self) -> int:
        """Jobs on all QPUs."""
        return self.counts.jobs

    @property
    def parameter_sets(self) -> int:
        """Parameter sets on all QPUs."""
        return self.counts.parameter_sets

    @property
    def executions(self) -> int:
        """Circuits run x shots on all QPUs."""
        return self.counts.executions

    @property
    def qpu_seconds(self) -> float:
        """Billed seconds on all QPUs, by the usage rule."""
        return self.counts.qpu_seconds

    @property
    def makespan(self) -> float:
        """Seconds on the slowest QPU of every round, summed."""
        return self.counts.makespan

    @property
    def per_qpu(self) -> Mapping[str, Tally]:
        """The same by QPU."""
        return self.counts.per_qpu

    def as_dict(self) -> dict[str, Any]:
        """Plain numbers only."""
        return {
            **self.counts.as_dict(),
            "retries": self.retries,
            "billed_seconds": self.billed_seconds,
            "wasted_seconds": self.wasted_seconds,
        }

    def __str__(self) -> str:
        """A table: the total and every QPU."""
        billed = f", charged so far: {self.billed_seconds:.1f} s" if self.billed_seconds else ""
        wasted = f", of failed and surplus jobs: {self.wasted_seconds:.1f} s" if self.wasted_seconds else ""
        return table(COST, cost_rows("total", self.counts)) + f"\nretries: {self.retries}{billed}{wasted}"
