"""Mappings side by side on the same devices: what they cost, and how far the expectations are from exact."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from backends.core import Core
from backends.errors import BudgetError, InputError
from backends.qpu import FloatArray
from backends.specs import open_qpu

from .comparison_input import (
    check_scores,
    check_types,
    checked_angles,
    checked_numbers,
    checked_options,
    named_mappings,
)
from .counts import Counts, Sets
from .dispatch import ROUNDING, Dispatcher
from .executor import Angles, Estimate, Weights
from .export import checked_path
from .plan_file import write
from .planning import Plan, plan
from .tables import Cell, table
from .topology import Topology
from .workload import Workload

PROBES = 64
"""Random parameter sets per sub-VQC that the error is measured on, unless the angles are given."""
HEADER = (
    "mapping", "makespan s", "QPU s", "jobs", "executions", "core error", "worst", "estimated", "measured", "+-",
)  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One mapping.

    Attributes:
        mapping: Its name.
        note: What it has to say of itself.
        makespan: Seconds of a training step on the devices, without queues.
        qpu_seconds: Billed for a training step.
        jobs: Of a training step.
        executions: Of a training step.
        core_error: 1 - expected fidelity, mean over the sub-VQCs.
        worst_error: The same of the worst sub-VQC.
        estimated: Root mean square error of <Z> to expect: (1 - fidelity) <Z>, and shot noise. NaN with mitigation,
            whose effect on both is not known beforehand, and of circuits that are cut; "-" in the table, null as JSON.
        measured: Root mean square difference of <Z> on the devices and exact.
        measured_stderr: Its standard error, from the spread over the parameter sets.
        r2: R2 of forecasts on the devices, mean, where some were made.
        r2_stderr: Its standard error, from the spread over the forecasts.
    """

    mapping: str
    note: str
    makespan: float
    qpu_seconds: float
    jobs: int
    executions: int
    core_error: float
    worst_error: float
    estimated: float
    measured: float
    measured_stderr: float
    r2: float | None = None
    r2_stderr: float = 0.0


@dataclass(frozen=True)
class Comparison:
    """What `compare` found.

    Attributes:
        entries: Best measured error first.
        plans: By mapping.
        qpu_seconds: Spent on measuring.
    """

    entries: tuple[Entry, ...]
    plans: Mapping[str, Plan]
    qpu_seconds: float = 0.0

    def __str__(self) -> str:
        """A table, one mapping per line."""
        scored = any(entry.r2 is not None for entry in self.entries)
        header = (*HEADER, "R2", "+-") if scored else HEADER
        notes = [f"{entry.mapping}: {entry.note}" for entry in self.entries if entry.note]
        return "\n".join([table(header, [_row(entry, scored) for entry in self.entries]), *notes])

    def with_r2(self, scores: Mapping[str, Sequence[float]]) -> Comparison:
        """The same with the R2 of one or more forecasts by mapping.

        Raises:
            InputError: For a mapping that was not compared, or without a number for one.
        """
        check_scores(scores, [entry.mapping for entry in self.entries])
        entries = tuple(
            replace(entry, r2=float(np.mean(scores[entry.mapping])), r2_stderr=_stderr(scores[entry.mapping]))
            if entry.mapping in scores
            else entry
            for entry in self.entries
        )
        return replace(self, entries=entries)

    def to_json(self) -> str:
        """The entries; numbers that are not finite are null."""
        return json.dumps({"mappings": [_plain(entry) for entry in self.entries]}, indent=1)

    def save(self, path: str | Path) -> None:
        """Write `to_json` to a file, all or nothing.

        Raises:
            InputError: If the path is none, or the file cannot be written.
        """
        write(checked_path(path), self.to_json())


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
    seed = checked_numbers(seed, budget_seconds)
    plans = plan_each(workload, topology, mappings, shots, options=options, **settings)
    inputs, weights = _random(workload, seed) if angles is None else checked_angles(workload, angles)
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


def seconds(made: Plan, rounds: Iterable[Sets]) -> float:
    """QPU seconds of rounds on the devices of a plan by the dispatcher's rules, the calibration before them included."""
    if made.live is None:
        raise InputError("a plan loaded from a file has no devices to price rounds on; make it again with plan()")
    meter = made.live
    asked = (meter.workload.expanded(sets) for sets in rounds)
    return Counts.of_rounds([meter.calibration(), *map(meter.round, asked)], meter.qpus).qpu_seconds


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
            f"this comparison of {len(prices)} {what}(s) would take {total:.1f} QPU seconds, {prices[dearest]:.1f} of "
            f"them for {dearest}, the budget is {budget:.1f}; raise the budget, or use fewer {what}s or shots"
        )


def measure(plans: Mapping[str, Plan], workload: Workload, angles: tuple[Angles, Weights], seed: int) -> Comparison:
    """Run one round of every sub-VQC under each plan, and compare with exact expectations."""
    reference = Topology([open_qpu("exact")], max(s.num_qubits for s in workload.subvqcs))
    with Dispatcher(plan(workload, reference, shots=None)) as exact:
        truth = exact.values(*angles)
    entries, spent = [], 0.0
    for name, made in plans.items():
        with Dispatcher(made, seed=seed) as devices:
            entries.append(_entry(name, made, truth, devices.values(*angles)))
            spent += devices.report().qpu_seconds
    return Comparison(tuple(sorted(entries, key=lambda entry: entry.measured)), plans, spent)


def _random(workload: Workload, seed: int) -> tuple[Angles, Weights]:
    """Angles drawn uniformly from a full turn."""
    rng = np.random.default_rng(seed)
    inputs = {s.key: rng.uniform(-np.pi, np.pi, (PROBES, s.inputs)) for s in workload.subvqcs}
    weights = {s.key: rng.uniform(-np.pi, np.pi, s.weights) for s in workload.subvqcs}
    return inputs, weights


def _entry(name: str, made: Plan, truth: Mapping[str, Estimate], found: Mapping[str, Estimate]) -> Entry:
    fidelity = {circuit.key: circuit.fidelity for circuit in made.circuits}
    squares = np.concatenate([((found[key].value - truth[key].value) ** 2).ravel() for key in truth])
    expected = np.concatenate([_expected(truth[key].value, fidelity.get(key), made).ravel() for key in truth])
    measured = float(np.sqrt(squares.mean()))
    spread = _stderr(squares)
    return Entry(
        mapping=name,
        note=made.note,
        makespan=made.step.makespan,
        qpu_seconds=made.step.qpu_seconds,
        jobs=made.step.jobs,
        executions=made.step.executions,
        core_error=1.0 - made.fidelity,
        worst_error=1.0 - min(fidelity.values()),
        estimated=float(np.sqrt(expected.mean())),
        measured=measured,
        measured_stderr=spread / (2 * measured) if measured > 0 else 0.0,  # of a square root
    )


def _expected(z: FloatArray, fidelity: float | None, made: Plan) -> FloatArray:
    """Expected squared error: with probability 1 - fidelity something went wrong, and <Z> is taken to be lost.

    Not known (NaN) with mitigation: what is left of the bias depends on which errors make up the fidelity, and a
    profile does not tell readout from gates. Nor of a circuit that runs in pieces (its fidelity is None).
    """
    if made.mitigation or fidelity is None:
        return np.full_like(z, np.nan)
    noisy = fidelity * z
    return (z - noisy) ** 2 + (0.0 if made.shots is None else (1.0 - noisy**2) / made.shots)


def _plain(entry: Entry) -> dict[str, Any]:
    values = asdict(entry)
    return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in values.items()}


def _row(entry: Entry, scored: bool) -> list[Cell]:
    cells: list[Cell] = [entry.mapping, entry.makespan, entry.qpu_seconds, entry.jobs, entry.executions]
    errors = (entry.core_error, entry.worst_error, entry.estimated, entry.measured, entry.measured_stderr)
    shown: list[Cell] = ["-" if math.isnan(error) else f"{error:.4f}" for error in errors]
    scores: list[Cell] = ["-", "-"] if entry.r2 is None else [f"{entry.r2:.4f}", f"{entry.r2_stderr:.4f}"]
    return cells + shown + (scores if scored else [])


def _stderr(samples: Sequence[float] | FloatArray) -> float:
    """Standard error of the mean; 0.0 of a single one."""
    return float(np.std(samples, ddof=1) / np.sqrt(len(samples))) if len(samples) > 1 else 0.0
