"""Where the work of a device goes when it goes off line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from backends.core import Core

from .topology import Topology
from .workload import Workload


def moved(
    workload: Workload,
    topology: Topology,
    placement: Mapping[str, Core],
    lost: Sequence[str],
    avoid: Collection[str] = (),
) -> dict[str, Core] | None:
    """Cores of other devices for the sub-VQCs ``lost``: the least busy that are wide enough, of those the best.

    Args:
        workload: All sub-VQCs.
        topology: The devices.
        placement: Where they have been until now.
        lost: Those whose device is gone; all on one device.
        avoid: Other devices that are gone too.

    Returns:
        Core by key; None if one has no core to go to.
    """
    gone = {*avoid, *(placement[key].qpu for key in lost)}
    load = Counter(core.name for core in placement.values() if core.qpu not in gone)
    found = dict[str, Core]()
    for key in lost:
        hosts = [c for c in topology.cores if c.qpu not in gone and c.num_qubits >= workload.by_key[key].num_qubits]
        if not hosts:
            return None
        found[key] = min(hosts, key=lambda core: (load[core.name], core.error, core.name))
        load[found[key].name] += 1
    return found
