"""Figures as SVG inside the page: text stays text, colours follow the page's scheme, the bytes are always the same."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from qpartition.colours import BROKEN, FREE, GATES, INK, PALE, RULE, SEVERAL, tint

from ..figures import TEST, TRAIN, TRUTH

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Palette = Mapping[str, str]
"""Colour as matplotlib writes it -> colour of the page."""

CURVES: Palette = {
    TRAIN: "var(--train)", TEST: "var(--test)", TRUTH: "var(--truth)", "#000000": "var(--ink)", "#ffffff": "var(--paper)",
    "#cccccc": "var(--rule)",
}  # fmt: skip


def _hex(rgb: tuple[float, float, float]) -> str:
    from matplotlib.colors import to_hex

    return str(to_hex(rgb))


def chip_palette() -> Palette:
    """Of drawings of chips: full colours stay, what is mixed with white there is mixed with the page here."""
    shades = {_hex(tint(c)): f"color-mix(in srgb, {c} 26%, var(--paper))" for c in (*GATES, SEVERAL, FREE)}
    plain = {
        FREE: "var(--free)",
        INK: "var(--ink)", PALE: "var(--pale)", RULE: "var(--rule)", BROKEN: "var(--bad)", "#ffffff": "var(--paper)",
        "#000000": "var(--ink)",
    }  # fmt: skip
    return {**shades, **plain}


_TEXT_OVER_PAPER = {c: f"color-mix(in srgb, {c} 62%, var(--ink))" for c in (*GATES, SEVERAL)}
"""Labels in the colour of a gate, dark enough on a light page and light enough on a dark one."""


@contextmanager
def style() -> Iterator[None]:
    """Within, figures are made and saved as the page needs them, whatever the user's own settings of matplotlib."""
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "qlstm"})
        yield


def inline(draw: Callable[[], Figure], name: str, label: str, palette: Palette) -> Markup:
    """A figure as an ``<svg>`` element.

    Args:
        draw: Makes the figure.
        name: Put before every id, so that several figures can stand on one page.
        label: What it shows, for those who do not see it.
        palette: Colours.
    """
    with style():
        buffer = io.StringIO()
        draw().savefig(
            buffer,
            format="svg",
            transparent=True,
            metadata={"Date": None, "Creator": None, "Type": None, "Format": None},
        )
    body = buffer.getvalue()
    body = body[body.index("<svg") :]
    head, _, rest = body.partition(">")
    box = re.search(r'viewBox="[^"]*"', head)
    rest = re.sub(r"<metadata>.*?</metadata>\s*", "", rest, flags=re.DOTALL)
    rest = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>\s*", "", rest, flags=re.DOTALL)
    rest = re.sub(r"<!--.*?-->\s*", "", rest, flags=re.DOTALL)
    rest = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', rest)
    rest = re.sub(r'href="#([^"]+)"', rf'href="#{name}-\1"', rest).replace("url(#", f"url(#{name}-")
    rest = _coloured(_compact(rest), palette)
    shown = escape(label)
    width = _width(box[0] if box else "")
    return Markup(
        f'<svg {box[0] if box else ""} xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'role="img" aria-label="{shown}" style="--natural: {width}px"><title>{shown}</title>{rest}'
    )


def _compact(svg: str) -> str:
    """Hundredths of a point are enough, and one space between two numbers."""
    return re.sub(r"\s+", " ", re.sub(r"(\d\.\d\d)\d+", r"\1", svg)).replace("> <", "><")


def _width(box: str) -> int:
    numbers = re.findall(r"[\d.]+", box)
    return round(float(numbers[2]) * 4 / 3) if len(numbers) == 4 else 640


def _coloured(svg: str, palette: Palette) -> str:
    """Colours of the page, and its letters, in the place of matplotlib's."""
    pieces = re.split(r"(<text\b[^>]*>)", svg)
    for i, piece in enumerate(pieces):
        text = piece.startswith("<text")
        colours = {**palette, **_TEXT_OVER_PAPER, "#ffffff": "#ffffff"} if text else palette
        piece = re.sub(r"#[0-9a-f]{6}\b", lambda found, c=colours: c.get(found[0], found[0]), piece)
        pieces[i] = piece
    return re.sub(r"(font-family: |font: [^;\"']*)'DejaVu[^;\"]*", r"\1var(--letters)", "".join(pieces))
