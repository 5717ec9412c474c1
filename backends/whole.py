"""Whole numbers as callers give them: Python's, numpy's, and nothing that only looks like one."""

from __future__ import annotations

import operator
from typing import SupportsIndex

import numpy as np


def whole(value: object, least: int = 0, most: int | None = None) -> int | None:
    """``value`` as a plain int, where it is a whole number of at least ``least`` and at most ``most``; else None.

    A bool is no number here.
    """
    number = value if type(value) is int else _index(value)  # what it mostly is, without a look at protocols
    return number if number is not None and least <= number and (most is None or number <= most) else None


def _index(value: object) -> int | None:
    if isinstance(value, bool | np.bool_) or not isinstance(value, SupportsIndex):
        return None
    try:
        return operator.index(value)
    except TypeError:  # an array of several numbers
        return None
