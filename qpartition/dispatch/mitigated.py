"""Rounds with what error mitigation adds to them: variants of every parameter set, and the calibration of cores."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from backends.core import Core
from backends.qpu import Expectations, FloatArray
from qpartition.mitigation import BASIS_STATES, Readout
from qpartition.packing import Task

from .rounds import Rounds


class MitigatedRounds:
    """Runs rounds, and extrapolates or corrects what they measure, if the plan says so.

    Attributes:
        rounds: Runs them.
        readouts: Calibration by sub-VQC where readout is mitigated; empty before the first round.
    """

    def __init__(self, rounds: Rounds) -> None:
        """Before the first round."""
        self.rounds = rounds
        self.readouts: dict[str, Readout] = {}

    def run(self, values: Mapping[str, FloatArray]) -> dict[str, Expectations]:
        """One round, and the calibration of cores that are used for the first time.

        Args:
            values: Parameter sets by key, each of shape (sets, parameters).
        """
        self._calibrate()
        before = self.rounds.meter, self.rounds.sequence, self.readouts
        try:
            return self._run(values)
        except BaseException:  # whoever asks again gets the same round
            self.rounds.meter, self.rounds.sequence, self.readouts = before
            raise

    def _run(self, values: Mapping[str, FloatArray]) -> dict[str, Expectations]:
        rounds, start, known = self.rounds, self.rounds.meter, self.readouts
        mitigation, sets = start.mitigation, {key: len(array) for key, array in values.items()}
        found, cores, again = dict[Task, Expectations](), dict[str, Core](), dict(sets)
        while True:
            tasks = {name: rounds.meter.tasks(group) for name, group in rounds.meter.by_qpu(again).items()}
            one = rounds.run(tasks, values, lambda name: start.shots)
            found, cores = found | one.results, cores | one.cores
            self._forget(one.moved)
            self._calibrate()
            now = rounds.meter.placement
            lost = [key for key, core in cores.items() if core not in (start.placement[key], now[key])]
            if not (mitigation.readout and lost):
                break
            again = {key: sets[key] for key in lost}  # their core went off line before it was calibrated
        results = {key: self._nothing(key) for key in values}
        for key, core in cores.items():
            readout = known.get(key) if core == start.placement[key] else self.readouts.get(key)
            results[key] = mitigation.combined({v: found[key, v] for v in mitigation.variants}, readout)
        return results

    def _calibrate(self) -> None:
        """Calibrate the cores of sub-VQCs of which that is not known: all before the first round, and those that moved."""
        rounds, (zero, one) = self.rounds, BASIS_STATES
        if not rounds.meter.mitigation.readout:
            return
        while missing := [key for key in rounds.meter.workload.keys if key not in self.readouts]:
            blank, tasks = {key: self._blank(key) for key in missing}, rounds.meter.calibration_tasks(missing)
            found, cores, moved = rounds.run(tasks, blank, rounds.meter.calibration_shots)
            self._forget(moved)
            here = [key for key in missing if cores[key] == rounds.meter.placement[key]]
            self.readouts = self.readouts | {key: Readout.of(found[key, zero], found[key, one]) for key in here}

    def _forget(self, moved: Collection[str]) -> None:
        self.readouts = {key: readout for key, readout in self.readouts.items() if key not in moved}

    def _blank(self, key: str) -> FloatArray:
        return np.zeros((1, self.rounds.meter.workload.by_key[key].circuit.num_parameters))

    def _nothing(self, key: str) -> Expectations:
        empty = np.empty((0, self.rounds.meter.workload.by_key[key].columns))
        return Expectations(empty, empty)
