"""One round: the jobs of all devices, all on their way before any is waited for; what is off line is run elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from itertools import count
from typing import NamedTuple

from backends.core import Core
from backends.qpu import Expectations, FloatArray
from backends.remote.errors import Offline
from qpartition.counts import Tally
from qpartition.meter import Meter
from qpartition.packing import Task

from .courier import Courier, Started, abandon
from .jobs import Job, JobMaker, joined
from .moves import MOVED, Moves
from .spending import Spending

Tasks = Mapping[str, Mapping[Task, int]]
"""By QPU, parameter sets of every task."""
Shots = Callable[[str], int | None]
"""Shots per parameter set on a device."""


class Found(NamedTuple):
    """What a round measured.

    Attributes:
        results: By task.
        cores: By key of the sub-VQC, where it was measured.
        moved: Keys of sub-VQCs that are on another core since.
    """

    results: dict[Task, Expectations]
    cores: dict[str, Core]
    moved: Collection[str]


class Rounds:
    """Runs one round after the other.

    Attributes:
        meter: Where the sub-VQCs are now.
        sequence: Number of the next round.
    """

    def __init__(self, meter: Meter, courier: Courier, maker: JobMaker, moves: Moves, spending: Spending) -> None:
        """Before the first round."""
        self.meter, self.sequence = meter, 0
        self._courier, self._maker, self._moves, self._spending = courier, maker, moves, spending

    def run(self, tasks: Tasks, values: Mapping[str, FloatArray], shots: Shots) -> Found:
        """Run one round.

        Where a device goes off line, the sub-VQCs on it move, and what it has not delivered is run where they are then.
        That may go off line too, and so on. If the round fails, nothing has moved: the next try finds the moves again.

        Args:
            tasks: What is to be run where, as `Meter.tasks` has it.
            values: Parameter sets by key, each of shape (sets, parameters).
            shots: Per parameter set, by device.

        Raises:
            BudgetError: If the round would exceed the budget; nothing is submitted.
            PausedError: If a device is off line and its work may run nowhere else, or as a `Delivery` has it.
        """
        before, off = self.meter, set[str]()
        results, cores = dict[Task, Expectations](), dict[str, Core]()
        tallies = {name: before.job(name, group, shots(name)) for name, group in tasks.items()}
        try:
            for generation in count():
                found, missing = self._deliver(tasks, values, shots, MOVED * generation)
                results |= found
                cores |= {key: self.meter.placement[key] for key, _ in found}
                if not missing:
                    break
                off |= set(missing)
                self.meter = self._moves.away(self.meter, list(missing), self.sequence, off)
                tasks = self._regrouped(missing)
        except BaseException:
            self.meter = before
            raise
        self._spending.finish_round(tallies)
        self.sequence += 1 if tallies else 0
        return Found(results, cores, () if self.meter is before else tuple(before.changes(self.meter)))

    def _deliver(self, tasks: Tasks, values: Mapping[str, FloatArray], shots: Shots, part: int) -> tuple[
        dict[Task, Expectations], Tasks
    ]:  # fmt: skip
        """Run jobs that are numbered from ``part``; their results, and what devices that are off line did not deliver.

        A device that was found off line before, in this round, is not asked again: it has what the journal has.
        """
        left = self._moves.left(self.sequence)
        jobs = [
            job
            for name, group in tasks.items()
            for job in self._maker.jobs(self.meter, name, group, values, shots(name), self.sequence, part)
            if name not in left or self._courier.has(job)
        ]
        tallies = {name: self.meter.job(name, group, shots(name)) for name, group in tasks.items() if name not in left}
        self._spending.require(tallies, jobs)
        started, delivered = list[Started](), list[Job]()
        found: dict[Task, list[Expectations]] = {}
        try:
            for job in jobs:
                share = self._spending.share(job, jobs)
                started.append(self._courier.start(self.meter.topology.qpus[job.qpu], job, share))
                if job.qpu in tallies and job.submission.part == part:  # it counts once it is on its way
                    self._spending.add({job.qpu: tallies[job.qpu]})
            for job, one in zip(jobs, started, strict=True):
                try:
                    for task, result in job.by_task(self.meter, one.result(), one.job_id):
                        found.setdefault(task, []).append(result)
                    delivered.append(job)
                except Offline:
                    left.add(job.qpu)
        except BaseException:
            abandon(started)
            raise
        self._count_what_was_delivered(left, tallies, delivered)
        return self._sorted(tasks, left, found)

    def _count_what_was_delivered(self, left: Collection[str], tallies: Mapping[str, Tally], jobs: list[Job]) -> None:
        """Of devices that are off line: the jobs that were done before, instead of all that they were asked for."""
        self._spending.take_back({name: tally for name, tally in tallies.items() if name in left})
        for job in jobs:
            if job.qpu in left:
                one = job.submission
                self._spending.add({job.qpu: Tally(1, one.sets, one.executions, one.estimated)})

    def _sorted(
        self, tasks: Tasks, left: Collection[str], found: Mapping[Task, list[Expectations]]
    ) -> tuple[dict[Task, Expectations], Tasks]:
        """Results, and what is missing.

        Of a device that is off line a sub-VQC's results are used where all are there: none is mixed from two cores.
        """
        results = {task: joined(parts) for task, parts in found.items()}
        missing: dict[str, dict[Task, int]] = {}
        for name in (name for name in tasks if name in left):
            group = tasks[name]
            short = {task[0] for task, sets in group.items() if task not in results or len(results[task].values) < sets}
            if short:
                missing[name] = {task: sets for task, sets in group.items() if task[0] in short}
        gone = {task for group in missing.values() for task in group}
        return {task: result for task, result in results.items() if task not in gone}, missing

    def _regrouped(self, missing: Tasks) -> Tasks:
        """By the devices that the sub-VQCs are on now."""
        tasks: dict[str, dict[Task, int]] = {}
        for group in missing.values():
            for task, sets in group.items():
                tasks.setdefault(self.meter.placement[task[0]].qpu, {})[task] = sets
        return tasks
