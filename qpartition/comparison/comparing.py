"""Compare mappings: plan each, refuse what is too dear, measure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from backends.core import Core
from qpartition.arguments import checked_budget
from qpartition.executor import Angles, Weights
from qpartition.planning import Plan, plan
from qpartition.topology import Topology
from qpartition.workload import Workload

from .given import check_types, checked_angles, checked_options, checked_seed, named_mappings
from .measuring import measure, random_angles
from .pricing import require_within, seconds
from .results import Comparison


def compare(
    workload: Workload,
    topology: Topology,
    mappings: Sequence[str] | Mapping[str, str | Mapping[str, Core | str]] = ("round-robin", "noise-aware"),
    shots: int | None = 1024,
    *,
    angles: tuple[Angles, Weights] | None = None,
    seed: int = 0,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    budget_seconds: float | None = None,
    **settings: Any,
) -> Comparison:
    """Plan a workload with several mappings and measure on the devices how far <Z> is from exact.

    One round of every sub-VQC is run per mapping, with the same parameter sets and shots.

    Args:
        workload: What a training step needs.
        topology: The devices.
        mappings: Names in `MAPPINGS`, or mappings (names or dicts of sub-VQC key -> core) by a name for the table.
        shots: Per execution; None for exact expectations, so that only the noise of the gates is measured.
        angles: Encoding angles and weights by sub-VQC key, as of a trained model; random ones by default.
        seed: Of random angles and sampled shots.
        options: Of each mapping, by its name in ``mappings``.
        budget_seconds: Most QPU seconds that measuring may cost, all mappings together.
        settings: Passed on to `plan`: gradient, jacobian, samples, packing, mitigation.

    Raises:
        InputError: Without a mapping, for a name that is unknown or given twice, angles that do not fit, or what
            `plan` refuses.
        BudgetError: If measuring would cost more than the budget; nothing is run.
    """
    seed, budget_seconds = checked_seed(seed), checked_budget(budget_seconds)
    plans = plan_each(workload, topology, mappings, shots, options=options, **settings)
    inputs, weights = random_angles(workload, seed) if angles is None else checked_angles(workload, angles)
    sets = {key: len(rows) for key, rows in inputs.items()}
    require_within(budget_seconds, {name: seconds(made, [sets]) for name, made in plans.items()})
    return measure(plans, workload, (inputs, weights), seed)


def plan_each(
    workload: Workload,
    topology: Topology,
    mappings: Sequence[str] | Mapping[str, str | Mapping[str, Core | str]],
    shots: int | None,
    *,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    **settings: Any,
) -> dict[str, Plan]:
    """The plans of a comparison by mapping; the arguments are those of `compare`.

    Raises:
        InputError: As `compare`.
    """
    check_types(workload, topology)
    named = named_mappings(mappings)
    given = checked_options(options, named)
    return {
        name: plan(workload, topology, mapping, shots, **{**settings, **given.get(name, {})})
        for name, mapping in named.items()
    }
