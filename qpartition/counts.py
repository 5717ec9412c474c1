"""What rounds cost: the same counting for the plan, beforehand, and for the dispatcher, as it runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from backends.errors import InputError

Sets = Mapping[str, int]
"""Parameter sets of one round, by sub-VQC key."""


@dataclass(frozen=True)
class Tally:
    """What one QPU was asked for.

    Attributes:
        jobs: Jobs submitted.
        parameter_sets: Circuits with their parameters bound.
        executions: Parameter sets x shots; exact expectations count once per set.
        qpu_seconds: Seconds billed by the usage rule of `QPU.seconds`.
    """

    jobs: int = 0
    parameter_sets: int = 0
    executions: int = 0
    qpu_seconds: float = 0.0

    def __add__(self, other: Tally) -> Tally:
        """Both together."""
        return Tally(
            self.jobs + other.jobs,
            self.parameter_sets + other.parameter_sets,
            self.executions + other.executions,
            self.qpu_seconds + other.qpu_seconds,
        )


@dataclass(frozen=True)
class Counts:
    """Rounds, and what they asked of every QPU."""

    rounds: int = 0
    per_qpu: Mapping[str, Tally] = field(default_factory=dict)

    @property
    def total(self) -> Tally:
        """The sum over QPUs."""
        return sum(self.per_qpu.values(), Tally())

    @property
    def jobs(self) -> int:
        """Jobs on all QPUs."""
        return self.total.jobs

    @property
    def parameter_sets(self) -> int:
        """Parameter sets on all QPUs."""
        return self.total.parameter_sets

    @property
    def executions(self) -> int:
        """Executions on all QPUs."""
        return self.total.executions

    @property
    def qpu_seconds(self) -> float:
        """Seconds on all QPUs together."""
        return self.total.qpu_seconds

    def plus(self, tallies: Mapping[str, Tally], rounds: int = 0) -> Counts:
        """These counts and those of one more submission, per QPU."""
        merged = dict(self.per_qpu)
        for name, tally in tallies.items():
            merged[name] = merged.get(name, Tally()) + tally
        return Counts(self.rounds + rounds, merged)

    @classmethod
    def of_rounds(cls, rounds: Iterable[Mapping[str, Tally]], qpus: Iterable[str] = ()) -> Counts:
        """The sum of rounds, each given as tallies per QPU; a round that asks for nothing does not count."""
        counts = cls(0, dict.fromkeys(qpus, Tally()))
        for tallies in rounds:
            if tallies:
                counts = counts.plus(tallies, rounds=1)
        return counts

    def as_dict(self) -> dict[str, Any]:
        """Plain numbers only: ``{"rounds": ..., "jobs": ..., "per_qpu": {name: {"jobs": ...}}}``."""
        per_qpu = {name: asdict(tally) for name, tally in self.per_qpu.items()}
        return {"rounds": self.rounds, **asdict(self.total), "per_qpu": per_qpu}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Counts:
        """The inverse of `as_dict`.

        Raises:
            InputError: If an entry is missing or not a non-negative number.
        """
        try:
            tallies = {str(name): Tally(**tally) for name, tally in data["per_qpu"].items()}
            counts = cls(data["rounds"], tallies)
            numbers = [counts.rounds, *(n for tally in tallies.values() for n in asdict(tally).values())]
            valid = all(isinstance(n, int | float) and n >= 0 for n in numbers)
        except (AttributeError, KeyError, TypeError) as error:
            raise InputError(
                f"saved counts cannot be read: {error!r}; give what as_dict or state_dict returned"
            ) from None
        if not valid:
            raise InputError("saved counts hold something other than non-negative numbers; use an intact file")
        return counts
