"""Regions: disjoint, connected, best first, as good as brute force where that is possible."""

from __future__ import annotations

from itertools import combinations

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends.regions import disjoint_regions, first_close, largest_component

Graph = tuple[dict[int, float], dict[tuple[int, int], float]]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    count = draw(st.integers(1, 12))
    error = st.floats(0.0, 0.9)
    qubits = {q: draw(error) for q in range(0, 3 * count, 3)}
    pairs = draw(st.lists(st.sampled_from(list(combinations(range(count), 2)) or [(0, 0)]), max_size=20))
    return qubits, {(3 * a, 3 * b): draw(error) for a, b in pairs if a != b}


def total(region: tuple[int, ...], graph: Graph) -> float:
    qubits, couplings = graph
    return sum(qubits[q] for q in region) + sum(e for (a, b), e in couplings.items() if a in region and b in region)


def network(graph: Graph) -> nx.Graph:
    found = nx.Graph()
    found.add_nodes_from(graph[0])
    found.add_edges_from(graph[1])
    return found


@settings(max_examples=60, deadline=None)
@given(graphs(), st.integers(1, 5))
def test_regions_are_what_greedy_brute_force_finds(graph: Graph, size: int) -> None:
    net = network(graph)
    left = set(graph[0])
    regions = disjoint_regions(*graph, size)
    for region in regions:
        candidates = [c for c in combinations(sorted(left), size) if nx.is_connected(net.subgraph(c))]
        assert region.qubits in candidates
        assert region.error == pytest.approx(total(region.qubits, graph))
        assert region.error <= min(total(c, graph) for c in candidates) + 1e-12
        left -= set(region.qubits)
    assert not any(nx.is_connected(net.subgraph(c)) for c in combinations(sorted(left), size))
    assert regions == disjoint_regions(*graph, size)


@given(graphs())
def test_largest_component(graph: Graph) -> None:
    region = largest_component(*graph)
    assert len(region.qubits) == max(len(c) for c in nx.connected_components(network(graph)))
    assert region.error == pytest.approx(total(region.qubits, graph))


@pytest.mark.parametrize("size", [9, 30, 120, 121])
def test_wide_regions_of_a_lattice(size: int) -> None:
    """Where the beam is not exhaustive, regions are still connected, disjoint, and none is left out."""
    net = nx.convert_node_labels_to_integers(nx.grid_2d_graph(10, 12))
    graph = ({q: (q * 37 % 101) / 1000 for q in net}, {e: (sum(e) * 53 % 97) / 1000 for e in net.edges})
    regions = disjoint_regions(*graph, size)
    used = [q for r in regions for q in r.qubits]
    assert len(used) == len(set(used)) == size * len(regions)
    assert all(nx.is_connected(net.subgraph(r.qubits)) for r in regions)
    left = net.subgraph(set(net) - set(used))
    assert not any(len(c) >= size for c in nx.connected_components(left))


@pytest.mark.parametrize(("guard", "close"), [(0, None), (1, None), (2, ((0,), (2, 3))), (10**12, ((0,), (2, 3)))])
def test_regions_that_are_too_close(guard: int, close: object) -> None:
    wiring = [(q, q + 1) for q in range(9)]
    assert first_close([(0,), (2, 3), (8,)], wiring, guard) == close
    assert first_close([(0,), (5,)], [(0, 1)], guard) is None


def test_a_guard_wider_than_the_chip_leaves_one_region() -> None:
    line = dict.fromkeys(range(9), 0.1), {(q, q + 1): 0.1 for q in range(8)}
    assert len(disjoint_regions(*line, size=2, guard=10**12)) == 1
