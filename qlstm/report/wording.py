"""Numbers and names as the page has them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

NONE = "–"
"""What stands where there is no number."""
_CRN = re.compile(r"crn:[^\s,;)\"']+", re.IGNORECASE)
_FOLDERS = re.compile(r"(?<![\w:/.])~?/(?:[^/\s\"'<>]+/)*(?=[^/\s\"'<>]*)")


def number(value: float | None, digits: int = 4) -> str:
    """With so many significant digits."""
    if value is None or math.isnan(value):
        return NONE
    return f"{value:,.{digits}g}" if 1e-4 <= abs(value) < 1e6 or value == 0 else f"{value:.{digits - 1}e}"


def r2(value: float | None) -> str:
    """A coefficient of determination."""
    return NONE if value is None or math.isnan(value) else f"{value:.4f}"


def seconds(value: float | None) -> str:
    """QPU seconds."""
    return NONE if value is None else f"{value:,.1f}"


def count(value: int | None) -> str:
    """A whole number."""
    return NONE if value is None else f"{value:,}"


def percent(value: float) -> str:
    """A share."""
    return f"{value:.1%}"


def uncertain(value: float, stderr: float | None) -> str:
    """A value with its standard error in two digits, where it has one."""
    if stderr is None or not (math.isfinite(stderr) and stderr > 0 and math.isfinite(value)):
        return number(value)
    places = max(0, 1 - math.floor(math.log10(stderr)))
    return f"{value:.{places}f} ± {stderr:.{places}f}"


def error(value: float | None) -> str:
    """A probability of an error."""
    return NONE if value is None else f"{value:.2%}" if value >= 1e-3 else f"{value:.1e}"


def middle(values: Mapping[Any, float]) -> float | None:
    """The median; None of nothing."""
    return float(median(values.values())) if values else None


def microseconds(value: float | None) -> str:
    """A time given in seconds."""
    return NONE if value is None else f"{1e6 * value:,.0f}"


def span(values: list[float], shape: str) -> str:
    """One number, or the smallest and the largest."""
    low, high = format(min(values), shape), format(max(values), shape)
    return low if low == high else f"{low} to {high}"


def sentence(text: str) -> str:
    """With a capital and a full stop."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def public(text: str) -> str:
    """Without what is nobody else's business: folders of this machine, and names of accounts."""
    text = _CRN.sub("(an account)", text)
    home = str(Path.home())
    if len(home) > 1:
        text = text.replace(home + "/", "")
    return _FOLDERS.sub("", text)
