"""Topologies and chips as networkx graphs; every attribute is a plain number or string."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import permutations
from typing import TYPE_CHECKING, Any

import networkx as nx

from backends.core import Calibration, Core, Edge
from backends.qpu import QPU

if TYPE_CHECKING:
    from .topology import Topology

HOST = "classical host"
"""What all QPUs are controlled from and linked through."""


def topology_graph(topology: Topology) -> nx.Graph:
    """QPUs, cores, the qubits of cores, and what connects them.

    Nodes (attribute ``kind``): ``"qpu"`` named as in ``topology.qpus``, with qubits, mode, average calibration;
    ``"core"`` named ``qpu/index``, with qubits, summed error, average calibration; ``"qubit"`` named
    ``qpu:q<physical qubit>``, with calibration.
    Edges: ``"host"`` QPU-core, ``"member"`` core-qubit, ``"coupling"`` between the qubits of a core, with error and
    duration of its two-qubit gate in the better direction; ``"link"`` between QPUs, with latency and host.
    Errors are probabilities, all times seconds. Qubits outside the cores are in `chip_graph`.
    """
    graph = nx.Graph()
    for name, qpu in topology.qpus.items():
        graph.add_node(name, kind="qpu", qubits=qpu.num_qubits, mode=qpu.mode, **_averages(qpu.calibration))
    for (a, b), latency in topology.links.items():
        graph.add_edge(a, b, kind="link", medium="classical", host=HOST, latency=latency)
    for core in topology.cores:
        _add_core(graph, core)
    return graph


def chip_graph(qpu: QPU, cores: Iterable[Core]) -> nx.Graph:
    """Every physical qubit and coupling of a device, the node being the qubit's number.

    Nodes: ``works``, ``core`` (name; empty outside the cores), calibration. Edges: ``works``, ``core`` where both
    qubits are of one core, ``error`` and ``duration``. Of an ideal device there are only the qubits and couplings of
    its cores, whose qubits are all coupled.
    """
    chip = nx.Graph()
    known, given = qpu.calibration, list(cores)
    if known.is_ideal:
        chip.add_nodes_from((q for core in given for q in core.qubits), works=True, core="")
        chip.add_edges_from(((core.qubits[a], core.qubits[b]) for core in given for a, b in _edges(core)), works=True)
    else:
        chip.add_nodes_from(range(qpu.num_qubits), works=False, core="")
        for pair in (*getattr(qpu, "wiring", ()), *qpu.coupling_map):
            chip.add_edge(*sorted(pair), works=False)
    for q in known.readout:
        chip.add_node(q, works=True, **_of_qubit(known, q))
    for pair in qpu.coupling_map:
        chip.add_edge(*pair, works=True, **_of_coupling(known, pair))
    nx.set_edge_attributes(chip, "", "core")
    for core in given:
        chip.add_nodes_from(core.qubits, works=True, core=core.name)
        for a, b in _edges(core):
            chip.add_edge(core.qubits[a], core.qubits[b], works=True, core=core.name)
    return chip


def _edges(core: Core) -> Iterable[Edge]:
    """An ideal core lists no couplings because all of its qubits are coupled."""
    return core.edges or permutations(range(core.num_qubits), 2)


def _averages(calibration: Calibration) -> dict[str, float | str]:
    """Calibration of a whole device as scalars; empty for an ideal one."""
    tables: dict[str, Mapping[Any, float]] = {
        "one_qubit_error": calibration.one_qubit, "two_qubit_error": calibration.two_qubit,
        "readout_error": calibration.readout, "t1": calibration.t1, "t2": calibration.t2,
    }  # fmt: skip
    found: dict[str, float | str] = {name: sum(t.values()) / len(t) for name, t in tables.items() if t}
    return found | {"rep_delay": calibration.rep_delay, "date": calibration.date}


def _of_qubit(calibration: Calibration, qubit: int) -> dict[str, float]:
    tables = {
        "one_qubit_error": calibration.one_qubit, "readout_error": calibration.readout,
        "t1": calibration.t1, "t2": calibration.t2,
    }  # fmt: skip
    return {name: table[qubit] for name, table in tables.items() if qubit in table}


def _of_coupling(calibration: Calibration, pair: Edge) -> dict[str, float]:
    """Of the better direction, where both are known."""
    found = {}
    for name, table in (("error", calibration.two_qubit), ("duration", calibration.durations)):
        values = [table[edge] for edge in (pair, pair[::-1]) if edge in table]
        if values:
            found[name] = min(values)
    return found


def _add_core(graph: nx.Graph, core: Core) -> None:
    graph.add_node(core.name, kind="core", qubits=core.num_qubits, error=core.error, **_averages(core.calibration))
    graph.add_edge(core.qpu, core.name, kind="host")
    nodes = [f"{core.qpu}:q{qubit}" for qubit in core.qubits]
    for own, node in enumerate(nodes):
        graph.add_node(node, kind="qubit", qubit=core.qubits[own], **_of_qubit(core.calibration, own))
        graph.add_edge(core.name, node, kind="member")
    for a, b in _edges(core):
        graph.add_edge(nodes[a], nodes[b], kind="coupling", **_of_coupling(core.calibration, (a, b)))
