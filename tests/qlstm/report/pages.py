"""Reading a page without a browser."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "img", "br", "hr", "input"}


@dataclass
class Page(HTMLParser):
    """Elements of a page, and the text of every section."""

    html: str
    ids: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    policy: str = ""
    links: list[str] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    tables: dict[str, list[list[str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()
        self.section, self.open, self.rows, self.cell = "head", list[str](), list[list[str]](), False
        self.feed(self.html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        given = dict(attrs)
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.links += [value for name, value in attrs if name in ("href", "src", "xlink:href") and value]
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"] or ""
        if tag == "section":
            self.section = given["id"] or ""
        if tag == "table":
            self.rows = self.tables.setdefault(given["aria-label"] or "", [])
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self.cell = True
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        self.cell = self.cell and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.texts[self.section] = self.texts.get(self.section, "") + data
            if self.cell:
                self.rows[-1][-1] += data

    def row(self, caption: str, name: str) -> dict[str, str]:
        """A row of a table by its first cell, by header."""
        header, *rows = self.tables[caption]
        return next(dict(zip(header, row, strict=True)) for row in rows if row[0] == name)
