"""Drawings: a chip's coupling map with its cores coloured by what runs on them."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backends.core import Core
from backends.errors import InputError, shown
from backends.qpu import QPU

from .colours import BROKEN, FREE, INK, PALE, RULE, Tenants, counted, tint
from .export import checked_path, write_whole
from .lattice import Point, positions
from .topology import Topology

if TYPE_CHECKING:
    import networkx as nx
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    Placement = Mapping[str, Core | str]

_UNIT = 0.56
"""Inches between neighbouring qubits."""
_NARROWEST = 9.0
"""Units that the title and the legend need."""


def draw_chip(source: Topology | QPU, name: str | None, path: Path | str, placement: Placement | None = None) -> Path:
    """Draw a chip: its qubits and couplings, its cores, and what runs where.

    Args:
        source: The topology, or a QPU, then without cores.
        name: Name of the QPU in the topology; not needed where there is one only.
        path: File to replace; ``.png``, ``.svg`` or ``.pdf``.
        placement: Core (or its name) by sub-VQC key, as a mapping gives it; cores of other QPUs are passed over.

    Raises:
        InputError: For an unknown QPU, a core that is not there, another suffix, or a file that cannot be written.
    """
    return save_figure(chip_figure(source, name, placement), path)


def chip_figure(source: Topology | QPU, name: str | None, placement: Placement | None = None) -> Figure:
    """The figure that `draw_chip` saves; arguments and errors are the same."""
    topology = source if isinstance(source, Topology) else None
    chosen = _name(source, name)
    cores = [] if topology is None else [core for core in topology.cores if core.qpu == chosen]
    tenants = Tenants.of(placement, () if topology is None else topology.cores)
    tenants = Tenants({core.name: tenants.keys[core.name] for core in cores}, tenants.colours)
    chip = _bare(source) if isinstance(source, QPU) else source.chip(chosen)
    if not len(chip):
        raise InputError(f"{chosen} is ideal and has no couplings to draw; draw a device, or the topology")
    at = positions(chip)
    figure, axes = _canvas(at)
    _couplings(axes, chip, at, tenants)
    _qubits(axes, chip, at, tenants)
    _labels(axes, chip, at, cores, tenants)
    _legend(axes, chip, tenants, bool(cores))
    used = sum(len(core.qubits) for core in cores)
    axes.set_title(
        f"{chosen}: {len(chip)} qubits" + (f", {used} of them in {counted(len(cores), 'core')}" if cores else ""),
        color=INK, loc="left", fontsize=13, pad=10,
    )  # fmt: skip
    return figure


def _name(source: Topology | QPU, name: str | None) -> str:
    if name is not None and not isinstance(name, str):
        raise InputError(f"name={shown(name)} of the chip must be the name of a QPU, or None")
    if isinstance(source, QPU):
        return name or source.name
    if not isinstance(source, Topology):
        raise InputError(f"{shown(source)} cannot be drawn; give a Topology or a QPU")
    if name is None and len(source.qpus) > 1:
        raise InputError(f"which of {', '.join(source.qpus)} is to be drawn? give its name")
    return next(iter(source.qpus)) if name is None else name


def _bare(qpu: QPU) -> nx.Graph:
    from .graph import chip_graph

    return chip_graph(qpu, ())


def _canvas(at: Mapping[int, Point]) -> tuple[Figure, Axes]:
    # Figure itself, not pyplot: no window system, no global state.
    from matplotlib.figure import Figure

    xs, ys = zip(*at.values(), strict=True)
    width, height = max(max(xs) - min(xs) + 1.2, _NARROWEST), max(ys) - min(ys) + 1.2
    figure = Figure(figsize=(_UNIT * width + 0.4, _UNIT * height + 1.3), layout="constrained")
    axes = figure.subplots()
    middle = (min(xs) + max(xs)) / 2
    axes.set(xlim=(middle - width / 2, middle + width / 2), ylim=(min(ys) - 0.6, max(ys) + 0.6), aspect="equal")
    axes.axis("off")
    return figure, axes


def _couplings(axes: Axes, chip: nx.Graph, at: Mapping[int, Point], tenants: Tenants) -> None:
    from matplotlib.collections import LineCollection

    def lines(edges: Iterable[tuple[int, int]], **style: Any) -> None:
        axes.add_collection(LineCollection([(at[a], at[b]) for a, b in edges], capstyle="round", **style))

    works = [(a, b) for a, b, data in chip.edges(data=True) if data["works"] and not data["core"]]
    broken = [(a, b) for a, b, data in chip.edges(data=True) if not data["works"]]
    lines(works, colors=RULE, linewidths=1.4, zorder=1)
    lines(broken, colors=BROKEN, linewidths=1.4, linestyles=(0, (1, 2)), zorder=1)
    for core in tenants.keys:
        inside = [(a, b) for a, b, data in chip.edges(data=True) if data["core"] == core and data["works"]]
        lines(inside, colors=[tint(tenants.colour(core))], linewidths=17, zorder=0)
        lines(inside, colors=tenants.colour(core), linewidths=3.2, zorder=2)


def _qubits(axes: Axes, chip: nx.Graph, at: Mapping[int, Point], tenants: Tenants) -> None:
    from matplotlib.patches import Circle

    for q, data in chip.nodes(data=True):
        core = data["core"]
        face = tenants.colour(core) if core else PALE
        edge = face if core else RULE
        if core:
            axes.add_patch(Circle(at[q], 0.37, facecolor=tint(face), linewidth=0, zorder=0))
        if not data["works"]:
            face, edge = "white", BROKEN
        axes.add_patch(Circle(at[q], 0.27, facecolor=face, edgecolor=edge, linewidth=1.2, zorder=3))
        ink = "white" if core and face != FREE else (INK if data["works"] else BROKEN)
        axes.text(*at[q], str(q), ha="center", va="center", fontsize=7.5, color=ink, zorder=4)


def _labels(axes: Axes, chip: nx.Graph, at: Mapping[int, Point], cores: list[Core], tenants: Tenants) -> None:
    """The label of a core in the free space next to it."""
    taken = list(at.values())
    for a, b in chip.edges:
        (xa, ya), (xb, yb) = at[a], at[b]
        taken += [(xa + t * (xb - xa), ya + t * (yb - ya)) for t in (0.25, 0.5, 0.75)]
    for core in cores:
        text = tenants.label(core.name)
        if text:
            x, y = _gap([at[q] for q in core.qubits], taken)
            taken += [(x + dx, y) for dx in (-0.6, -0.3, 0.0, 0.3, 0.6)]
            axes.text(
                x, y, text, ha="center", va="center", fontsize=8.5, weight="bold", color=tenants.colour(core.name),
                zorder=5, bbox={"facecolor": "white", "alpha": 0.8, "linewidth": 0, "boxstyle": "round,pad=0.12"},
            )  # fmt: skip


def _gap(own: list[Point], taken: list[Point]) -> Point:
    """The point near a core that is farthest from everything drawn, width counting half as much as height."""
    steps = [k / 4 for k in range(-6, 7)]
    near = {(x + dx, y + dy) for x, y in own for dx in steps for dy in steps if 0.4 <= max(abs(dx), abs(dy)) <= 1.25}

    middle = sum(x for x, _ in own) / len(own), sum(y for _, y in own) / len(own)

    def worth(point: Point) -> tuple[float, Point]:
        x, y = point
        room = min(((x - a) / 1.8) ** 2 + (y - b) ** 2 for a, b in taken) ** 0.5
        reach = min((x - a) ** 2 + (y - b) ** 2 for a, b in own) ** 0.5
        return min(room, 0.5) - 0.25 * reach - 0.05 * ((x - middle[0]) ** 2 + (y - middle[1]) ** 2) ** 0.5, point

    return max(near, key=worth)


def _legend(axes: Axes, chip: nx.Graph, tenants: Tenants, has_cores: bool) -> None:
    from matplotlib.lines import Line2D

    def dot(label: str, face: str, edge: str) -> Line2D:
        return Line2D([], [], marker="o", linestyle="", markersize=9, label=label, markerfacecolor=face,
                      markeredgecolor=edge)  # fmt: skip

    handles = [dot(label, colour, colour) for label, colour in tenants.legend.items()]
    if not has_cores or any(data["works"] and not data["core"] for _, data in chip.nodes(data=True)):
        handles.append(dot("unused qubit" if has_cores else "qubit", PALE, RULE))
    if any(not data["works"] for _, data in chip.nodes(data=True)):
        handles.append(dot("broken qubit", "white", BROKEN))
    if any(not data["works"] for *_, data in chip.edges(data=True)):
        handles.append(Line2D([], [], color=BROKEN, linestyle=(0, (1, 2)), label="broken coupling"))
    columns = max(2, int((axes.get_xlim()[1] - axes.get_xlim()[0]) / 3.3))
    axes.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.01), ncols=columns, frameon=False)


def save_figure(figure: Figure, path: Path | str) -> Path:
    """Write a figure by the suffix of its path, all of it or nothing.

    Raises:
        InputError: For a suffix that matplotlib does not know, or a file that cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    place, buffer = checked_path(path), io.BytesIO()
    kind = place.suffix.lower().removeprefix(".")
    known = FigureCanvasAgg(figure).get_supported_filetypes()
    if kind not in known:
        raise InputError(f"cannot draw into {place.name!r}: its suffix must be one of {', '.join(sorted(known))}")
    figure.savefig(buffer, format=kind, dpi=130)
    write_whole(place, buffer.getvalue())
    return place
