"""Where to cut: the assignment of qubits to cores, or the gates and wires, that cost the fewest shots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import inf, log

import networkx as nx
import numpy as np
from qiskit import QuantumCircuit
from qiskit_addon_cutting.qpd import QPDBasis

from backends.errors import InputError

from .bases import CutBasis
from .fragments import crossing
from .free import fixed, is_free

_EXHAUSTIVE = 200_000
"""Assignments that are all tried; beyond that, local search from several starts."""
_STARTS = 40


@dataclass(frozen=True)
class Found:
    """What is cut.

    Attributes:
        circuit: In normal form; a cut wire goes on as another qubit, after a move.
        cut: Indices into its data.
        place: Where each qubit of the original circuit is at the end.
    """

    circuit: QuantumCircuit
    cut: frozenset[int]
    place: tuple[int, ...]


def find(circuit: QuantumCircuit, widths: Sequence[int]) -> Found:
    """Gate cuts of least overhead so that the pieces fit; of equal ones those whose pieces are most alike.

    Args:
        circuit: In normal form.
        widths: Of the cores; a single one is that of all.

    Raises:
        InputError: If there is no room.
    """
    qubits = circuit.num_qubits
    rooms = [widths[0]] * -(-qubits // widths[0]) if len(widths) == 1 else sorted(widths, reverse=True)
    graph = costs(circuit)
    labels = _exhaustive(graph, rooms) if len(rooms) ** qubits <= _EXHAUSTIVE else _searched(graph, rooms)
    if labels is None:
        raise InputError(f"{qubits} qubits do not fit on cores of {rooms}; add a core or use wider ones")
    return Found(circuit, frozenset(crossing(circuit, labels)), tuple(range(qubits)))


def log_overhead(found: Found) -> float:
    """Natural logarithm of the sampling overhead of all cuts; of free angles the largest there can be."""
    cut = (found.circuit.data[i] for i in found.cut)
    return sum(_log_overhead(item.operation, is_free(item.params)) for item in cut)


def pieces(found: Found) -> tuple[int, ...]:
    """Widths of the pieces."""
    graph = nx.Graph()
    graph.add_nodes_from(range(found.circuit.num_qubits))
    for i, item in enumerate(found.circuit.data):
        if len(item.qubits) == 2 and i not in found.cut:
            graph.add_edge(*(found.circuit.find_bit(bit).index for bit in item.qubits))
    return tuple(map(len, nx.connected_components(graph)))


def fits(widths: Sequence[int], rooms: Sequence[int]) -> bool:
    """Whether the pieces fit on the cores side by side; a single room is as many as are needed."""
    if len(rooms) == 1:
        return max(widths) <= rooms[0]
    left = sorted(rooms)
    for width in sorted(widths, reverse=True):  # the widest first, each where the least is left over
        room = next((r for r, free in enumerate(left) if free >= width), None)
        if room is None:
            return False
        left[room] -= width
        left.sort()
    return True


def costs(circuit: QuantumCircuit) -> nx.Graph:
    """Between every two qubits, the logarithm of the overhead of cutting all their gates; free angles at their worst."""
    graph = nx.Graph()
    graph.add_nodes_from(range(circuit.num_qubits))
    known: dict[tuple[str, tuple[object, ...]], float] = {}
    for item in circuit.data:
        if len(item.qubits) != 2:
            continue
        free = is_free(item.params)
        key = (item.name, () if free else fixed(item.operation.params))
        if key not in known:
            known[key] = _log_overhead(item.operation, free)
        a, b = (circuit.find_bit(bit).index for bit in item.qubits)
        weight = graph.get_edge_data(a, b, {"weight": 0.0})["weight"]
        graph.add_edge(a, b, weight=weight + known[key])
    return graph


def _log_overhead(operation: object, free: bool) -> float:
    if free:
        basis = CutBasis.of(operation, 0)
        return 2 * log(float(basis.gamma(np.linspace(-np.pi, np.pi, 181)[:, None]).max()))
    try:
        return 2 * log(QPDBasis.from_instruction(operation).kappa)
    except ValueError:
        return inf


def _exhaustive(graph: nx.Graph, rooms: Sequence[int]) -> list[int] | None:
    """The best of all assignments; equal cores are interchangeable, so the first qubit that enters one names it."""
    best, cost = None, inf
    for labels in product(range(len(rooms)), repeat=len(graph)):
        if any(labels.count(r) > room for r, room in enumerate(rooms)) or not _canonical(labels, rooms):
            continue
        now = _cost(graph, labels)
        if best is None or (round(now, 9), _unevenness(labels)) < (round(cost, 9), _unevenness(best)):
            best, cost = list(labels), now
    return best


def _canonical(labels: Sequence[int], rooms: Sequence[int]) -> bool:
    """False for an assignment that differs from another one by exchanging cores of equal width."""
    for width in set(rooms):
        same = [r for r, room in enumerate(rooms) if room == width]
        order = [label for label in dict.fromkeys(labels) if label in same]
        if order != same[: len(order)]:
            return False
    return True


def _searched(graph: nx.Graph, rooms: Sequence[int]) -> list[int] | None:
    """Local search: exchange two qubits, or move one to a core with room, as long as it helps."""
    rng, best, cost = np.random.default_rng(0), None, inf
    slots = [r for r, room in enumerate(rooms) for _ in range(room)]
    if len(slots) < len(graph):
        return None
    for start in range(_STARTS):
        order = sorted(graph) if not start else list(rng.permutation(len(graph)))
        labels = [0] * len(graph)
        for qubit, label in zip(order, slots, strict=False):
            labels[int(qubit)] = label
        labels = _improved(graph, labels, rooms)
        now = _cost(graph, labels)
        if now < cost:
            best, cost = labels, now
    return best


def _improved(graph: nx.Graph, labels: list[int], rooms: Sequence[int]) -> list[int]:
    now, better = _cost(graph, labels), True
    while better:
        better = False
        for a in range(len(labels)):
            moves = [[*labels[:a], r, *labels[a + 1 :]] for r in range(len(rooms)) if labels.count(r) < rooms[r]]
            for b in range(a):
                swapped = list(labels)
                swapped[a], swapped[b] = labels[b], labels[a]
                moves.append(swapped)
            for one in moves:
                cost = _cost(graph, one)
                if cost < now - 1e-12:
                    labels, now, better = one, cost, True
    return labels


def _unevenness(labels: Sequence[int]) -> int:
    """Least where all pieces are equally wide: noise grows with the width, and so does simulation."""
    return sum(labels.count(label) ** 2 for label in set(labels))


def _cost(graph: nx.Graph, labels: Sequence[int]) -> float:
    return float(sum(weight for a, b, weight in graph.edges(data="weight") if labels[a] != labels[b]))
