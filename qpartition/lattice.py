"""Where the qubits of a chip are drawn."""

from __future__ import annotations

from collections import deque

import networkx as nx

Point = tuple[float, float]


def positions(chip: nx.Graph) -> dict[int, Point]:
    """A point for every qubit, neighbours about 1 apart.

    IBM numbers its lattices, heavy-hex and square, row by row: a coupling of neighbouring numbers runs to the right,
    any other down to the higher number. Where that does not lay out the whole chip without contradiction or overlap,
    as on the small early ones, the couplings are drawn as springs.
    """
    pieces = [chip.subgraph(nodes) for nodes in nx.connected_components(chip)]
    found: dict[int, Point] = {}
    below = 0.0
    for piece in sorted(pieces, key=min):
        local = _by_rows(piece) or _by_springs(piece)
        left, top = min(x for x, _ in local.values()), max(y for _, y in local.values())
        found |= {q: (x - left, y - top + below) for q, (x, y) in local.items()}
        below = min(y for _, y in found.values()) - 1.5
    return found


def _by_rows(chip: nx.Graph) -> dict[int, Point] | None:
    first = min(chip)
    found: dict[int, Point] = {first: (0.0, 0.0)}
    todo = deque([first])
    while todo:
        q = todo.popleft()
        x, y = found[q]
        for other in sorted(chip[q]):
            step = (other - q, 0) if abs(other - q) == 1 else (0, -1 if other > q else 1)
            point = (x + step[0], y + step[1])
            if other not in found:
                found[other] = point
                todo.append(other)
            elif found[other] != point:
                return None
    return found if len(set(found.values())) == len(found) else None


def _by_springs(chip: nx.Graph) -> dict[int, Point]:
    if len(chip) == 1:
        return dict.fromkeys(chip, (0.0, 0.0))
    placed = nx.kamada_kawai_layout(chip, scale=1.0)
    spans = sorted(
        ((placed[a][0] - placed[b][0]) ** 2 + (placed[a][1] - placed[b][1]) ** 2) ** 0.5 for a, b in chip.edges
    )
    unit = spans[len(spans) // 2]
    return {q: (float(x) / unit, float(y) / unit) for q, (x, y) in placed.items()}
