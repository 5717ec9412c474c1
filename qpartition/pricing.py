"""Prices of sub-VQCs on cores, from what the QPUs say of circuits before they run."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backends.core import Core
from backends.qpu import QPU, FloatArray, Request
from backends.structure import structure_key

from .costs import Costs
from .counts import Sets
from .gradients import SAMPLES, Asked, training_rounds
from .placement import hosts_by_width
from .subvqc import SubVQC
from .topology import Topology
from .workload import JacobianMode, Workload

FREE_SECONDS = 250e-6
"""Seconds per execution of a device that bills nothing: the usual rep_delay, so that there is a load to balance."""
USUAL_SHOTS = 1024
"""Shots per execution where expectations are exact: a price to compare mappings by."""


@dataclass(frozen=True)
class Usage:
    """How a workload will be run, as far as its price depends on it; the arguments of `plan`.

    Attributes:
        shots: Per execution; None (exact expectations) is priced like `USUAL_SHOTS`.
        gradient: A name in `GRADIENTS`.
        jacobian: ``"deferred"``, ``"fused"``, or None for what the workload's model says.
        samples: Weight shifts per sub-VQC and step of ``"sampled-shift"``.
        packing: Cores of a QPU run side by side; if not, one after the other.
    """

    shots: int | None = USUAL_SHOTS
    gradient: str = "parameter-shift"
    jacobian: JacobianMode | None = None
    samples: int = SAMPLES
    packing: bool = True

    def rounds(self, workload: Workload) -> list[Sets]:
        """Parameter sets of every round of a training step."""
        return training_rounds(workload, self.gradient, Asked(self.jacobian or workload.jacobian, self.samples))


def price(workload: Workload, topology: Topology, usage: Usage | None = None) -> Costs:
    """Prices of ``workload`` on ``topology``, from the profiles and prices that the QPUs give.

    Raises:
        InputError: For a sub-VQC wider than every core, or a usage that no plan could have.
    """
    usage = usage or Usage()
    hosts_by_width(workload, topology)
    sets, repeats = _distinct(workload, usage)
    shapes = _shapes(workload.subvqcs)
    tokens = [(shape, tuple(row)) for shape, row in zip(shapes, sets, strict=True)]
    number = {token: n for n, token in enumerate(dict.fromkeys(tokens))}
    classes = np.array([number[token] for token in tokens], dtype=np.intp)
    first = dict(zip(reversed(tokens), reversed(workload.subvqcs), strict=True))
    error, seconds, job = _prices([(token[0], first[token]) for token in number], topology, usage)
    names = list(topology.qpus)
    qpu = np.array([names.index(core.qpu) for core in topology.cores], dtype=np.intp)
    return Costs(
        keys=workload.keys,
        cores=topology.cores,
        classes=classes,
        error=error,
        seconds=seconds,
        sets=np.array([token[1] for token in number], dtype=np.float64),
        repeats=repeats,
        job=job,
        qpu=qpu,
        lane=np.arange(len(qpu), dtype=np.intp) if usage.packing else qpu,
    )


def _distinct(workload: Workload, usage: Usage) -> tuple[NDArray[np.int64], FloatArray]:
    """Parameter sets of the distinct rounds, shape (keys, rounds), and how often each occurs."""
    rounds = usage.rounds(workload)
    table = np.array([[one.get(key, 0) for one in rounds] for key in workload.keys], dtype=np.int64)
    distinct, repeats = np.unique(table, axis=1, return_counts=True)
    return distinct, repeats.astype(np.float64)


def _shapes(subvqcs: Sequence[SubVQC]) -> list[Hashable]:
    """Equal for sub-VQCs that are the same to a device; small integers, cheap to compare."""
    number: dict[Hashable, int] = {}
    return [number.setdefault((structure_key(s.circuit), s.outputs), len(number)) for s in subvqcs]


def _prices(
    classes: Sequence[tuple[Hashable, SubVQC]], topology: Topology, usage: Usage
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Error and seconds per parameter set by class and core, and seconds per job by QPU."""
    size = (len(classes), len(topology.cores))
    error, seconds = np.full(size, np.inf), np.full(size, np.inf)
    shots, first = usage.shots or USUAL_SHOTS, {shape: k for k, (shape, _) in reversed([*enumerate(classes)])}
    base: dict[str, tuple[float, float]] = {}
    for k, (shape, subvqc) in enumerate(classes):
        if first[shape] < k:
            error[k], seconds[k] = error[first[shape]], seconds[first[shape]]
            continue
        for c, core in enumerate(topology.cores):
            if core.num_qubits >= subvqc.num_qubits:
                qpu, native = topology.qpus[core.qpu], topology.native(core)
                profile = qpu.profile(subvqc.circuit, native, subvqc.outputs)
                if core.qpu not in base:
                    base[core.qpu] = _base(qpu, native, subvqc, shots, profile.seconds)
                error[k, c] = 1.0 - profile.fidelity
                seconds[k, c] = shots * (base[core.qpu][1] + profile.seconds)
    return error, seconds, np.array([base.get(name, (0.0, 0.0))[0] for name in topology.qpus])


def _base(qpu: QPU, core: Core, subvqc: SubVQC, shots: int, duration: float) -> tuple[float, float]:
    """Seconds per job, and per execution besides the ``duration`` of the circuit: `QPU.seconds` is affine in both."""
    blank = np.zeros((2, subvqc.circuit.num_parameters))
    one, two = (
        qpu.seconds([Request(subvqc.circuit, blank[:sets], subvqc.outputs, core)], shots) for sets in (1, 2)
    )  # fmt: skip
    if two <= one:
        return 0.0, FREE_SECONDS
    return max(0.0, 2 * one - two), max(0.0, (two - one) / shots - duration)
