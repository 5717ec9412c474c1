"""What the rounds of a plan cost: a forward pass, a step, an epoch, a run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from qpartition.counts import Counts, Sets
from qpartition.gradients import training_rounds
from qpartition.meter import Meter
from qpartition.schedule import Schedule

from .settings import Settings


class Prices(NamedTuple):
    """The costs that a `Plan` names, under the same names."""

    calibration: Counts
    forward: Counts
    step: Counts
    epoch: Counts | None
    run: Counts | None

    @classmethod
    def of(cls, meter: Meter, settings: Settings) -> Prices:
        """Of placed sub-VQCs."""
        calibration = Counts.of_rounds([meter.calibration()], meter.qpus)
        forward = _price(meter, meter.workload.forward_rounds())
        step = _price(meter, training_rounds(meter.workload, settings.gradient, settings.asked))
        if settings.schedule is None:
            return cls(calibration, forward, step, None, None)
        epoch = _epoch(meter, settings, settings.schedule)
        return cls(calibration, forward, step, epoch, calibration + epoch.times(settings.schedule.epochs))


def _price(meter: Meter, rounds: Iterable[Sets]) -> Counts:
    return Counts.of_rounds(map(meter.round, rounds), meter.qpus)


def _epoch(meter: Meter, settings: Settings, schedule: Schedule) -> Counts:
    """All steps, the smaller last one included, and the evaluation."""
    workload, total = meter.workload, _price(meter, ())
    for batch, times in schedule.batches(workload.batch).items():
        rounds = training_rounds(workload.resized(batch), settings.gradient, settings.asked)
        total += _price(meter, rounds).times(times)
    if schedule.evaluated:
        total += _price(meter, workload.resized(schedule.evaluated).forward_rounds())
    return total
