"""What one cell of a CSV file holds: a number, a date, nothing, or something that cannot be used."""

from __future__ import annotations

import math
import re

MISSING = frozenset({"", "na", "n/a", "#n/a", "nan", "null", "none", "nil", "-", "--", "?", "."})

ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_YEAR, _NUM = r"(1[5-9]|2[01])\d{2}", r"(0?[1-9]|[12]\d|3[01])"
_YEAR_FIRST = rf"{_YEAR}[-/]{_NUM}|{_YEAR}[-/.]{_NUM}[-/.]{_NUM}|{_YEAR}-?[WQ]\d{{1,2}}(-\d)?"
_YEAR_LAST = rf"{_NUM}[-/.]{_NUM}[-/.]({_YEAR}|\d{{2}})"
_MONTH = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_WRITTEN = rf"\d{{1,2}}[-. ]+{_MONTH}[-, ]+\d{{2,4}}|{_MONTH}[- ]+(\d{{1,2}},? )?\d{{4}}"
_TIME = r"\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?( ?[ap]m)?( ?(z|utc|gmt|[+-]\d{2}:?\d{2}))?"
_DATE = re.compile(
    rf"(([a-z]{{3,9}},? )?({_YEAR_FIRST}|{_YEAR_LAST}|{_WRITTEN})([t ] ?{_TIME})?|{_TIME})", re.IGNORECASE
)
_DECIMAL_COMMA = re.compile(r"[+-]?(\d{1,3}([. ]\d{3})+|\d+)?,\d+([eE][+-]?\d+)?")


def number(cell: str) -> float:
    """The cell as a float; NaN for anything that is not a finite decimal number."""
    try:
        value = float(cell)
    except ValueError:
        return math.nan
    # Python reads 1_000 as a number, other programs do not
    return value if math.isfinite(value) and "_" not in cell else math.nan


def is_number(cell: str) -> bool:
    """Whether the cell is a finite decimal number."""
    return not math.isnan(number(cell))


def is_missing(cell: str) -> bool:
    """Whether the cell is empty or one of the usual marks for a missing value."""
    return cell.lower() in MISSING


def is_date(cell: str) -> bool:
    """Whether the cell is a date, a time or both: ISO 8601, or a common way to write them."""
    return len(cell) < 50 and not is_number(cell) and _DATE.fullmatch(cell) is not None


def problem(cell: str) -> str:
    """Why a cell is no number, and the remedy."""
    if is_missing(cell):
        return f"missing value ({shown(cell)}): fill it in or remove the line"
    if _DECIMAL_COMMA.fullmatch(cell):
        return f"decimal comma in {shown(cell)}: write decimals with a point"
    if is_date(cell):
        return f"{shown(cell)} is a date or time: only numbers can be used"
    try:
        float(cell)
    except ValueError:
        return f"{shown(cell)} is not a number: correct it, or name the columns to use with --features"
    if "_" in cell:
        return f"{shown(cell)} has an underscore: write digits only"
    return f"{shown(cell)} is infinite or too large: only finite numbers up to 1.7e308 can be used"


def shown(text: str, limit: int = 40) -> str:
    """A text as it may stand in a one-line message: quoted, escaped and cut to ``limit`` characters."""
    return repr(text if len(text) <= limit else text[: limit - 3] + "...")
