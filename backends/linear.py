"""Fewest CNOTs for linear reversible circuits on a coupling graph, several in a row, with free layouts between them.

A circuit of CNOTs maps basis states x to Mx with M in GL(n, 2); CNOT(c, t) adds row c to row t. A breadth-first search
from the identity gives the fewest CNOTs along couplings for every M (Kutin, Moulton, Smithline, quant-ph/0701194, for
lines). One-qubit gates between two such maps run wherever their qubits are, so that every map may also permute them:
the layouts of minimal total cost are found by dynamic programming over all n! layouts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .core import Edge
from .shapes import shape_of

MAX_QUBITS = 5
"""GL(5, 2) has 10 million elements, GL(6, 2) 20 thousand million."""
_UNKNOWN = 255
_FAR = 10**6

Matrix = NDArray[np.bool_]
Layout = tuple[int, ...]
"""Physical qubit of each logical qubit."""
_Ints = NDArray[np.signedinteger[Any]]


@dataclass(frozen=True)
class Route:
    """How a row of linear maps runs on a coupling graph.

    Attributes:
        layouts: Layout before the first map and after each of them.
        cnots: CNOTs (control, target) of each map, in physical qubits and in order.
    """

    layouts: tuple[Layout, ...]
    cnots: tuple[tuple[Edge, ...], ...]

    @property
    def cost(self) -> int:
        """Number of CNOTs."""
        return sum(map(len, self.cnots))


def routes(maps: Sequence[Matrix], couplings: Sequence[Edge], most: int = 1) -> tuple[Route, ...]:
    """Different routes of the fewest CNOTs in all, ``most`` of them at most; none without maps or for a graph too wide.

    Args:
        maps: Invertible matrices over GF(2), shape (n, n), in the order they are applied; row i is what logical qubit
            i becomes.
        couplings: Undirected couplings of a connected graph on the qubits 0..n-1.
        most: Routes wanted; they end in layouts that no symmetry of the graph turns into each other.
    """
    n = len(maps[0]) if maps else 0
    if not 2 <= n <= MAX_QUBITS:
        return ()
    names = {edge: ("cx",) for a, b in couplings for edge in ((a, b), (b, a))}
    shape, symmetries = shape_of([()] * n, names)
    graph = _distances(n, shape.couplings)
    own = [tuple(symmetries[0].index(q) for q in other) for other in symmetries]
    found = [_moved(route, symmetries[0]) for route in _cheapest(graph, maps, own, most)]
    return tuple(found)


def _cheapest(graph: _Distances, maps: Sequence[Matrix], symmetries: list[Layout], most: int) -> list[Route]:
    layouts = list(permutations(range(graph.n)))
    codes = [_codes(matrix, np.array(layouts)) for matrix in maps]
    totals = graph.totals(codes)
    found: list[Route] = []
    seen: set[Layout] = set()
    for end in np.flatnonzero(totals[-1] == totals[-1].min()).tolist():
        if layouts[end] in seen:
            continue
        seen.update(tuple(symmetry[q] for q in layouts[end]) for symmetry in symmetries)
        found.append(_traced(graph, codes, totals, layouts, end))
        if len(found) == most:
            break
    return found


def _traced(graph: _Distances, codes: list[_Ints], totals: list[_Ints], layouts: list[Layout], end: int) -> Route:
    """From the last layout back to the first."""
    path, cnots = [end], list[tuple[Edge, ...]]()
    for code, before, after in reversed(list(zip(codes, totals[:-1], totals[1:], strict=True))):
        to = path[-1]
        start = int(np.flatnonzero(before + graph.known(code[to]) == after[to])[0])
        cnots.append(graph.circuit(int(code[to, start])))
        path.append(start)
    return Route(tuple(layouts[i] for i in reversed(path)), tuple(reversed(cnots)))


def _codes(matrix: Matrix, layouts: _Ints) -> _Ints:
    """The physical maps for all layouts after (rows) and before (columns), as integers."""
    n = len(matrix)
    codes = np.zeros((len(layouts), len(layouts)), dtype=np.int64)
    for i, j in np.argwhere(matrix).tolist():
        codes |= np.int64(1) << (n * layouts[:, i, None] + layouts[None, :, j])
    return codes


def _moved(route: Route, number: Layout) -> Route:
    """The same with other numbers for the physical qubits."""
    layouts = tuple(tuple(number[q] for q in layout) for layout in route.layouts)
    return Route(layouts, tuple(tuple((number[a], number[b]) for a, b in gates) for gates in route.cnots))


@lru_cache(maxsize=2)
def _distances(n: int, couplings: tuple[Edge, ...]) -> _Distances:
    return _Distances(n, couplings)


class _Distances:
    """Fewest CNOTs of the maps of n qubits, searched as far as anyone needed; bit n * i + j of a map is entry (i, j)."""

    def __init__(self, n: int, couplings: tuple[Edge, ...]) -> None:
        self.n = n
        self.gates = tuple(edge for a, b in couplings for edge in ((a, b), (b, a)))
        self.table = np.full(1 << n * n, _UNKNOWN, dtype=np.uint8)
        identity = sum(1 << (n + 1) * i for i in range(n))
        self.table[identity] = 0
        self.frontier: _Ints = np.array([identity], dtype=np.int32)  # the widest map has 25 bits
        self.depth = 0

    def known(self, codes: _Ints, missing: int = _FAR) -> _Ints:
        """Fewest CNOTs, or ``missing`` where the search has not been."""
        found: _Ints = self.table[codes].astype(np.int64)
        found[found == _UNKNOWN] = missing
        return found

    def totals(self, codes: Sequence[_Ints]) -> list[_Ints]:
        """Least cost of reaching each layout after 0, 1, ... maps; of the last at least the minimum is certain."""
        while True:
            exact, bound = (self._totals(codes, missing) for missing in (_FAR, self.depth + 1))
            if exact[-1].min() <= bound[-1].min() or not self.frontier.size:
                return exact
            self._deepen()

    def _totals(self, codes: Sequence[_Ints], missing: int) -> list[_Ints]:
        totals = [np.zeros(len(codes[0]), dtype=np.int64)]
        for code in codes:
            totals.append((self.known(code, missing) + totals[-1][None, :]).min(axis=1))
        return totals

    def _deepen(self) -> None:
        """One more CNOT: every gate maps the frontier one to one, so only other gates can have been there before."""
        self.depth += 1
        reached = []
        for gate in self.gates:
            after = self._applied(gate, self.frontier)
            new = after[self.table[after] == _UNKNOWN]
            self.table[new] = self.depth
            reached.append(new)
        self.frontier = np.concatenate(reached)

    def _applied(self, gate: Edge, maps: _Ints) -> _Ints:
        control, target = gate
        row = (1 << self.n) - 1
        return maps ^ (((maps >> self.n * control) & row) << self.n * target)

    def circuit(self, code: int) -> tuple[Edge, ...]:
        """A shortest circuit, gates that can run at once preferred."""
        gates: list[Edge] = []
        busy = [0] * self.n
        while self.table[code]:
            closer = self.table[code] - 1
            steps = [(g, int(self._applied(g, np.array([code]))[0])) for g in self.gates]
            nearer = [(max(busy[a] for a in g), g, after) for g, after in steps if self.table[after] == closer]
            level, gate, code = min(nearer)
            for q in gate:
                busy[q] = level + 1
            gates.append(gate)
        return tuple(reversed(gates))
