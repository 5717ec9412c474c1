"""What rounds cost: the same counting for the plan, beforehand, and for the dispatcher, as it runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from math import inf
from typing import Any

from backends.errors import InputError

Sets = Mapping[str, int]
"""Parameter sets of one round, by sub-VQC key."""


@dataclass(frozen=True)
class Tally:
    """What one QPU was asked for.

    Attributes:
        jobs: Jobs submitted.
        parameter_sets: Sub-VQCs with their parameters bound.
        executions: Circuits run x shots; sub-VQCs packed side by side are one circuit; exact expectations count once.
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

    def times(self, number: int) -> Tally:
        """The same ``number`` times."""
        return Tally(
            self.jobs * number, self.parameter_sets * number, self.executions * number, self.qpu_seconds * number
        )


@dataclass(frozen=True)
class Counts:
    """Rounds, and what they asked of every QPU.

    Attributes:
        rounds: Finished rounds.
        per_qpu: Sums by QPU.
        makespan: Seconds on the slowest QPU of every round, summed: the time on the devices, without any queue.
    """

    rounds: int = 0
    per_qpu: Mapping[str, Tally] = field(default_factory=dict)
    makespan: float = 0.0

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

    def plus(self, tallies: Mapping[str, Tally], rounds: int = 0, makespan: float = 0.0) -> Counts:
        """These counts and those of one more submission, per QPU."""
        merged = dict(self.per_qpu)
        for name, tally in tallies.items():
            merged[name] = merged.get(name, Tally()) + tally
        return Counts(self.rounds + rounds, merged, self.makespan + makespan)

    def __add__(self, other: Counts) -> Counts:
        """Both one after the other."""
        return self.plus(other.per_qpu, other.rounds, other.makespan)

    def times(self, number: int) -> Counts:
        """The same ``number`` times."""
        per_qpu = {name: tally.times(number) for name, tally in self.per_qpu.items()}
        return Counts(self.rounds * number, per_qpu, self.makespan * number)

    @classmethod
    def of_rounds(cls, rounds: Iterable[Mapping[str, Tally]], qpus: Iterable[str] = ()) -> Counts:
        """The sum of rounds, each given as tallies per QPU; a round that asks for nothing does not count."""
        counts = cls(0, dict.fromkeys(qpus, Tally()))
        for tallies in rounds:
            if tallies:
                counts = counts.plus(tallies, 1, slowest(tallies))
        return counts

    def as_dict(self) -> dict[str, Any]:
        """Plain numbers only: ``{"rounds": ..., "jobs": ..., "per_qpu": {name: {"jobs": ...}}}``."""
        per_qpu = {name: asdict(tally) for name, tally in self.per_qpu.items()}
        return {"rounds": self.rounds, **asdict(self.total), "makespan": self.makespan, "per_qpu": per_qpu}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Counts:
        """The inverse of `as_dict`.

        Raises:
            InputError: If an entry is missing or not a non-negative number.
        """
        try:
            tallies = {str(name): Tally(**tally) for name, tally in data["per_qpu"].items()}
            counts = cls(data["rounds"], tallies, data["makespan"])
            numbers = [
                counts.rounds,
                counts.makespan,
                *(n for tally in tallies.values() for n in asdict(tally).values()),
            ]
            valid = all(isinstance(n, int | float) and 0 <= float(n) < inf for n in numbers)
        except OverflowError:
            valid = False
        except (AttributeError, IndexError, KeyError, TypeError):
            raise InputError(
                "saved counts cannot be read: they need rounds, makespan, and per_qpu with the tally of every QPU; "
                "give what as_dict or state_dict returned"
            ) from None
        if not valid:
            raise InputError("saved counts hold something other than non-negative numbers; use an intact file")
        return counts


def slowest(tallies: Mapping[str, Tally]) -> float:
    """Seconds of the slowest QPU of a round; all run at once."""
    return max((tally.qpu_seconds for tally in tallies.values()), default=0.0)
