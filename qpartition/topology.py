"""The devices, their cores and what connects them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from itertools import combinations, permutations
from typing import TYPE_CHECKING, Any

from backends.core import Calibration, Core
from backends.errors import InputError, unknown_name
from backends.qpu import QPU

if TYPE_CHECKING:
    import networkx as nx


class Topology:
    """QPUs, each divided into cores.

    Attributes:
        qpus: The devices by name. A second device of the same name is called ``name#2``, and so on.
        core_qubits: Width asked for; None where every device is one core.
        guard: Unused qubits between two cores, at least.
        cores: All cores, device by device, each device's best core first; ``core.qpu`` is a name in ``qpus``.
    """

    qpus: dict[str, QPU]
    core_qubits: int | None
    guard: int
    cores: tuple[Core, ...]

    def __init__(self, qpus: Iterable[QPU], core_qubits: int | None = 4, guard: int = 0) -> None:
        """Divide each device into cores of ``core_qubits`` qubits (None: the whole device is one core).

        Args:
            qpus: Opened devices, in the order that ties between them are broken.
            core_qubits: Width of every core.
            guard: Unused qubits on every path between two cores of a device, at least; less crosstalk, fewer cores.

        Raises:
            InputError: Without devices, for the same object twice, or where no device has a core that wide.
        """
        devices = list(qpus)
        _check(devices, core_qubits)
        self.core_qubits, self.guard = core_qubits, guard
        self.qpus = _named(devices)
        self._native: dict[str, Core] = {}
        cores: list[Core] = []
        for name, qpu in self.qpus.items():
            for core in qpu.cores(core_qubits, guard):
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
        if name not in self.by_name:
            raise unknown_name("core", name, self.by_name)
        return self.by_name[name]

    def native(self, core: Core) -> Core:
        """The core as its own device knows it: the same, unless the device had to be renamed here."""
        return self._native[self.core(core.name).name]

    @cached_property
    def graph(self) -> nx.Graph:
        """The topology as a networkx graph; every attribute is a plain number or string.

        Nodes (attribute ``kind``): ``"qpu"`` named as in ``qpus``, ``"core"`` named ``qpu/index``, ``"qubit"`` named
        ``qpu:q<physical qubit>``, with calibration. Edges: ``"host"`` QPU-core, ``"member"`` core-qubit, ``"coupling"``
        between the qubits of a core (with its two-qubit error), ``"link"`` between QPUs (through the classical host).
        """
        import networkx as nx

        graph = nx.Graph()
        for name, qpu in self.qpus.items():
            graph.add_node(name, kind="qpu", qubits=qpu.num_qubits, mode=qpu.mode, **_averages(qpu.calibration))
        graph.add_edges_from(combinations(self.qpus, 2), kind="link", medium="classical")
        for core in self.cores:
            _add_core(graph, core)
        return graph

    def __repr__(self) -> str:
        """Names and number of cores."""
        parts = [f"{name}: {sum(core.qpu == name for core in self.cores)} cores" for name in self.qpus]
        return f"Topology({', '.join(parts)}; core_qubits={self.core_qubits})"


def _check(devices: list[QPU], core_qubits: int | None) -> None:
    if not devices:
        raise InputError("a topology needs at least one QPU; open one with open_qpu")
    for device in devices:
        if not isinstance(device, QPU):
            raise InputError(f"{device!r} is not a QPU; open it with open_qpu first")
    if len({id(device) for device in devices}) < len(devices):
        raise InputError("the same QPU object is in the list twice; open a second one, or give it once")
    if core_qubits is None:
        return
    if not isinstance(core_qubits, int) or isinstance(core_qubits, bool) or core_qubits < 1:
        raise InputError(f"core_qubits={core_qubits!r} must be an integer of at least 1, or None for whole devices")
    widest = max(devices, key=lambda device: device.num_qubits)
    if core_qubits > widest.num_qubits:
        raise InputError(
            f"core_qubits={core_qubits} exceeds the widest device, {widest.name} with {widest.num_qubits} qubits; "
            "use at most that"
        )


def _named(devices: list[QPU]) -> dict[str, QPU]:
    """Devices under distinct names."""
    named: dict[str, QPU] = {}
    for device in devices:
        name, number = device.name, 1
        while name in named:
            number += 1
            name = f"{device.name}#{number}"
        named[name] = device
    return named


def _averages(calibration: Calibration) -> dict[str, float | str]:
    """Calibration of a whole device as scalars; empty for an ideal one."""
    tables: dict[str, Mapping[Any, float]] = {
        "one_qubit_error": calibration.one_qubit, "two_qubit_error": calibration.two_qubit,
        "readout_error": calibration.readout, "t1": calibration.t1, "t2": calibration.t2,
    }  # fmt: skip
    found: dict[str, float | str] = {name: sum(t.values()) / len(t) for name, t in tables.items() if t}
    return found | {"rep_delay": calibration.rep_delay, "date": calibration.date}


def _add_core(graph: nx.Graph, core: Core) -> None:
    graph.add_node(core.name, kind="core", qubits=core.num_qubits, error=core.error, **_averages(core.calibration))
    graph.add_edge(core.qpu, core.name, kind="host")
    nodes = [f"{core.qpu}:q{qubit}" for qubit in core.qubits]
    tables = {
        "one_qubit_error": core.calibration.one_qubit, "readout_error": core.calibration.readout,
        "t1": core.calibration.t1, "t2": core.calibration.t2,
    }  # fmt: skip
    for own, node in enumerate(nodes):
        graph.add_node(node, kind="qubit", qubit=core.qubits[own], **{k: t[own] for k, t in tables.items() if own in t})
        graph.add_edge(core.name, node, kind="member")
    # An ideal core lists no couplings because all of its qubits are coupled.
    for a, b in core.edges or permutations(range(core.num_qubits), 2):
        error = core.calibration.two_qubit.get((a, b))
        graph.add_edge(nodes[a], nodes[b], kind="coupling", **({} if error is None else {"error": error}))
