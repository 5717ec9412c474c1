"""The devices, their cores and what connects them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from backends.checks import checked_guard
from backends.core import Core
from backends.errors import InputError, check_is, check_name, shown
from backends.qpu import QPU
from backends.regions import first_close
from backends.remote.qpu import RemoteQPU
from backends.whole import whole

from .arguments import listed
from .links import Links, link_seconds

if TYPE_CHECKING:
    import networkx as nx

Width = int | None | Sequence[Core]
"""Width of a device's cores, None for the whole device as one core, or chosen cores (`DeviceQPU.core` makes them)."""


class Topology:
    """QPUs, each divided into cores.

    Attributes:
        qpus: The devices by name. A second device of the same name is called ``name#2``, and so on.
        core_qubits: Width asked for, for all devices or by name; None where a device is one core.
        guard: Unused qubits between two cores, at least.
        links: Latency between every two QPUs, seconds, by their names.
        cores: All cores, device by device, each device's best core first; ``core.qpu`` is a name in ``qpus``.
    """

    qpus: dict[str, QPU]
    core_qubits: Width | Mapping[str, Width]
    guard: int
    links: Links
    cores: tuple[Core, ...]

    def __init__(
        self,
        qpus: Iterable[QPU],
        core_qubits: int | Mapping[str, Width] | None = 4,
        guard: int = 0,
        links: Links | None = None,
    ) -> None:
        """Divide each device into cores of ``core_qubits`` qubits (None: the whole device is one core).

        Args:
            qpus: Opened devices, in the order that ties between them are broken.
            core_qubits: Width of every core; or, by name of the device, its cores' width, None, or chosen cores.
            guard: Unused qubits on every path between two cores of a device, at least; less crosstalk, fewer cores.
            links: Seconds that what one QPU measured takes to another, by pairs of their names in either order. QPUs
                here share a classical host and nothing else, so this is the way to the host and on: 0.1 s by default,
                two times 50 ms for the internet. It is the same for each round of any mapping.

        Raises:
            InputError: Without devices, for the same object twice, for widths or links of devices that are not
                there, where no device has a core that wide, or for chosen cores closer than the guard.
        """
        devices = _checked(qpus)
        self.qpus, self.guard = _named(devices), checked_guard(guard)
        widths = _widths(core_qubits, self.qpus, self.guard)
        self.core_qubits = widths if isinstance(core_qubits, Mapping) else next(iter(widths.values()))
        self.links = link_seconds({} if links is None else links, tuple(self.qpus))
        self._native: dict[str, Core] = {}
        cores: list[Core] = []
        for name, qpu in self.qpus.items():
            for core in _cores(qpu, widths[name], self.guard):
                labelled = core if core.qpu == name else replace(core, qpu=name)
                self._native[labelled.name] = core
                cores.append(labelled)
        if not cores:
            raise InputError(
                f"no device of {', '.join(self.qpus)} has a core of {core_qubits} qubits; "
                "use a smaller core_qubits or a wider device"
            )
        self.cores = tuple(cores)

    @cached_property
    def by_name(self) -> dict[str, Core]:
        """Cores by name, ``"<qpu>/<index>"``."""
        return {core.name: core for core in self.cores}

    def core(self, name: str) -> Core:
        """The core of that name.

        Raises:
            InputError: If there is none.
        """
        check_name("core", name, self.by_name)
        return self.by_name[name]

    def native(self, core: Core) -> Core:
        """The core as its own device knows it: the same, unless the device had to be renamed here."""
        return self._native[self.core(core.name).name]

    @cached_property
    def graph(self) -> nx.Graph:
        """The topology as a networkx graph of cores and what connects them; see `qpartition.graph`."""
        from .graph import topology_graph

        return topology_graph(self)

    def chip(self, name: str) -> nx.Graph:
        """All qubits and couplings of a QPU as a networkx graph, unused and broken ones too; see `qpartition.graph`.

        Raises:
            InputError: If there is no such QPU.
        """
        from .graph import chip_graph

        check_name("QPU", name, self.qpus)
        return chip_graph(self.qpus[name], [core for core in self.cores if core.qpu == name])

    def save(self, path: Path | str) -> Path:
        """Write `graph` to a ``.graphml`` file, or as node-link data to a ``.json`` file.

        Raises:
            InputError: For another suffix, or a file that cannot be written.
        """
        from .export import save_graph

        return save_graph(self.graph, path)

    def __repr__(self) -> str:
        """Names and number of cores."""
        parts = [f"{name}: {sum(core.qpu == name for core in self.cores)} cores" for name in self.qpus]
        return f"Topology({', '.join(parts)}; core_qubits={self.core_qubits})"


def _checked(qpus: object) -> list[QPU]:
    """The devices as a list."""
    devices = listed(qpus)
    if devices is None:
        raise InputError(f"qpus={shown(qpus)} must be a list of QPUs, such as [open_qpu('fake:fez')]")
    if not devices:
        raise InputError("a topology needs at least one QPU; open one with open_qpu")
    for device in devices:
        check_is(device, QPU, "open it with open_qpu first")
    if len({id(device) for device in devices}) < len(devices):
        raise InputError("the same QPU object is in the list twice; open a second one, or give it once")
    return devices


def _widths(core_qubits: int | Mapping[str, Width] | None, qpus: Mapping[str, QPU], guard: int) -> dict[str, Width]:
    """What was asked for of every device."""
    if not isinstance(core_qubits, Mapping):
        widest = max(qpus.values(), key=lambda device: device.num_qubits)
        width = _checked_width("core_qubits", core_qubits, f"the widest device, {widest.name}", widest)
        return dict.fromkeys(qpus, width)
    widths: dict[str, Width] = {}
    for name, wanted in core_qubits.items():
        check_name("QPU in core_qubits", name, qpus)
        if isinstance(wanted, int | float | str | np.number) or wanted is None:
            widths[name] = _checked_width(f"core_qubits of {name}", wanted, name, qpus[name])
        else:
            _check_chosen(name, wanted, qpus[name], guard)
            widths[name] = wanted
    missing = [name for name in qpus if name not in core_qubits]
    if missing:
        raise InputError(
            f"core_qubits={shown(dict(core_qubits))} says nothing of {missing[0]}; give a width for every QPU"
        )
    return widths


def _checked_width(kind: str, width: object, device: str, qpu: QPU) -> int | None:
    if width is None:
        return None
    number = whole(width, 1)
    if number is None:
        raise InputError(f"{kind}={shown(width)} must be an integer of at least 1, or None for whole devices")
    if number > qpu.num_qubits:
        raise InputError(f"{kind}={number} exceeds {device} with {qpu.num_qubits} qubits; use at most that")
    return number


def _check_chosen(name: str, cores: Sequence[Core], qpu: QPU, guard: int) -> None:
    listed = isinstance(cores, Sequence) and len(cores) > 0
    if not listed or not all(isinstance(core, Core) and core.qpu == qpu.name for core in cores):
        raise InputError(
            f"core_qubits of {name} must be a width, None, or cores of {qpu.name} in a list, such as [its core([1, 2])]"
        )
    used = [qubit for core in cores for qubit in core.qubits]
    twice = [qubit for qubit in used if used.count(qubit) > 1]
    if twice:
        raise InputError(f"the cores chosen on {name} share qubit {twice[0]}; choose disjoint ones")
    wiring = getattr(qpu, "wiring", qpu.coupling_map)  # where it is known, with the broken couplings
    close = first_close([core.qubits for core in cores], wiring, guard)
    if close:
        raise InputError(
            f"the cores chosen on {name} on qubits {close[0]} and {close[1]} are closer than guard={guard} unused "
            "qubits; choose others, or a smaller guard"
        )


def _cores(qpu: QPU, width: Width, guard: int) -> Sequence[Core]:
    return qpu.cores(width, guard) if width is None or isinstance(width, int) else width


def _named(devices: list[QPU]) -> dict[str, QPU]:
    """Devices under distinct names."""
    named: dict[str, QPU] = {}
    for device in devices:
        name, number = device.name, 1
        if name in named and isinstance(device, RemoteQPU):
            raise InputError(f"{name} is given twice, and there is one of it; name every real device once")
        while name in named:
            number += 1
            name = f"{device.name}#{number}"
        named[name] = device
    return named
