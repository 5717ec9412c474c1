"""Checks of numbers a user gives: the value, the limit and the remedy in one line."""

from __future__ import annotations

import math
import operator

from backends.errors import InputError, shown

MOST_POINTS = 10**6
"""Points of a series that is computed."""


def whole_number(name: str, value: object, minimum: int, most: int | None = None) -> int:
    """The value as an int of at least ``minimum`` and at most ``most``.

    Raises:
        InputError: For anything that is not a whole number (booleans included), or one beyond the limits.
    """
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        number = None
    if number is None or isinstance(value, bool) or number < minimum:
        raise InputError(f"{name}={shown(value)} must be a whole number of at least {minimum}")
    if most is not None and number > most:
        raise InputError(f"{name}={shown(value)} must be at most {most:,}; give a smaller one")
    return number


def point_count(name: str, value: object, minimum: int = 2) -> int:
    """How many points are computed, at most `MOST_POINTS`.

    Raises:
        InputError: See `whole_number`.
    """
    return whole_number(name, value, minimum, MOST_POINTS)


def real_number(name: str, value: object, *, above: float = -math.inf, at_least: float = -math.inf) -> float:
    """The value as a finite float, greater than ``above`` and not below ``at_least``.

    Raises:
        InputError: For anything else, booleans and texts included.
    """
    limit = f" above {above:g}" if above > -math.inf else f" of at least {at_least:g}" if at_least > -math.inf else ""
    try:
        number = math.nan if isinstance(value, bool | str | bytes) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not (math.isfinite(number) and number > above and number >= at_least):
        raise InputError(f"{name}={shown(value)} must be a finite number{limit}")
    return number
