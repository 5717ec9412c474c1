"""Arguments that many public functions have, checked: shots, budgets, lists."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from backends.errors import InputError, shown
from backends.whole import whole

MOST_SHOTS = 10**9
"""Per execution; devices take some 100,000."""


def checked_shots(shots: object) -> int | None:
    """Shots as an int, or None for exact expectations.

    Raises:
        InputError: For anything else than 1 to `MOST_SHOTS`.
    """
    if shots is None:
        return None
    if whole(shots, 1) is None:
        raise InputError(f"shots={shown(shots)} must be an integer of at least 1, or None for exact expectations")
    number = whole(shots, 1, MOST_SHOTS)
    if number is None:
        raise InputError(f"shots={shown(shots)} exceed {MOST_SHOTS:,}; use fewer, or None for exact expectations")
    return number


def checked_budget(seconds: object) -> float | None:
    """QPU seconds that may be spent, or None for no limit.

    Raises:
        InputError: For anything else than a number of at least 0.
    """
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds >= 0:
        raise InputError(f"budget_seconds={shown(seconds)} must be a number of at least 0, or None for no limit")
    try:
        return float(seconds)
    except OverflowError:
        raise InputError(f"budget_seconds={shown(seconds)} is too large; give None for no limit") from None


def listed(values: object) -> list[Any] | None:
    """Whatever can be gone through as a list; None for a text, and for what cannot."""
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        return None
    try:
        return list(values)
    except TypeError:  # an array without dimensions is iterable by its type only
        return None
