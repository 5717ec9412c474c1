"""Placements: a core for every sub-VQC, and the two mappings that look at no calibration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np

from backends.checks import checked_seed
from backends.core import Core
from backends.errors import InputError

from .subvqc import SubVQC
from .topology import Topology
from .workload import Workload


class Placement(dict[str, Core]):
    """Core by sub-VQC key.

    Attributes:
        note: What the mapping has to say of its result, such as how far from the best it may be; often nothing.
    """

    def __init__(self, cores: Mapping[str, Core], note: str = "") -> None:
        """The cores, and what is to be said of them."""
        super().__init__(cores)
        self.note = note


class CoreNames(dict[str, str]):
    """Core name by sub-VQC key, as planned; on another topology the same names may be other qubits.

    Attributes:
        physical: Qubits of the core by sub-VQC key; `qpartition.mapping.place` refuses names that mean others.
    """

    def __init__(self, names: Mapping[str, str], physical: Mapping[str, tuple[int, ...]]) -> None:
        """The names, and what they stood for."""
        super().__init__(names)
        self.physical = dict(physical)


def round_robin(workload: Workload, topology: Topology) -> Placement:
    """The next QPU for every next sub-VQC, and on each QPU the next core: equal shares for all devices.

    Cores too narrow for a sub-VQC are passed over; where cores are equal this is plain round-robin.
    """
    load: Counter[str] = Counter()
    placement: dict[str, Core] = {}
    hosts = hosts_by_width(workload, topology)
    for subvqc in workload.subvqcs:
        by_qpu = hosts[subvqc.num_qubits]
        qpu = min(by_qpu, key=lambda name: load[name])
        core = min(by_qpu[qpu], key=lambda core: load[core.name])
        placement[subvqc.key] = core
        load.update((qpu, core.name))
    return Placement(placement)


def random(workload: Workload, topology: Topology, seed: int = 0) -> Placement:
    """Every sub-VQC on a core drawn uniformly from those wide enough; something to compare with.

    Args:
        workload: What is placed.
        topology: Where.
        seed: Of the draw.
    """
    rng = np.random.default_rng(checked_seed(seed))
    hosts = {
        width: [core for cores in by_qpu.values() for core in cores]
        for width, by_qpu in hosts_by_width(workload, topology).items()
    }
    drawn = {}
    for subvqc in workload.subvqcs:
        choice = hosts[subvqc.num_qubits]
        drawn[subvqc.key] = choice[int(rng.integers(len(choice)))]
    return Placement(drawn, f"seed {seed}")


def hosts_by_width(workload: Workload, topology: Topology) -> dict[int, dict[str, list[Core]]]:
    """The cores a sub-VQC fits on, by its width and by QPU.

    Raises:
        InputError: For a sub-VQC wider than every core.
    """
    hosts: dict[int, dict[str, list[Core]]] = {}
    for subvqc in workload.subvqcs:
        if subvqc.num_qubits not in hosts:
            hosts[subvqc.num_qubits] = _wide_enough(subvqc, topology)
    return hosts


def _wide_enough(subvqc: SubVQC, topology: Topology) -> dict[str, list[Core]]:
    by_qpu: dict[str, list[Core]] = {}
    for core in topology.cores:
        if core.num_qubits >= subvqc.num_qubits:
            by_qpu.setdefault(core.qpu, []).append(core)
    if not by_qpu:
        widest = max(core.num_qubits for core in topology.cores)
        raise InputError(
            f"sub-VQC {subvqc.key!r} has {subvqc.num_qubits} qubits, but the widest core has {widest}: "
            "use more (smaller) parts, a wider core_qubits, or cut the circuit"
        )
    return by_qpu
