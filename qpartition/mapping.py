"""Mappings: which core every sub-VQC runs on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any

from backends.core import Core
from backends.errors import InputError, check_is, check_name, shown

from .heuristics import greedy, noise_aware
from .milp import optimal
from .placement import CoreNames, Placement, hosts_by_width, random, round_robin
from .pricing import Usage
from .topology import Topology
from .workload import Workload

__all__ = ["MAPPINGS", "Placement", "place"]

MAPPINGS: dict[str, Callable[..., Placement]] = {
    "round-robin": round_robin,
    "random": random,
    "greedy": greedy,
    "noise-aware": noise_aware,
    "optimal": optimal,
}
"""Name -> function (workload, topology, **options). A new mapping is one function and one line here.

A function that has an argument ``usage`` is told how the workload will be run.
"""


def place(
    mapping: str | Mapping[str, Core | str],
    workload: Workload,
    topology: Topology,
    *,
    usage: Usage | None = None,
    **options: Any,
) -> Placement:
    """The core of every sub-VQC, by a named mapping or as the user wrote it down.

    Args:
        mapping: A name in `MAPPINGS`, or core (or core name) by sub-VQC key.
        workload: What is placed.
        topology: Where.
        usage: How the workload will be run; the mappings that weigh time look at it.
        options: Passed on to a named mapping.

    Raises:
        InputError: For an unknown name, an option it does not take, a part wider than every core, or a dict that
            forgets a sub-VQC, names one that is not there, or puts one on a core that is unknown, too narrow, or not
            the same qubits here.
    """
    check_is(workload, Workload, "make one with Workload.of(model, batch, steps)")
    check_is(topology, Topology, "make one with Topology([open_qpu(...), ...])")
    hosts_by_width(workload, topology)
    if isinstance(mapping, str):
        check_name("mapping", mapping, MAPPINGS)
        return _named(mapping, workload, topology, usage, options)
    if not isinstance(mapping, Mapping):
        raise InputError(
            f"mapping={shown(mapping)} must be a name ({', '.join(MAPPINGS)}) or a dict of sub-VQC key -> core"
        )
    if options:
        raise InputError(f"a mapping that is written down takes no options, but {sorted(options)[0]!r} was given")
    return _checked(mapping, workload, topology)


def _named(
    name: str, workload: Workload, topology: Topology, usage: Usage | None, options: dict[str, Any]
) -> Placement:
    function = MAPPINGS[name]
    if not callable(function):
        raise InputError(f"mapping {name!r} is registered as {shown(function)}; register a function")
    accepted = signature(function)
    told = {"usage": usage} if "usage" in accepted.parameters else {}
    try:
        accepted.bind(workload, topology, **told, **options)
    except TypeError as error:
        raise InputError(
            f"mapping {name!r}: {error}; its options are those of {getattr(function, '__name__', name)}()"
        ) from None
    found = function(workload, topology, **told, **options)
    if not isinstance(found, Mapping):
        raise InputError(f"mapping {name!r} returned {shown(found)}; it must return core by sub-VQC key")
    return _checked(found, workload, topology)


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
        core = _same_core(key, mapping, topology)
        width = workload.by_key[key].num_qubits
        if core.num_qubits < width:
            raise InputError(
                f"sub-VQC {key!r} has {width} qubits, but core {core.name} only {core.num_qubits}; choose a wider core"
            )
        placement[key] = core
    return Placement(placement, getattr(mapping, "note", ""))


def _same_core(key: str, mapping: Mapping[str, Core | str], topology: Topology) -> Core:
    """The topology's own core of a sub-VQC, which must be the qubits that were meant, if the mapping says which."""
    given = mapping[key]
    core = topology.core(given.name if isinstance(given, Core) else given)
    planned = mapping.physical.get(key) if isinstance(mapping, CoreNames) else None
    meant = given.qubits if isinstance(given, Core) else planned
    if meant not in (None, core.qubits):
        raise InputError(
            f"sub-VQC {key!r} is meant for core {core.name} on qubits {meant}, but here that core has qubits "
            f"{core.qubits}; use cores of this topology, or dict(plan.mapping) to go by name only"
        )
    return core
