"""Shapes: the same for isomorphic regions, different for others, every symmetry found."""

from __future__ import annotations

from itertools import permutations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networkx.algorithms.isomorphism import DiGraphMatcher

from backends.shapes import Shape, shape_of

Links = dict[tuple[int, int], tuple[str, ...]]


@st.composite
def regions(draw: st.DrawFn) -> tuple[list[tuple[str, ...]], Links]:
    n = draw(st.integers(1, 5))
    nodes = draw(st.lists(st.sampled_from([("x",), ("sx", "x")]), min_size=n, max_size=n))
    pairs = list(permutations(range(n), 2))
    chosen = draw(st.lists(st.sampled_from(pairs), max_size=8)) if pairs else []
    return nodes, {pair: draw(st.sampled_from([("cz",), ("ecr",)])) for pair in chosen}


def network(nodes: list[tuple[str, ...]], links: Links) -> nx.DiGraph:
    graph = nx.DiGraph()
    graph.add_nodes_from((i, {"names": names}) for i, names in enumerate(nodes))
    graph.add_edges_from((a, b, {"names": names}) for (a, b), names in links.items())
    return graph


def matcher(one: nx.DiGraph, other: nx.DiGraph) -> DiGraphMatcher:
    def same(a: dict[str, object], b: dict[str, object]) -> bool:
        return a == b

    return DiGraphMatcher(one, other, node_match=same, edge_match=same)


def moved(nodes: list[tuple[str, ...]], links: Links, order: list[int]) -> tuple[list[tuple[str, ...]], Links]:
    number = {q: i for i, q in enumerate(order)}
    return [nodes[q] for q in order], {(number[a], number[b]): names for (a, b), names in links.items()}


@settings(max_examples=80, deadline=None)
@given(regions(), regions(), st.randoms(use_true_random=False))
def test_shapes_are_equal_exactly_for_isomorphic_regions(one: object, other: object, random: object) -> None:
    nodes, links = one  # type: ignore[misc]
    order = list(range(len(nodes)))
    random.shuffle(order)  # type: ignore[attr-defined]
    shape, placements = shape_of(nodes, links)
    again = moved(nodes, links, order)
    assert shape_of(*again)[0] == shape
    assert (shape_of(*other)[0] == shape) == matcher(network(*other), network(nodes, links)).is_isomorphic()  # type: ignore[misc]
    itself = matcher(network(list(shape.nodes), dict(shape.links)), network(nodes, links))
    assert set(placements) == {tuple(found[i] for i in range(len(nodes))) for found in itself.isomorphisms_iter()}


@pytest.mark.parametrize(("edges", "count"), [("line", 2), ("star", 6), ("ring", 8)])
def test_symmetries_of_four_qubits(edges: str, count: int) -> None:
    pairs = {
        "line": [(3, 0), (0, 2), (2, 1)],
        "star": [(2, 0), (2, 1), (2, 3)],
        "ring": [(0, 2), (2, 1), (1, 3), (3, 0)],
    }
    links = {edge: ("cz",) for a, b in pairs[edges] for edge in ((a, b), (b, a))}
    shape, placements = shape_of([("x",)] * 4, links)
    assert len(placements) == count
    assert len(shape.couplings) == len(pairs[edges])


def test_many_symmetries_end() -> None:
    """Nine qubits all alike have 362,880 numberings; some are compared, always the same ones."""
    links = dict.fromkeys(permutations(range(9), 2), ("cz",))
    shape, placements = shape_of([("x",)] * 9, links)
    assert isinstance(shape, Shape) and len(placements) == len(set(placements)) == 720
    assert np.array_equal(placements, shape_of([("x",)] * 9, links)[1])
