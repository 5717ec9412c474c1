"""What training needs to know of an executor: its state and what it has cost so far."""

from __future__ import annotations

from typing import Any

from .history import DEVICES, Value


def executor_of(model: Any) -> Any:
    """The model's executor, or None for exact simulation."""
    return getattr(model, "executor", None)


def gradient_of(model: Any) -> str:
    """Where the model's gradients on devices come from, a name in `qlstm.gradients.GRADIENTS`."""
    return getattr(model, "gradient", "auto")


def shots_of(model: Any) -> int | None:
    """Shots behind every <Z> that the model measures.

    None without any, where mitigation mixes several, and where circuits are cut: their <Z> are put together from
    products over many pieces, with other variances than (1 - <Z>^2) / shots.
    """
    plan = getattr(executor_of(model), "plan", None)
    return None if plan is None or plan.mitigation or plan.cuts else plan.shots


def executor_state(executor: Any) -> Any:
    """What an executor needs to go on as if never interrupted; None if it keeps no state."""
    return executor.state_dict() if hasattr(executor, "state_dict") else None


def spent_since(executor: Any, state: Any) -> Any:
    """An earlier state of the executor, to take a step again with the same seeds; what was spent since stays spent."""
    return executor.rewound(state) if hasattr(executor, "rewound") else state


def charged_seconds(executor: Any) -> float:
    """QPU seconds that services say they have charged so far; 0 where nobody charges or says."""
    return float(getattr(executor.report(), "billed_seconds", 0.0)) if hasattr(executor, "report") else 0.0


def totals(executor: Any) -> dict[str, Value]:
    """Rounds, jobs, executions and QPU seconds since the run began; empty for an executor that does not count."""
    if not hasattr(executor, "report"):
        return {}
    report = executor.report()
    return {name: getattr(report, name) for name in DEVICES}
