"""Measure how far <Z> on the devices is from exact."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from backends.qpu import FloatArray
from backends.specs import open_qpu
from qpartition.dispatch import Dispatcher
from qpartition.executor import Angles, Estimate, Weights
from qpartition.planning import Plan, plan
from qpartition.topology import Topology
from qpartition.workload import Workload

from .results import Comparison, Entry, standard_error

PROBES = 64
"""Random parameter sets per sub-VQC that the error is measured on, unless the angles are given."""


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


def random_angles(workload: Workload, seed: int) -> tuple[Angles, Weights]:
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
    spread = standard_error(squares)
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
