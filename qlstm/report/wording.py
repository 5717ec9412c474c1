"""Numbers and names as the page has them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

NONE = "\N{EN DASH}"
"""What stands where there is no number."""
_CRN = re.compile(r"crn:[^\s,;)\"']+", re.IGNORECASE)
_FOLDERS = re.compile(r"(?<![\w:/.])~?/(?:[^/\s\"'<>]+/)+")


def number(value: float | None, digits: int = 4) -> str:
    """With so many significant digits."""
    if value is None or math.isnan(value):
        return NONE
    return f"{value:,.{digits}g}" if 1e-4 <= abs(value) < 1e6 or value == 0 else f"{value:.{digits - 1}e}"


def r2(value: float | None) -> str:
    """A coefficient of determination."""
    if value is None or math.isnan(value):
        return NONE
    return "> 0.9999" if 0.99995 <= value < 1 else signed(f"{value:.4f}")


def signed(text: str) -> str:
    """A number with a minus sign in the place of a hyphen."""
    return "\N{MINUS SIGN}" + text[1:] if text.startswith("-") else text


def times(value: float) -> str:
    """A ratio."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


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
    return NONE if value is None else f"{value:.3%}"


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


def short(key: str) -> str:
    """Key of a sub-VQC without the layer, where that is the first."""
    return re.sub(r"^l0\.", "", key)


def sentence(text: str) -> str:
    """With a capital, unless it begins with the name of a device, and a full stop."""
    text = text.strip()
    first = text[:1] if ":" in text.partition(" ")[0] else text[:1].upper()
    return first + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def public(text: str, task: str = "") -> str:
    """Without what is nobody else's business: folders of this machine, and names of accounts.

    Args:
        text: What would be said.
        task: Path of the data, which may hold spaces; its last part stays.
    """
    text = _CRN.sub("(an account)", text)
    for folder in {str(Path(task).parent), str(Path(task).resolve().parent), str(Path.home())} - {".", "/"}:
        text = text.replace(folder + "/", "")
    return _FOLDERS.sub("", text)
