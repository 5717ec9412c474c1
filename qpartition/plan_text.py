"""A plan as text for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .plan_file import PlacedCircuit
from .tables import COST, Cell, cost_rows, table

if TYPE_CHECKING:
    from .planning import Plan

CORES = ("core", "sub-VQCs", "qubits", "2q gates", "shifted parameters")
SHOWN = 12
"""Cores listed; the others are only counted."""


def text(plan: Plan) -> str:
    """Settings, cores with what runs on them, costs."""
    by_core: dict[str, list[PlacedCircuit]] = {}
    for circuit in plan.circuits:
        by_core.setdefault(circuit.core, []).append(circuit)
    rows = [_row(core, circuits) for core, circuits in by_core.items()]
    more = [f"... and {len(rows) - SHOWN} more cores"] if len(rows) > SHOWN else []
    costs = cost_rows("forward pass", plan.forward) + cost_rows("training step", plan.step)
    return "\n".join([_title(plan, len(rows)), "", table(CORES, rows[:SHOWN]), *more, "", table(COST, costs)])


def _title(plan: Plan, cores: int) -> str:
    shots = "exact" if plan.shots is None else f"{plan.shots} shots"
    return (
        f"{_count(len(plan.circuits), 'sub-VQC')} on {_count(cores, 'core')} of "
        f"{_count(len(plan.step.per_qpu), 'QPU')}, batch {plan.batch}, "
        f"{plan.steps} steps, {shots}, {plan.gradient} ({plan.jacobian})"
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _row(core: str, circuits: list[PlacedCircuit]) -> list[Cell]:
    spans = (
        [c.qubits for c in circuits],
        [c.two_qubit_gates for c in circuits],
        [c.active for c in circuits],
    )
    return [core, len(circuits), *(_span(numbers) for numbers in spans)]


def _span(numbers: list[int]) -> str:
    low, high = min(numbers), max(numbers)
    return str(low) if low == high else f"{low}-{high}"
