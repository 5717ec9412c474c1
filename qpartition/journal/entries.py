"""The lines of a journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Entry:
    """One attempt to get a job run.

    Attributes:
        key: Of the job: the same for all its attempts.
        tag: Of the attempt, on the service.
        attempt: From 1.
        round: Number of the round.
        part: Number of the job within the round and device.
        qpu: The device.
        sets: Parameter sets.
        executions: Circuits run x shots.
        estimated: QPU seconds by the usage rule.
        outcome: What became of it; of a surplus job, its state when it was found.
        job_id: Of the service.
        billed: QPU seconds that the service charged; None as long as it has not said.
        reason: Why there are no results.
        made: When it was written down, UTC.
        surplus: A second job with the same tag, not used.
    """

    key: str
    tag: str
    attempt: int
    round: int
    part: int
    qpu: str
    sets: int
    executions: int
    estimated: float
    outcome: str
    job_id: str | None
    billed: float | None
    reason: str
    made: str
    surplus: bool = False

    @property
    def is_open(self) -> bool:
        """True while it may still come to something."""
        return self.outcome in ("intended", "submitted")

    @property
    def state(self) -> str:
        """In a word."""
        return f"surplus ({self.outcome})" if self.surplus else self.outcome

    @property
    def seconds(self) -> float:
        """QPU seconds to reckon with: what was charged, the estimate where that is not known or the job is not over.

        A job that is done and charged at nothing is taken at its estimate: simulators of the service say 0.
        """
        done = self.outcome in ("done", "submitted", "running")
        if self.billed is not None and not (done and self.billed == 0):
            return self.billed
        return self.estimated if done else 0.0

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {**asdict(self), "outcome": self.state, "seconds": self.seconds}


@dataclass(frozen=True)
class Move:
    """From a round on, the work of a device is done elsewhere.

    Attributes:
        round: Number of the first such round.
        qpu: The device that went off line.
        placement: Names of the cores that its sub-VQCs went to, by key.
    """

    round: int
    qpu: str
    placement: Mapping[str, str]
