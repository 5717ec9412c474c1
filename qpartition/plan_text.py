"""A plan as text for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .plan_file import PlacedCircuit, costs
from .tables import COST, Cell, cost_rows, table

if TYPE_CHECKING:
    from .planning import Plan

CORES = ("core", "sub-VQCs", "qubits", "2q gates", "depth", "us a shot", "fidelity", "shifted parameters")
SHOWN = 12
"""Cores listed; the others are only counted."""
NAMES = {
    "calibration": "calibration",
    "forward": "forward pass",
    "step": "training step",
    "epoch": "epoch",
    "run": "training",
}


def text(plan: Plan) -> str:
    """Settings, cores with what runs on them, costs."""
    by_core: dict[str, list[PlacedCircuit]] = {}
    for circuit in plan.circuits:
        by_core.setdefault(circuit.core, []).append(circuit)
    rows = [_row(core, circuits) for core, circuits in by_core.items()]
    more = [f"... and {len(rows) - SHOWN} more cores"] if len(rows) > SHOWN else []
    priced = {NAMES[name]: cost for name, cost in costs(plan).items() if cost is not None and cost.jobs}
    cost = [row for name, counts in priced.items() for row in cost_rows(name, counts)]
    return "\n".join(
        [
            _title(plan, len(rows)),
            "",
            table(CORES, rows[:SHOWN]),
            *more,
            _quality(plan),
            *map(str, plan.cuts),
            "",
            table(COST, cost),
            *plan.advice,
        ]
    )


def _title(plan: Plan, cores: int) -> str:
    shots = "exact" if plan.shots is None else f"{plan.shots:,} shots"
    shifts = f", {plan.samples} samples" if plan.gradient == "sampled-shift" else ""
    mitigated = f", {' and '.join(plan.mitigation)} mitigation" if plan.mitigation else ""
    return (
        f"{_count(len(plan.circuits), 'sub-VQC')} on {_count(cores, 'core')} of "
        f"{_count(len(plan.step.per_qpu), 'QPU')}, {'packed side by side' if plan.packing else 'one circuit each'}, "
        f"batch {plan.batch}, {plan.steps} steps, {shots}, {plan.gradient} ({plan.jacobian}{shifts}){mitigated}"
    )


def _quality(plan: Plan) -> str:
    worst = min(plan.circuits, key=lambda circuit: circuit.fidelity)
    note = f"; mapping: {plan.note}" if plan.note else ""
    return f"expected fidelity {plan.fidelity:.3f}, worst {worst.fidelity:.3f} ({worst.key} on {worst.core}){note}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _row(core: str, circuits: list[PlacedCircuit]) -> list[Cell]:
    return [
        core,
        len(circuits),
        _span([c.qubits for c in circuits]),
        _span([c.two_qubit_gates for c in circuits]),
        _span([c.depth for c in circuits]),
        _span([round(1e6 * c.seconds, 1) for c in circuits]),
        _span([round(c.fidelity, 3) for c in circuits]),
        _span([c.active for c in circuits]),
    ]


def _span(numbers: list[int] | list[float]) -> str:
    low, high = min(numbers), max(numbers)
    return str(low) if low == high else f"{low}-{high}"
