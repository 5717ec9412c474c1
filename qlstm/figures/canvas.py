"""What all figures of a run share: colours, an empty figure, and how one is saved."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from ..training.files import write_atomic

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TRAIN, TEST, TRUTH = "#1f6f8b", "#d1495b", "#444444"
SIGMAS = 2
"""Half width of a band, in standard errors."""


def blank(width: float, rows: int = 1) -> tuple[Figure, list[Axes]]:
    """A figure of so many panels, one below the other, ``width`` inches wide."""
    # Figure itself, not pyplot: no window system, no global state.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, 3.6 * rows), layout="constrained")
    panels = figure.subplots(rows, 1, squeeze=False, sharex=True)[:, 0]
    for axes in panels:
        axes.spines[["top", "right"]].set_visible(False)
    return figure, list(panels)


def save(figure: Figure, path: Path | str) -> Path:
    """Replace ``path`` by the figure as PNG.

    Raises:
        InputError: If the file cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    buffer = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(buffer, format="png", dpi=120)
    write_atomic(Path(path), buffer.getvalue())
    return Path(path)
