"""A CSV file as text: delimiter, header and rows, with the line number of every row."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from backends.errors import InputError
from qlstm.tasks.cells import is_number, shown

DELIMITERS = ",;\t|"


@dataclass(frozen=True)
class Table:
    """The cells of a file, stripped of surrounding blanks.

    Attributes:
        path: The file.
        header: Names of the columns; an unnamed one is ``""``.
        rows: Cells, each row as long as the header.
        lines: Line number in the file of each row, counted from 1.
    """

    path: Path
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]

    def column(self, index: int) -> list[str]:
        """The cells of one column, from the first row to the last."""
        return [row[index] for row in self.rows]


def read_table(path: Path) -> Table:
    """Read a CSV file in UTF-8 (with or without BOM), separated by comma, semicolon, tab or bar.

    Raises:
        InputError: Where it cannot be read, has no header, an empty line or rows of different lengths.
    """
    text = _read_text(path)
    records = _records(path, text, _delimiter(text))
    _, header = next(records, (0, []))
    if not any(header):
        where = "line 1 is empty" if text.strip() else "the file is empty"
        raise InputError(f"{path}: {where}, it needs a line with column names, then one line per point")
    _check_header(path, header)
    lines, rows = [], []
    for line, row in _without_trailing_blanks(records):
        _check_row(path, line, row, len(header))
        lines.append(line)
        rows.append(tuple(row))
    if not rows:
        raise InputError(f"{path} has a header but no data: it needs one line per point")
    return Table(path, tuple(header), tuple(rows), tuple(lines))


def _read_text(path: Path) -> str:
    if not str(path).isprintable():
        raise InputError(f"the path {str(path)!r} holds control characters: rename the file")
    if path.is_dir():
        raise InputError(f"{path} is a folder: give a CSV file")
    try:
        if path.exists() and not path.is_file():
            raise InputError(f"{path} is not a regular file: give a CSV file")
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"no file {path}: check the path") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text (byte {error.start}): save it as CSV in UTF-8") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"{path} cannot be read ({reason}): check the path and its permissions") from None


def _parse(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True)
    for row in reader:
        yield reader.line_num, [cell.strip() for cell in row]


def _delimiter(text: str) -> str:
    """The candidate that gives the first rows the same number of cells, more than one; else the most cells."""

    def score(delimiter: str) -> tuple[bool, int]:
        try:
            widths = [len(row) for _, row in islice(_parse(text, delimiter), 20) if any(row)]
        except csv.Error:
            return False, 0
        return len(set(widths)) == 1 and widths[0] > 1, widths[0] if widths else 0

    return max(DELIMITERS, key=score)


def _records(path: Path, text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    records, line = _parse(text, delimiter), 0
    while True:
        try:
            line, row = next(records)
        except StopIteration:
            return
        except csv.Error as error:
            raise InputError(f"{path}, line {line + 1}: not CSV ({error}), check quotes and delimiters") from None
        yield line, row


def _check_header(path: Path, header: list[str]) -> None:
    for name in header:
        if is_number(name):
            raise InputError(
                f"{path} has no header: line 1 holds the number {shown(name)}, add a first line with column names"
            )
    for name, count in Counter(filter(None, header)).items():
        if count > 1:
            raise InputError(f"{path} has {count} columns named {shown(name)}: rename them in line 1")


def _without_trailing_blanks(records: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    """Drop empty lines at the end; those in between stay, and are refused as missing points."""
    blank: list[tuple[int, list[str]]] = []
    for line, row in records:
        if not any(row):
            blank.append((line, row))
            continue
        yield from blank
        blank.clear()
        yield line, row


def _check_row(path: Path, line: int, row: list[str], width: int) -> None:
    if not any(row):
        raise InputError(f"{path}, line {line} is empty: a point is missing, fill it in or delete the line")
    if len(row) != width:
        raise InputError(
            f"{path}, line {line} has {len(row)} cells but the header {width}:"
            " complete the line (and write decimals with a point, not a comma)"
        )
