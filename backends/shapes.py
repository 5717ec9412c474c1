"""The shape of a region: which instructions it has where, whatever its qubits are called and however good they are.

Regions of one shape share their transpiled circuits; what differs is where each of the shape's qubits is placed.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from .core import Edge

Names = tuple[str, ...]
Placement = tuple[int, ...]
"""Qubit of the region that stands for each qubit of the shape."""
_LEAVES = 720
"""Numberings compared at most: all there are, but for more than six qubits that cannot be told apart."""


@dataclass(frozen=True)
class Shape:
    """Instructions of the qubits 0..n-1 and of the directed couplings between them, numbered canonically.

    Attributes:
        nodes: Names of the one-qubit instructions of every qubit.
        links: Directed coupling and the names of its instructions, sorted.
    """

    nodes: tuple[Names, ...]
    links: tuple[tuple[Edge, Names], ...]

    @property
    def num_qubits(self) -> int:
        """Number of qubits."""
        return len(self.nodes)

    @property
    def couplings(self) -> tuple[Edge, ...]:
        """The couplings without direction, lower qubit first, sorted."""
        return tuple(sorted({(min(a, b), max(a, b)) for (a, b), _ in self.links}))


def shape_of(nodes: Sequence[Names], links: Mapping[Edge, Names]) -> tuple[Shape, tuple[Placement, ...]]:
    """The shape of a region and every placement of it there, its symmetries included.

    Regions that differ only in the numbers of their qubits give the same shape (canonical labelling: colours are
    refined by the neighbours' until qubits differ, ties broken in every way, the smallest description taken).

    Args:
        nodes: Names of the instructions of each qubit.
        links: Names of the instructions of each directed coupling.
    """
    region = _Region(tuple(nodes), dict(links))
    ranks = _ranked(region.nodes)
    best: Shape | None = None
    placements: list[Placement] = []
    for count, placement in enumerate(region.numberings(ranks)):
        shape = region.numbered(placement)
        if best is None or _order(shape) < _order(best):
            best, placements = shape, []
        if shape == best:
            placements.append(placement)
        if count + 1 == _LEAVES:
            break
    assert best is not None
    return best, tuple(sorted(placements))


def _order(shape: Shape) -> tuple[tuple[Names, ...], tuple[tuple[Edge, Names], ...]]:
    return shape.nodes, shape.links


class _Region:
    def __init__(self, nodes: tuple[Names, ...], links: dict[Edge, Names]) -> None:
        self.nodes, self.links = nodes, links
        none: Names = ()
        self.near: list[list[tuple[int, Names, Names]]] = [[] for _ in nodes]
        for a, b in sorted({*links, *((b, a) for a, b in links)}):
            self.near[a].append((b, links.get((a, b), none), links.get((b, a), none)))

    def refined(self, colours: list[int]) -> list[int]:
        """Colours split by the colours of the neighbours, until nothing changes."""
        while True:
            finer = _ranked(
                [
                    (colours[q], tuple(sorted((colours[other], out, back) for other, out, back in near)))
                    for q, near in enumerate(self.near)
                ]
            )
            if max(finer) == max(colours):
                return finer
            colours = finer

    def numberings(self, colours: list[int]) -> Iterator[Placement]:
        """All numberings that agree with the colours, where these leave a choice one for every choice."""
        colours = self.refined(colours)
        count = [colours.count(colour) for colour in range(max(colours) + 1)]
        if max(count) == 1:
            yield tuple(sorted(range(len(colours)), key=colours.__getitem__))
            return
        tied = next(colour for colour, number in enumerate(count) if number > 1)
        for chosen in [q for q, colour in enumerate(colours) if colour == tied]:
            yield from self.numberings(_ranked([(c, q != chosen) for q, c in enumerate(colours)]))

    def numbered(self, placement: Placement) -> Shape:
        number = {q: i for i, q in enumerate(placement)}
        links = sorted(((number[a], number[b]), names) for (a, b), names in self.links.items())
        return Shape(tuple(self.nodes[q] for q in placement), tuple(links))


def _ranked(values: Sequence[Hashable]) -> list[int]:
    """0, 1, ... in place of the values, equal ones alike, in their order."""
    rank = {value: i for i, value in enumerate(sorted(set(values)))}  # type: ignore[type-var]
    return [rank[value] for value in values]
