"""CNOT circuits: right, and as short as an independent search finds them."""

from __future__ import annotations

from itertools import permutations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from backends.linear import Route, routes

Matrix = NDArray[np.bool_]
GRAPHS = {
    "pair": ((0, 1),), "line": ((0, 1), (1, 2), (2, 3)), "star": ((0, 2), (1, 2), (2, 3)), "bent": ((0, 2), (2, 1)),
    "ring": ((0, 1), (1, 2), (2, 3), (0, 3)), "fork": ((0, 1), (1, 2), (2, 3), (1, 4)),
}  # fmt: skip


def random_map(n: int, rng: np.random.Generator) -> Matrix:
    matrix = np.eye(n, dtype=bool)
    for _ in range(3 * n):
        a, b = rng.permutation(n)[:2]
        matrix[a] ^= matrix[b]
    return matrix


def check(route: Route, maps: list[Matrix], couplings: tuple[tuple[int, int], ...]) -> None:
    """Run the CNOTs on all basis states at once."""
    n = len(maps[0])
    allowed = {*couplings, *((b, a) for a, b in couplings)}
    for matrix, cnots, before, after in zip(maps, route.cnots, route.layouts, route.layouts[1:], strict=False):
        physical = np.zeros((n, n), dtype=bool)
        physical[list(before), range(n)] = True
        for control, target in cnots:
            assert (control, target) in allowed
            physical[target] ^= physical[control]
        np.testing.assert_array_equal(physical[list(after)], matrix)


@pytest.mark.parametrize("name", GRAPHS)
def test_routes_do_what_the_maps_say(name: str) -> None:
    couplings = GRAPHS[name]
    n = max(max(edge) for edge in couplings) + 1
    rng = np.random.default_rng(0)
    for count in (1, 2, 3) if n < 5 else (1,):
        maps = [random_map(n, rng) for _ in range(count)]
        found = routes(maps, couplings, 3)
        assert 1 <= len(found) <= 3 and len({route.cost for route in found}) == 1
        for route in found:
            check(route, maps, couplings)
        assert len({route.layouts[-1] for route in found}) == len(found)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6))
def test_no_shorter_route_exists(seed: int) -> None:
    """Against networkx on the graph of all states (map, layout) of three qubits, where relabelling is free."""
    rng = np.random.default_rng(seed)
    maps = [random_map(3, rng), random_map(3, rng)]
    graph = nx.Graph()
    identity = np.eye(3, dtype=bool).tobytes()
    todo, seen = [identity], {identity}
    while todo:
        state = todo.pop()
        for control, target in ((0, 1), (1, 0), (1, 2), (2, 1)):
            after = np.frombuffer(state, dtype=bool).reshape(3, 3).copy()
            after[target] ^= after[control]
            graph.add_edge(state, after.tobytes())
            if after.tobytes() not in seen:
                seen.add(after.tobytes())
                todo.append(after.tobytes())
    assert len(seen) == 168
    length = nx.single_source_shortest_path_length(graph, identity)
    layouts = [np.eye(3, dtype=bool)[list(p)] for p in permutations(range(3))]

    def cost(matrix: Matrix, before: Matrix, after: Matrix) -> int:
        return int(length[(after.T @ matrix @ before).tobytes()])

    best = min(cost(maps[0], a, b) + cost(maps[1], b, c) for a in layouts for b in layouts for c in layouts)
    assert routes(maps, ((0, 1), (1, 2)))[0].cost == best


def test_what_is_not_searched() -> None:
    assert routes([], ((0, 1),)) == ()
    assert routes([np.eye(6, dtype=bool)], tuple((i, i + 1) for i in range(5))) == ()
    assert routes([np.eye(1, dtype=bool)], ()) == ()
