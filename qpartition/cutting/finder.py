"""Where to cut: the assignment of qubits to cores, or the gates and wires, that cost the fewest shots."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, log

import networkx as nx
import numpy as np
from qiskit import QuantumCircuit
from qiskit_addon_cutting.qpd import QPDBasis

from backends.errors import InputError

from .affinity import Rooms, affinity
from .angles import FloatArray
from .bases import CutBasis
from .exhaustive import affordable, exhaustive
from .fragments import crossing
from .free import fixed, is_free
from .searched import searched


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
    """Gate cuts of least overhead so that the pieces fit; of equal ones the fewest, then those whose pieces are most alike.

    That is so for up to 12 qubits, of which all assignments are looked at; more are searched. A wider core never has a
    dearer cut than a narrower one.

    Args:
        circuit: In normal form.
        widths: Of the cores, each used once; a single one is that of as many as are of use.

    Raises:
        InputError: If there is no room.
    """
    qubits = circuit.num_qubits
    if len(widths) > 1 and sum(widths) < qubits:
        raise InputError(f"{qubits} qubits do not fit on cores of {sorted(widths)}; add a core or use wider ones")
    if max(widths) >= qubits:
        return Found(circuit, frozenset(), tuple(range(qubits)))
    matrix = affinity(costs(circuit))
    rooms = _useful(qubits, widths)
    if affordable(qubits, rooms):
        labels = exhaustive(matrix, rooms)
    else:
        labels = searched(matrix, rooms) if len(widths) > 1 else _widened(matrix, widths[0])
    return Found(circuit, frozenset(crossing(circuit, labels.tolist())), tuple(range(qubits)))


def _useful(qubits: int, widths: Sequence[int]) -> list[int]:
    """Cores that the best cut may need, the widest first.

    Two pieces that fit on one core together are no dearer there, so all pieces but one on cores of a width are wider
    than half of it.
    """
    times = Counter(widths)
    if len(widths) == 1:
        times[widths[0]] = qubits
    return [w for w in sorted(times, reverse=True) for _ in range(min(times[w], 1 + (qubits - 1) // (w // 2 + 1)))]


def _widened(matrix: FloatArray, width: int) -> Rooms:
    """Searched width by width, each from what was found for the one before, so that more room never costs more."""
    qubits, labels = len(matrix), np.arange(len(matrix))
    for each in range(2, min(width, qubits) + 1):
        labels = searched(matrix, _useful(qubits, [each]), _filled(labels, each))
    return labels


def _filled(labels: Rooms, width: int) -> Rooms:
    """The same with two cores made one as long as both fit."""
    groups = sorted((list(np.flatnonzero(labels == one)) for one in set(labels.tolist())), key=len)
    while len(groups) > 1 and len(groups[0]) + len(groups[1]) <= width:
        groups = sorted([groups[0] + groups[1], *groups[2:]], key=len)
    found = np.empty_like(labels)
    for room, group in enumerate(groups):
        found[group] = room
    return found


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
    """Between qubits, as ``weight`` the logarithm of the overhead of cutting all their ``gates``; free angles at their worst."""
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
        before = graph.get_edge_data(a, b, {"weight": 0.0, "gates": 0})
        graph.add_edge(a, b, weight=before["weight"] + known[key], gates=before["gates"] + 1)
    return graph


def _log_overhead(operation: object, free: bool) -> float:
    if free:
        basis = CutBasis.of(operation, 0)
        return 2 * log(float(basis.gamma(np.linspace(-np.pi, np.pi, 181)[:, None]).max()))
    try:
        return 2 * log(QPDBasis.from_instruction(operation).kappa)
    except ValueError:
        return inf
