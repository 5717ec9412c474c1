"""What a command says: to people on stdout, or one JSON object there and nothing else."""

from __future__ import annotations

import json as _json
import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from backends.errors import BudgetError

if TYPE_CHECKING:
    from rich.console import Console


_WIDE = 200
"""Characters of a line that must not be cut."""


class Output:
    """Where a command writes.

    Args:
        json: Only `result` writes to stdout.
        quiet: Nothing but `warn` and, with ``json``, `result` is written.
    """

    def __init__(self, *, json: bool = False, quiet: bool = False) -> None:
        self.json, self.talks = json, not (json or quiet)
        self._console = _console()

    def say(self, line: str) -> None:
        """A line for people."""
        if self.talks:
            self._console.print(line)

    def warn(self, line: str) -> None:
        """A line on stderr that is not an error."""
        sys.stderr.write(f"{line}\n")

    def table(self, title: str, values: Mapping[str, Any]) -> None:
        """Names and numbers."""
        rows = [(name.replace("_", " "), _shown(value)) for name, value in values.items()]
        self.rows(title, ("", ""), rows)

    def rows(self, title: str, header: Sequence[str], rows: Iterable[Sequence[str]], *, whole: bool = False) -> None:
        """A table, one row per line; with ``whole`` no cell is cut, however wide the lines become."""
        if self.talks:
            from rich.box import SIMPLE_HEAD
            from rich.table import Table

            table = Table(title=title, box=SIMPLE_HEAD, show_header=any(header), show_edge=False, title_justify="left")
            table.padding, table.pad_edge = (0, 1, 0, 0), False
            for name in header:
                table.add_column(name, no_wrap=name != header[-1])
            for row in rows:
                table.add_row(*row)
            console = _console(max(_WIDE, self._console.width)) if whole else self._console
            console.print()
            console.print(table, soft_wrap=False)

    def result(self, value: Mapping[str, Any]) -> None:
        """The JSON object; numbers that are not finite become null."""
        if self.json:
            sys.stdout.write(_json.dumps(_finite(value), allow_nan=False) + "\n")

    @contextmanager
    def refusal(self) -> Iterator[None]:
        """Context in which a refusal by the budget is a result too, before it goes on as an error."""
        try:
            yield
        except BudgetError as error:
            self.result({"status": "refused", "error": str(error)})
            raise


def _console(width: int | None = None) -> Console:
    from rich.console import Console

    return Console(soft_wrap=True, highlight=False, markup=False, emoji=False, width=width)


def _shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
