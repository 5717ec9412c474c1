"""Mappings side by side on the same devices: what they cost, and how far the expectations are from exact."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from backends.core import Core
from backends.errors import InputError
from backends.qpu import FloatArray
from backends.specs import open_qpu

from .dispatch import Dispatcher
from .executor import Angles, Estimate, Weights
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
        estimated: Root mean square error of <Z> to expect: (1 - fidelity) <Z>, and shot noise.
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
        """The same with the R2 of one or more forecasts by mapping."""
        entries = tuple(
            replace(entry, r2=float(np.mean(scores[entry.mapping])), r2_stderr=_stderr(scores[entry.mapping]))
            if entry.mapping in scores
            else entry
            for entry in self.entries
        )
        return replace(self, entries=entries)

    def to_json(self) -> str:
        """The entries."""
        return json.dumps({"mappings": [asdict(entry) for entry in self.entries]}, indent=1)

    def save(self, path: str | Path) -> None:
        """Write `to_json` to a file, all or nothing.

        Raises:
            InputError: If the file cannot be written.
        """
        write(Path(path), self.to_json())


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
        budget_seconds: A round that would bring the QPU seconds of the comparison above this is refused.
        settings: Passed on to `plan`: gradient, jacobian, samples, packing.

    Raises:
        InputError: Without a mapping, for a name that is unknown or given twice, or what `plan` refuses.
        BudgetError: If a round would exceed the budget; it is not submitted.
    """
    named = mappings if isinstance(mappings, Mapping) else _named(mappings)
    if not named:
        raise InputError("compare needs at least one mapping; name some, such as round-robin and noise-aware")
    inputs, weights = angles or _random(workload, seed)
    given = options or {}
    plans = {
        name: plan(workload, topology, mapping, shots, **settings, **given.get(name, {}))
        for name, mapping in named.items()
    }
    reference = Topology([open_qpu("exact")], max(s.num_qubits for s in workload.subvqcs))
    with Dispatcher(plan(workload, reference, shots=None)) as exact:
        truth = exact.values(inputs, weights)
    entries, spent = [], 0.0
    for name, made in plans.items():
        left = None if budget_seconds is None else budget_seconds - spent
        with Dispatcher(made, budget_seconds=left, seed=seed) as devices:
            entries.append(_entry(name, made, truth, devices.values(inputs, weights)))
            spent += devices.report().qpu_seconds
    return Comparison(tuple(sorted(entries, key=lambda entry: entry.measured)), plans, spent)


def _named(mappings: Sequence[str]) -> dict[str, str]:
    if isinstance(mappings, str) or not all(isinstance(name, str) for name in mappings):
        raise InputError(f"mappings={mappings!r} must be a list of names, or mappings by name")
    twice = [name for n, name in enumerate(mappings) if name in mappings[:n]]
    if twice:
        raise InputError(f"mapping {twice[0]!r} is given twice; name each once")
    return {name: name for name in mappings}


def _random(workload: Workload, seed: int) -> tuple[Angles, Weights]:
    """Angles drawn uniformly from a full turn."""
    rng = np.random.default_rng(seed)
    inputs = {s.key: rng.uniform(-np.pi, np.pi, (PROBES, s.inputs)) for s in workload.subvqcs}
    weights = {s.key: rng.uniform(-np.pi, np.pi, s.weights) for s in workload.subvqcs}
    return inputs, weights


def _entry(name: str, made: Plan, truth: Mapping[str, Estimate], found: Mapping[str, Estimate]) -> Entry:
    fidelity = {circuit.key: circuit.fidelity for circuit in made.circuits}
    squares = np.concatenate([((found[key].value - truth[key].value) ** 2).ravel() for key in truth])
    expected = np.concatenate([_expected(truth[key].value, fidelity[key], made.shots).ravel() for key in truth])
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


def _expected(z: FloatArray, fidelity: float, shots: int | None) -> FloatArray:
    """Expected squared error: with probability 1 - fidelity something went wrong, and <Z> is taken to be lost."""
    noisy = fidelity * z
    return (z - noisy) ** 2 + (0.0 if shots is None else (1.0 - noisy**2) / shots)


def _row(entry: Entry, scored: bool) -> list[Cell]:
    cells: list[Cell] = [entry.mapping, entry.makespan, entry.qpu_seconds, entry.jobs, entry.executions]
    errors = (entry.core_error, entry.worst_error, entry.estimated, entry.measured, entry.measured_stderr)
    shown: list[Cell] = [f"{error:.4f}" for error in errors]
    scores: list[Cell] = ["-", "-"] if entry.r2 is None else [f"{entry.r2:.4f}", f"{entry.r2_stderr:.4f}"]
    return cells + shown + (scores if scored else [])


def _stderr(samples: Sequence[float] | FloatArray) -> float:
    """Standard error of the mean; 0.0 of a single one."""
    return float(np.std(samples, ddof=1) / np.sqrt(len(samples))) if len(samples) > 1 else 0.0
