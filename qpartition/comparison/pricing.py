"""What measuring will cost, and whether that is too much."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from backends.errors import BudgetError, InputError
from qpartition.counts import Counts, Sets
from qpartition.dispatch import ROUNDING, budget_text, seconds_text
from qpartition.planning import Plan


def seconds(made: Plan, rounds: Iterable[Sets]) -> float:
    """QPU seconds of rounds on the devices of a plan by the dispatcher's rules, the calibration before them included."""
    return counted(made, rounds).qpu_seconds


def counted(made: Plan, rounds: Iterable[Sets]) -> Counts:
    """All costs of the same.

    Raises:
        InputError: For a plan without devices.
    """
    if made.live is None:
        raise InputError("a plan loaded from a file has no devices to price rounds on; make it again with plan()")
    meter = made.live
    asked = (meter.workload.expanded(sets) for sets in rounds)
    return Counts.of_rounds([meter.calibration(), *map(meter.round, asked)], meter.qpus)


def require_within(budget: float | None, prices: Mapping[str, float], what: str = "mapping") -> None:
    """Refuse a comparison that would cost more than its budget.

    Args:
        budget: QPU seconds; None for no limit.
        prices: QPU seconds by name.
        what: What is compared.

    Raises:
        BudgetError: Names the price, the budget and the dearest one.
    """
    total = sum(prices.values())
    if budget is not None and total > budget * (1 + ROUNDING):
        dearest = max(prices, key=lambda name: prices[name])
        raise BudgetError(
            f"this comparison of {len(prices)} {what}(s) would take {seconds_text(total, budget)} QPU seconds, "
            f"{seconds_text(prices[dearest])} of them for {dearest}, the budget is {budget_text(budget)}; "
            f"raise the budget, or use fewer {what}s or shots"
        )
