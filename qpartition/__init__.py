"""Which circuit runs where, in how many jobs, and what comes back."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .comparison import Comparison, compare
    from .comparison.figure import draw_comparison
    from .correlation import correlated
    from .counts import Counts, Tally
    from .dispatch import Dispatcher
    from .drawing import draw_chip
    from .executor import Estimate, Executor, Jacobian
    from .gradients import GRADIENTS
    from .journal import Journal, JournalReader
    from .lightcone import active_parameters
    from .mapping import MAPPINGS
    from .objective import Objective, Score
    from .overview import draw_topology
    from .partition import STRATEGIES, Partition
    from .planning import Plan, plan
    from .report import Report
    from .schedule import Schedule
    from .subvqc import SubVQC
    from .topology import Topology
    from .workload import Workload

__all__ = [
    "GRADIENTS",
    "MAPPINGS",
    "STRATEGIES",
    "Comparison",
    "Counts",
    "Dispatcher",
    "Estimate",
    "Executor",
    "Jacobian",
    "Journal",
    "JournalReader",
    "Objective",
    "Partition",
    "Plan",
    "Report",
    "Schedule",
    "Score",
    "SubVQC",
    "Tally",
    "Topology",
    "Workload",
    "active_parameters",
    "compare",
    "correlated",
    "draw_chip",
    "draw_comparison",
    "draw_topology",
    "plan",
]

# Imported on first use, so that asking for help or for a partition does not wait for qiskit.
_MODULES = {
    "comparison": ("Comparison", "compare"),
    "comparison.figure": ("draw_comparison",),
    "correlation": ("correlated",),
    "counts": ("Counts", "Tally"),
    "dispatch": ("Dispatcher",),
    "drawing": ("draw_chip",),
    "executor": ("Estimate", "Executor", "Jacobian"),
    "gradients": ("GRADIENTS",),
    "journal": ("Journal", "JournalReader"),
    "lightcone": ("active_parameters",),
    "mapping": ("MAPPINGS",),
    "objective": ("Objective", "Score"),
    "overview": ("draw_topology",),
    "partition": ("STRATEGIES", "Partition"),
    "planning": ("Plan", "plan"),
    "report": ("Report",),
    "schedule": ("Schedule",),
    "subvqc": ("SubVQC",),
    "topology": ("Topology",),
    "workload": ("Workload",),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)


def __dir__() -> list[str]:
    return __all__
