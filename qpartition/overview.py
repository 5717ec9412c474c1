"""Drawing of a topology: its QPUs, their cores, what runs where, and the links between them."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

from backends.core import Core
from backends.errors import check_is

from .colours import FREE, INK, PALE, RULE, Tenants, counted, tint
from .drawing import save_figure
from .graph import HOST
from .topology import Topology

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    Placement = Mapping[str, Core | str]

_TILE = 0.62
"""Inches of a core."""
_PANELS = 3
"""QPUs side by side, at most."""
_HEAD, _GAP = 1.0, 0.9
"""Height of a panel's head and distance of panels, in tiles."""


def draw_topology(topology: Topology, path: Path | str, placement: Placement | None = None) -> Path:
    """Draw all QPUs with their cores as tiles, best first, by what runs there; and the host that links them.

    Args:
        topology: What is drawn.
        path: File to replace; ``.png``, ``.svg`` or ``.pdf``.
        placement: Core (or its name) by sub-VQC key, as a mapping gives it.

    Raises:
        InputError: For a core that is not there, another suffix, or a file that cannot be written.
    """
    from matplotlib.figure import Figure

    check_is(topology, Topology, "make one with Topology([open_qpu(...), ...])")
    tenants = Tenants.of(placement, topology.cores)
    cores = {name: [core for core in topology.cores if core.qpu == name] for name in topology.qpus}
    widest = max(map(len, cores.values()))
    across = max(5, min(8, ceil((1.4 * widest) ** 0.5)))
    rows = [list(cores)[i : i + _PANELS] for i in range(0, len(cores), _PANELS)]
    columns = max(map(len, rows))
    width = max(columns * (across + _GAP), 7.0)
    heights = [max(_height(len(cores[name]), across) for name in row) for row in rows]
    height = 1.9 + sum(heights) + _GAP * len(rows)
    figure = Figure(figsize=(_TILE * width + 0.3, _TILE * height + 0.6), layout="constrained")
    axes = figure.subplots()
    axes.set(xlim=(0, width), ylim=(-height, 0.1), aspect="equal")
    axes.axis("off")
    _host(axes, topology, width)
    top = 1.9
    for row, tall in zip(rows, heights, strict=True):
        left = (width - len(row) * (across + _GAP) + _GAP) / 2
        for k, name in enumerate(row):
            corner = left + k * (across + _GAP), -top
            _wire(axes, corner[0] + across / 2, corner[1], width / 2, first=row is rows[0])
            _panel(axes, topology, name, cores[name], corner, across, tenants)
        top += tall + _GAP
    _legend(axes, tenants)
    return save_figure(figure, path)


def _height(cores: int, across: int) -> float:
    """Of a panel, in tiles."""
    return _HEAD + max(1, ceil(cores / across)) + 0.15


def _host(axes: Axes, topology: Topology, width: float) -> None:
    from matplotlib.patches import FancyBboxPatch

    latencies = sorted(set(topology.links.values()))
    axes.add_patch(
        FancyBboxPatch((width / 2 - 1.9, -0.85), 3.8, 0.7, boxstyle="round,pad=0.05,rounding_size=0.2", facecolor=INK,
                       linewidth=0, zorder=3)
    )  # fmt: skip
    axes.text(width / 2, -0.5, HOST, ha="center", va="center", color="white", fontsize=11, zorder=4)
    if not latencies:
        return
    if len(latencies) == 1:
        text = f"{latencies[0]:g} s between any two QPUs"
    elif len(topology.links) <= 6:
        text = "\n".join(f"{a} to {b}: {s:g} s" for (a, b), s in topology.links.items())
    else:
        text = f"{latencies[0]:g} to {latencies[-1]:g} s between two QPUs"
    axes.text(width / 2 + 2.15, -0.5, text, ha="left", va="center", color=INK, fontsize=8, zorder=4)


def _wire(axes: Axes, x: float, y: float, middle: float, first: bool) -> None:
    """From the host down to a panel; panels of the lower rows hang behind the upper ones."""
    bend = -1.35 if first else y + 0.45
    points = [(middle, -0.5), (middle, bend), (x, bend), (x, y)]
    xs, ys = zip(*points, strict=True)
    axes.plot(xs, ys, color=RULE, linewidth=2.0, zorder=0, solid_joinstyle="round")


def _panel(
    axes: Axes, topology: Topology, name: str, cores: list[Core], corner: tuple[float, float], across: int,
    tenants: Tenants,
) -> None:  # fmt: skip
    from matplotlib.patches import FancyBboxPatch

    (x, y), tall = corner, _height(len(cores), across)
    axes.add_patch(
        FancyBboxPatch((x, y - tall), across, tall, boxstyle="round,pad=0.1,rounding_size=0.2", facecolor="white",
                       edgecolor=RULE, linewidth=1.4, zorder=1)
    )  # fmt: skip
    qpu = topology.qpus[name]
    axes.text(x + 0.1, y - 0.28, name, ha="left", va="center", fontsize=11, weight="bold", color=INK, zorder=3)
    widths = sorted({core.num_qubits for core in cores})
    of = f" of {' or '.join(map(str, widths))}" if widths else ""
    used = sum(bool(tenants.keys[core.name]) for core in cores)
    about = f"{qpu.num_qubits} qubits, {counted(len(cores), 'core')}{of}" + (f", {used} in use" if used else "")
    axes.text(x + 0.1, y - 0.7, about, ha="left", va="center", fontsize=8, color=INK, zorder=3)
    for i, core in enumerate(cores):
        _tile(axes, core, x + i % across, y - _HEAD - i // across, tenants)


def _tile(axes: Axes, core: Core, x: float, y: float, tenants: Tenants) -> None:
    from matplotlib.patches import FancyBboxPatch

    colour, label = tenants.colour(core.name), tenants.label(core.name)
    axes.add_patch(
        FancyBboxPatch((x + 0.1, y - 0.9), 0.8, 0.8, boxstyle="round,pad=0.04,rounding_size=0.12",
                       facecolor=PALE if colour == FREE else tint(colour), edgecolor=colour,
                       linewidth=0.6 if colour == FREE else 1.6, zorder=2)
    )  # fmt: skip
    number = core.name.rpartition("/")[2]
    ink = INK if label else "#6b7a82"
    axes.text(
        x + 0.14, y - 0.22, number if len(number) < 5 else "", fontsize=6, color=ink, ha="left", va="center", zorder=3
    )
    if core.error:
        axes.text(x + 0.86, y - 0.8, f"{core.error:.2f}", fontsize=5.5, color=ink, ha="right", va="center", zorder=3)
    axes.text(x + 0.5, y - 0.51, label.replace(" +", "\n+"), fontsize=7.5, weight="bold", color=INK, ha="center",
              va="center", linespacing=0.95, zorder=3)  # fmt: skip


def _legend(axes: Axes, tenants: Tenants) -> None:
    from matplotlib.patches import Patch

    handles = [
        Patch(facecolor=PALE if colour == FREE else tint(colour), edgecolor=colour, label=label)
        for label, colour in tenants.legend.items()
    ]
    handles.append(Patch(facecolor="none", edgecolor="none", label="top left: core; bottom right: summed error"))
    axes.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=4, frameon=False, fontsize=8)
