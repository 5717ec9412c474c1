"""Disjoint connected regions of a coupling graph, by summed error, best first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .core import Edge

_BEAM = 64
"""Partial regions kept per starting qubit; up to 5 qubits on IBM's lattices that is all of them."""


@dataclass(frozen=True)
class Region:
    """A connected set of qubits, ascending, and its summed error."""

    qubits: tuple[int, ...]
    error: float


class _Graph:
    """Errors of qubits and couplings; sets of qubits are the bits of an integer."""

    def __init__(
        self, qubits: Mapping[int, float], couplings: Mapping[Edge, float], wiring: Iterable[Edge] = ()
    ) -> None:
        self.qubits = dict(sorted(qubits.items()))
        self.links: dict[int, dict[int, float]] = {q: {} for q in self.qubits}
        for (a, b), error in couplings.items():
            if a in self.links and b in self.links:
                self.links[a][b] = self.links[b][a] = error
        self.near = {q: _mask(links) for q, links in self.links.items()}
        self.wired = dict(self.near)
        for a, b in wiring:
            self.wired[a] = self.wired.get(a, 0) | 1 << b
            self.wired[b] = self.wired.get(b, 0) | 1 << a

    def added(self, qubit: int, region: int) -> float:
        """Error that a qubit and its couplings into a region add."""
        return self.qubits[qubit] + sum(error for other, error in self.links[qubit].items() if region >> other & 1)

    def around(self, region: int, distance: int) -> int:
        """The region and all qubits within a distance of it, along broken couplings too."""
        for _ in range(distance):
            reach = region
            for qubit in _bits(region):
                reach |= self.wired.get(qubit, 0)
            if reach == region:
                break
            region = reach
        return region

    def component(self, start: int, allowed: int) -> int:
        """All qubits of ``allowed`` that are connected to ``start``."""
        seen, frontier = 0, 1 << start
        while frontier:
            seen |= frontier
            reach = 0
            for qubit in _bits(frontier):
                reach |= self.near[qubit]
            frontier = reach & allowed & ~seen
        return seen


def disjoint_regions(
    qubits: Mapping[int, float],
    couplings: Mapping[Edge, float],
    size: int,
    guard: int = 0,
    wiring: Iterable[Edge] = (),
) -> tuple[Region, ...]:
    """As many disjoint connected regions of ``size`` qubits as greedy choice finds, lowest summed error first.

    The error of a region is the sum over its qubits and over all couplings inside it. Regions are grown from
    every qubit by a beam search, which is exhaustive for small sizes; the result is deterministic and maximal.

    Args:
        qubits: Error of every usable qubit.
        couplings: Error of every usable coupling, keyed by either direction.
        size: Qubits per region, at least 1.
        guard: Qubits on every path between two regions, at least.
        wiring: Couplings that only the guard counts: broken ones, and those of broken qubits, still carry crosstalk.
    """
    graph = _Graph(qubits, couplings, wiring)
    free = _mask(graph.qubits)
    chosen: list[Region] = []
    while pool := _grown(graph, free, size):
        for error, region in sorted((error, region) for region, error in pool.items()):
            if region & free == region:
                free &= ~graph.around(region, guard)
                chosen.append(Region(tuple(_bits(region)), error))
    return tuple(sorted(chosen, key=lambda r: (r.error, r.qubits)))


def first_close(
    regions: Sequence[Sequence[int]], wiring: Iterable[Edge], guard: int
) -> tuple[Sequence[int], Sequence[int]] | None:
    """The first two regions with fewer than ``guard`` qubits between them; None where all are far enough apart."""
    graph = _Graph({}, {}, wiring)
    for number, region in enumerate(regions):
        around = graph.around(_mask(region), guard)
        for other in regions[number + 1 :]:
            if around & _mask(other):
                return region, other
    return None


def connected_regions(qubits: Mapping[int, float], couplings: Mapping[Edge, float], size: int) -> tuple[Region, ...]:
    """Connected regions of ``size`` qubits, overlapping ones too, lowest summed error first; all, for small sizes."""
    graph = _Graph(qubits, couplings)
    pool = _grown(graph, _mask(graph.qubits), size)
    return tuple(Region(tuple(_bits(region)), error) for error, region in sorted((e, r) for r, e in pool.items()))


def is_connected(qubits: Mapping[int, float], couplings: Mapping[Edge, float]) -> bool:
    """Whether all of the qubits hang together."""
    return len(largest_component(qubits, couplings).qubits) == len(qubits)


def largest_component(qubits: Mapping[int, float], couplings: Mapping[Edge, float]) -> Region:
    """The largest connected set of qubits (the one with the lowest first qubit among equals), with its summed error."""
    graph = _Graph(qubits, couplings)
    everything = _mask(graph.qubits)
    best = max((graph.component(q, everything) for q in graph.qubits), key=int.bit_count, default=0)
    error, grown = 0.0, 0
    for qubit in _bits(best):
        error += graph.added(qubit, grown)
        grown |= 1 << qubit
    return Region(tuple(_bits(best)), error)


def _grown(graph: _Graph, free: int, size: int) -> dict[int, float]:
    """Regions inside ``free``, with their errors."""
    beam = max(1, min(_BEAM, 4096 // size**2))
    pool: dict[int, float] = {}
    too_small = 0
    for start in _bits(free):
        if too_small >> start & 1:
            continue
        component = graph.component(start, free)
        if component.bit_count() < size:
            too_small |= component
            continue
        pool.update(_grown_from(graph, start, free, size, beam))
    return pool


def _grown_from(graph: _Graph, start: int, free: int, size: int, beam: int) -> dict[int, float]:
    kept = {1 << start: graph.qubits[start]}
    for _ in range(size - 1):
        larger: dict[int, float] = {}
        for region, error in kept.items():
            reach = 0
            for qubit in _bits(region):
                reach |= graph.near[qubit]
            for qubit in _bits(reach & free & ~region):
                grown = region | 1 << qubit
                if grown not in larger:
                    larger[grown] = error + graph.added(qubit, region)
        best = sorted((error, region) for region, error in larger.items())[:beam]
        kept = {region: error for error, region in best}
    return kept


def _mask(qubits: Iterable[int]) -> int:
    total = 0
    for qubit in qubits:
        total |= 1 << qubit
    return total


def _bits(mask: int) -> list[int]:
    found = []
    while mask:
        low = mask & -mask
        found.append(low.bit_length() - 1)
        mask ^= low
    return found
