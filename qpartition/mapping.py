"""Mappings: which core every sub-VQC runs on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any

from backends.core import Core
from backends.errors import InputError, unknown_name

from .subvqc import SubVQC
from .topology import Topology
from .workload import Workload

Placement = dict[str, Core]
"""Core by sub-VQC key."""


def round_robin(workload: Workload, topology: Topology) -> Placement:
    """The next QPU for every next sub-VQC, and on each QPU the next core: equal shares for all devices.

    Cores too narrow for a sub-VQC are passed over; where cores are equal this is plain round-robin.
    """
    load: Counter[str] = Counter()
    placement: Placement = {}
    hosts = _hosts(workload, topology)
    for subvqc in workload.subvqcs:
        by_qpu = hosts[subvqc.num_qubits]
        qpu = min(by_qpu, key=lambda name: load[name])
        core = min(by_qpu[qpu], key=lambda core: load[core.name])
        placement[subvqc.key] = core
        load.update((qpu, core.name))
    return placement


MAPPINGS: dict[str, Callable[..., Placement]] = {"round-robin": round_robin}
"""Name -> function (workload, topology, **options). A new mapping is one function and one line here."""


def place(mapping: str | Mapping[str, Core | str], workload: Workload, topology: Topology, **options: Any) -> Placement:
    """The core of every sub-VQC, by a named mapping or as the user wrote it down.

    Args:
        mapping: A name in `MAPPINGS`, or core (or core name) by sub-VQC key.
        workload: What is placed.
        topology: Where.
        options: Passed on to a named mapping.

    Raises:
        InputError: For an unknown name, a part wider than every core, or a dict that forgets a sub-VQC, names
            one that is not there, or puts one on a core that is unknown or too narrow.
    """
    _hosts(workload, topology)
    if isinstance(mapping, str):
        if mapping not in MAPPINGS:
            raise unknown_name("mapping", mapping, MAPPINGS)
        return _named(mapping, workload, topology, options)
    if not isinstance(mapping, Mapping):
        raise InputError(f"mapping={mapping!r} must be a name ({', '.join(MAPPINGS)}) or a dict of sub-VQC key -> core")
    return _checked(mapping, workload, topology)


def _named(name: str, workload: Workload, topology: Topology, options: dict[str, Any]) -> Placement:
    function = MAPPINGS[name]
    try:
        signature(function).bind(workload, topology, **options)
    except TypeError as error:
        raise InputError(f"mapping {name!r}: {error}; its options are those of {function.__name__}()") from None
    return _checked(function(workload, topology, **options), workload, topology)


def _checked(mapping: Mapping[str, Core | str], workload: Workload, topology: Topology) -> Placement:
    missing = [key for key in workload.keys if key not in mapping]
    if missing:
        raise InputError(
            f"the mapping forgets {len(missing)} of {len(workload.keys)} sub-VQCs, first {missing[0]!r}; name a core for each"
        )
    strange = [key for key in mapping if key not in workload.by_key]
    if strange:
        raise InputError(f"the mapping names {strange[0]!r}, which is no sub-VQC of this workload; leave it out")
    placement = {}
    for key in workload.keys:
        given = mapping[key]
        core = topology.core(given.name if isinstance(given, Core) else given)
        width = workload.by_key[key].num_qubits
        if core.num_qubits < width:
            raise InputError(
                f"sub-VQC {key!r} has {width} qubits, but core {core.name} only {core.num_qubits}; choose a wider core"
            )
        placement[key] = core
    return placement


def _hosts(workload: Workload, topology: Topology) -> dict[int, dict[str, list[Core]]]:
    """The cores a sub-VQC fits on, by its width and by QPU."""
    hosts: dict[int, dict[str, list[Core]]] = {}
    for subvqc in workload.subvqcs:
        if subvqc.num_qubits not in hosts:
            hosts[subvqc.num_qubits] = _wide_enough(subvqc, topology)
    return hosts


def _wide_enough(subvqc: SubVQC, topology: Topology) -> dict[str, list[Core]]:
    """Cores that a sub-VQC fits on, by QPU."""
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
