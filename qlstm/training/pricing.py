"""What a training on devices will cost: the same rounds as will be run, priced before any is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from backends.errors import BudgetError

from .settings import RunSettings

if TYPE_CHECKING:
    from qpartition import Counts, Plan, Topology

    from ..forecaster import Forecaster
    from ..tasks import Dataset


@dataclass(frozen=True)
class Cost:
    """Sums over all devices; seconds are billed QPU time by the usage rule."""

    rounds: int = 0
    jobs: int = 0
    executions: int = 0
    qpu_seconds: float = 0.0

    def add(self, counts: Counts, times: int = 1) -> Cost:
        """With ``times`` x ``counts`` more."""
        return Cost(
            self.rounds + times * counts.rounds,
            self.jobs + times * counts.jobs,
            self.executions + times * counts.executions,
            self.qpu_seconds + times * counts.qpu_seconds,
        )


def make_plan(
    settings: RunSettings, model: Forecaster, data: Dataset, topology: Topology, batch: int | None = None
) -> Plan:
    """The plan of one training step with ``batch`` windows, a full batch by default.

    Raises:
        InputError: For a mapping or number of shots that cannot be used.
    """
    from qpartition import Workload, plan

    workload = Workload.of(model, batch or min(settings.batch, data.train), settings.window)
    return plan(workload, topology, settings.mapping, settings.shots, jacobian=settings.jacobian)  # type: ignore[arg-type]


def epoch_cost(settings: RunSettings, model: Forecaster, data: Dataset, topology: Topology) -> Cost:
    """The cost of an epoch: its optimiser steps, the smaller last one included, and the evaluation of all windows."""
    full, rest = divmod(data.train, settings.batch)
    cost = Cost()
    for batch, times in ((settings.batch, full), (rest, 1)):
        if batch and times:
            plan = make_plan(settings, model, data, topology, batch)
            cost = cost.add(plan.forward if settings.gradient == "exact" else plan.step, times)
    return cost.add(make_plan(settings, model, data, topology, len(data)).forward)


def require_budget(settings: RunSettings, epoch_seconds: float, epochs: int, spent: float = 0.0) -> None:
    """Refuse a training that would cost more than its budget.

    Args:
        settings: Whose ``budget`` holds.
        epoch_seconds: QPU seconds of an epoch.
        epochs: Epochs still to be trained.
        spent: QPU seconds already spent.

    Raises:
        BudgetError: Names the price, the budget and what would fit.
    """
    total = spent + epochs * epoch_seconds
    if settings.budget is not None and total > settings.budget:
        affordable = int((settings.budget - spent) / epoch_seconds) if epoch_seconds > 0 else 0
        raise BudgetError(
            f"this training would take {total:.1f} QPU seconds, the budget is {settings.budget:.1f};"
            f" {max(0, affordable)} of {epochs} epoch(s) would fit: raise --budget or lower --epochs or --shots"
        )
