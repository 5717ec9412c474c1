"""One round: the jobs of all devices, all on their way before any is waited for; what is off line is run elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from backends.qpu import Expectations, FloatArray
from backends.remote.errors import Offline
from qpartition.meter import Meter, Tallies
from qpartition.mitigation import BASIS_STATES, Readout
from qpartition.packing import Task

from .courier import Courier, Started, abandon
from .jobs import JobMaker, joined
from .moves import Moves
from .spending import Spending

MOVED = 1000
"""Numbers of jobs within a round and device: from here on for work that came from another device."""
Tasks = Mapping[str, Mapping[Task, int]]
"""By QPU, parameter sets of every task."""


class Rounds:
    """Runs one round after the other.

    Attributes:
        meter: Where the sub-VQCs are now.
        sequence: Number of the next round.
        readouts: Calibration of every sub-VQC where readout is mitigated; empty before the first round.
    """

    def __init__(self, meter: Meter, courier: Courier, maker: JobMaker, moves: Moves, spending: Spending) -> None:
        """Before the first round."""
        self.meter, self.sequence = meter, 0
        self.readouts: dict[str, Readout] = {}
        self._courier, self._maker, self._moves, self._spending = courier, maker, moves, spending

    def run(self, values: Mapping[str, FloatArray]) -> dict[str, Expectations]:
        """Run parameter sets by key, each of shape (sets, parameters); their mitigated expectations."""
        self._calibrate()
        sets = {key: len(array) for key, array in values.items()}
        tallies = self.meter.round(sets)
        tasks = {name: self.meter.tasks(group) for name, group in self.meter.by_qpu(sets).items()}
        found = self._run(tasks, values, tallies)
        results = {key: self._nothing(key) for key in values}
        for key in results:
            if sets[key]:
                variants = {variant: found[key, variant] for variant in self.meter.mitigation.variants}
                readout = self.readouts[key] if self.meter.mitigation.readout else None
                results[key] = self.meter.mitigation.combined(variants, readout)
        return results

    def _calibrate(self) -> None:
        """Run the calibration of the mitigation, once, before the first round."""
        tasks = self.meter.calibration_tasks()
        if not tasks or self.readouts:
            return
        blank = {key: self._blank(key) for key in self.meter.workload.keys}
        found = self._run(tasks, blank, self.meter.calibration(), calibration=True)
        zero, one = BASIS_STATES
        self.readouts = {key: Readout.of(found[key, zero], found[key, one]) for key in self.meter.workload.keys}

    def _run(
        self, tasks: Tasks, values: Mapping[str, FloatArray], tallies: Tallies, calibration: bool = False
    ) -> dict[Task, Expectations]:
        """One round: the jobs of all QPUs, all on their way before any is waited for."""
        left = self._moves.left(self.sequence)
        here = {name: group for name, group in tasks.items() if name not in left}
        results, gone = self._deliver(here, values, tallies, calibration)
        for name in [name for name in tasks if name in left | gone]:
            results |= self._elsewhere(name, tasks[name], values, calibration)
        self._spending.finish_round(tallies)
        self.sequence += 1 if tallies else 0
        return results

    def _deliver(
        self, tasks: Tasks, values: Mapping[str, FloatArray], tallies: Tallies, calibration: bool, part: int = 0
    ) -> tuple[dict[Task, Expectations], set[str]]:
        """Run jobs; their results, and the devices that are off line."""
        jobs = [
            job
            for name, group in tasks.items()
            for job in self._maker.jobs(
                self.meter, name, group, values, self._shots(name, calibration), self.sequence, part
            )
        ]
        self._spending.require({name: tallies[name] for name in tasks}, jobs)
        found, gone, started = dict[Task, list[Expectations]](), set[str](), list[Started]()
        try:
            for job in jobs:
                share = self._spending.share(job, jobs)
                started.append(self._courier.start(self.meter.topology.qpus[job.qpu], job, share))
                if job.submission.part == part:  # it counts once it is on its way
                    self._spending.add({job.qpu: tallies[job.qpu]})
            for job, one in zip(jobs, started, strict=True):
                try:
                    for task, result in job.by_task(self.meter, one.result(), one.job_id):
                        found.setdefault(task, []).append(result)
                except Offline:
                    gone.add(job.qpu)
        except BaseException:
            abandon(started)
            raise
        self._spending.take_back({name: tallies[name] for name in gone})
        return {task: joined(parts) for task, parts in found.items()}, gone

    def _elsewhere(
        self, name: str, group: Mapping[Task, int], values: Mapping[str, FloatArray], calibration: bool
    ) -> dict[Task, Expectations]:
        """Run the part of a round whose device is off line on the others, and whatever comes after it too."""
        self.meter = meter = self._moves.away(self.meter, name, self.sequence)
        if self.readouts and not calibration:
            self.readouts = {}  # other cores read out differently
            self._calibrate()
        tasks: dict[str, dict[Task, int]] = {}
        for task, count in group.items():
            tasks.setdefault(meter.placement[task[0]].qpu, {})[task] = count
        tallies = {host: meter.job(host, own, self._shots(host, calibration)) for host, own in tasks.items()}
        results, gone = self._deliver(tasks, values, tallies, calibration, part=MOVED)
        for host in sorted(gone):
            results |= self._elsewhere(host, tasks[host], values, calibration)
        return results

    def _shots(self, name: str, calibration: bool) -> int | None:
        return self.meter.calibration_shots(name) if calibration else self.meter.shots

    def _blank(self, key: str) -> FloatArray:
        return np.zeros((1, self.meter.workload.by_key[key].circuit.num_parameters))

    def _nothing(self, key: str) -> Expectations:
        empty = np.empty((0, self.meter.workload.by_key[key].columns))
        return Expectations(empty, empty)
