"""What a section is made of; the template knows how each looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from markupsafe import Markup


@dataclass(frozen=True)
class Text:
    """A paragraph; ``note`` is one in the margin's tone: what is missing, or how a number was got."""

    text: str
    note: bool = False
    kind: ClassVar[str] = "text"


@dataclass(frozen=True)
class Facts:
    """Names and values."""

    title: str
    items: Sequence[tuple[str, str]]
    kind: ClassVar[str] = "facts"


@dataclass(frozen=True)
class Table:
    """Rows of cells.

    Attributes:
        caption: What it shows.
        header: Of every column.
        rows: The first cell of each names it.
        strong: Number of a row that stands out.
        folded: Shown when it is asked for.
    """

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    strong: int | None = None
    folded: bool = False
    kind: ClassVar[str] = "table"


@dataclass(frozen=True)
class Picture:
    """A drawing.

    Attributes:
        svg: See `svg.inline`.
        caption: Below it.
        least: It scrolls where there is less room, instead of becoming too small to read; rem.
    """

    svg: Markup
    caption: str
    least: int = 30
    kind: ClassVar[str] = "picture"


@dataclass(frozen=True)
class Code:
    """A command."""

    text: str
    kind: ClassVar[str] = "code"


Block = Text | Facts | Table | Picture | Code


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Attributes:
        id: Its anchor.
        title: Its heading.
        blocks: In order.
    """

    id: str
    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Tile:
    """One number of the head of the page."""

    name: str
    value: str
    note: str = ""
