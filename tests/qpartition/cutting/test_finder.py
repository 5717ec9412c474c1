"""Where circuits are cut: the least overhead of all assignments, whatever the cores would hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import exp, inf
from time import process_time
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit_addon_cutting.qpd import QPDBasis

from qpartition.cutting import cut
from qpartition.cutting.affinity import affinity, price
from qpartition.cutting.cheapest import cheapest
from qpartition.cutting.finder import costs, find, fits, log_overhead, pieces
from qpartition.cutting.searched import searched


def clusters(sizes: Sequence[int], angle: float = 0.1) -> QuantumCircuit:
    """CNOTs between all qubits of a cluster, twice; a weak gate from each cluster to the next."""
    circuit, first = QuantumCircuit(sum(sizes)), 0
    for number, size in enumerate(sizes):
        for _ in range(2):
            for i in range(size):
                for j in range(i):
                    circuit.cx(first + i, first + j)
        if number:
            circuit.rzz(angle, first - 1, first)
        first += size
    return circuit


def random_circuit(qubits: int, gates: int, seed: int) -> QuantumCircuit:
    rng = np.random.default_rng(seed)
    circuit = QuantumCircuit(qubits)
    for _ in range(gates):
        a, b = map(int, rng.choice(qubits, 2, replace=False))
        if rng.random() < 0.5:
            circuit.cx(a, b)
        else:
            circuit.rzz(float(rng.uniform(0, 1.5)), a, b)
    return circuit


def partitions(items: Sequence[int]) -> Iterator[list[list[int]]]:
    """All partitions of a set."""
    if not items:
        yield []
        return
    for rest in partitions(items[1:]):
        for k in range(len(rest)):
            yield [*rest[:k], [items[0], *rest[k]], *rest[k + 1 :]]
        yield [[items[0]], *rest]


def least(circuit: QuantumCircuit, widths: Sequence[int]) -> float:
    """The least overhead of cut gates, by looking at all partitions of the qubits."""
    gates = [
        ([circuit.find_bit(bit).index for bit in item.qubits], QPDBasis.from_instruction(item.operation).overhead)
        for item in circuit.data
    ]
    best = inf
    for blocks in partitions(range(circuit.num_qubits)):
        if fits([len(block) for block in blocks], widths):
            home = {qubit: b for b, block in enumerate(blocks) for qubit in block}
            best = min(best, float(np.prod([overhead for (a, b), overhead in gates if home[a] != home[b]])))
    return best


@pytest.mark.parametrize(
    ("sizes", "width", "overhead"),
    [((3, 3, 3), 5, 2.0713), ((3, 3, 3, 3), 4, 2.9810), ((2, 2, 2), 3, 2.0713), ((3, 3, 2), 4, 2.0713), ((4, 2, 3), 6, 1.4392),
     ((3,) * 6, 5, 6.1749), ((4, 3, 5, 3), [5, 5, 5, 4], 2.9810)],
)  # fmt: skip
def test_pieces_need_not_fill_the_cores(sizes: Any, width: Any, overhead: float) -> None:
    k = cut(clusters(sizes), ["Z" * sum(sizes)], max_qubits=width)
    assert k.overhead == pytest.approx(overhead, rel=1e-4)
    if width != 6:
        assert k.widths == sizes


@pytest.mark.parametrize("seed", range(6))
def test_no_partition_of_the_qubits_is_cheaper(seed: int) -> None:
    qubits = 4 + seed % 4
    circuit = random_circuit(qubits, 2 * qubits, seed)
    for widths in ([2], [3], [qubits - 1], [qubits - 2, 2], [3, 2, 2], [2, 2, 1, 1, 1]):
        if len(widths) == 1 or sum(widths) >= qubits:
            found = find(circuit, widths)
            assert fits(pieces(found), widths)
            assert exp(log_overhead(found)) == pytest.approx(least(circuit, widths), rel=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_the_search_finds_what_all_assignments_have(seed: int) -> None:
    """On circuits small enough to know; it serves larger ones."""
    circuit = random_circuit(9 + seed, 14 + seed, seed)
    matrix = affinity(costs(circuit))
    for rooms in ([4] * 4, [5] * 4, [6, 4, 2, 2]):
        found = searched(matrix, rooms)
        assert np.all(np.bincount(found, minlength=len(rooms)) <= rooms)
        known = find(circuit, [rooms[0]] if len(set(rooms)) == 1 else rooms)
        assert price(matrix, found) == pytest.approx(log_overhead(known), abs=1e-4)


@pytest.mark.parametrize(("qubits", "seed"), [(6, 0), (7, 1), (8, 2), (14, 3)])
def test_a_wider_core_is_never_dearer(qubits: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    circuit = QuantumCircuit(qubits)
    for _ in range(2 * qubits):  # along a line, so that wires are worth cutting
        a = int(rng.integers(qubits - 1))
        circuit.cx(a, a + 1)
    least_so_far = inf
    for width in range(2, qubits):
        now = log_overhead(cheapest(circuit, (width,)) if qubits < 10 else find(circuit, [width]))
        assert now <= least_so_far + 1e-5
        least_so_far = now


def test_of_equal_overheads_the_fewest_gates_then_pieces_alike() -> None:
    chain = QuantumCircuit(6)
    for q in range(5):
        chain.cx(q, q + 1)
    assert pieces(find(chain, [5])) == (3, 3)
    chain.rzz(0.0, 2, 3)  # costs nothing, but is a cut too
    assert len(find(chain, [3]).cut) == 2 and len(find(chain, [4]).cut) == 1
    free = QuantumCircuit(4)
    free.rzz(0.0, 0, 1)
    assert not find(free, [4]).cut and not find(free, [2]).cut


def test_a_circuit_that_fits_is_not_searched() -> None:
    circuit = random_circuit(30, 200, 0)
    assert not find(circuit, [30]).cut and not find(circuit, [3, 31]).cut
    assert not find(QuantumCircuit(1), [1]).cut


def test_what_cannot_be_cut_costs_more_than_all_the_rest() -> None:
    circuit = QuantumCircuit(4)
    circuit.cx(0, 2)
    circuit.cx(2, 0)
    circuit.cx(1, 3)
    graph = costs(circuit)
    graph.add_edge(0, 1, weight=inf, gates=1)
    matrix = affinity(graph)
    assert np.isfinite(matrix).all() and matrix[0, 1] > matrix[0, 2] + matrix[1, 3]


@pytest.mark.parametrize(("qubits", "width", "overhead"), [(20, 5, 9**3), (40, 20, 9)])
def test_large_circuits_take_seconds(qubits: int, width: int, overhead: float) -> None:
    order = [int(q) for q in np.random.default_rng(qubits).permutation(qubits)]
    circuit = QuantumCircuit(qubits)
    for a, b in pairwise(order):
        circuit.cx(a, b)
    started = process_time()
    found = find(circuit, [width])
    assert exp(log_overhead(found)) == pytest.approx(overhead)
    assert process_time() - started < 8
