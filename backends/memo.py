"""What was made of an object, kept as long as the object lives."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Generic, TypeVar

Source = TypeVar("Source")
Made = TypeVar("Made")


class Memo(Generic[Source, Made]):
    """Calls ``make`` once per object; objects are told apart by identity, so they need not be hashable."""

    def __init__(self, make: Callable[[Source], Made]) -> None:
        """With the function whose results are kept."""
        self._make = make
        self._kept: dict[int, Made] = {}

    def of(self, source: Source) -> Made:
        """What ``make`` returns for this object."""
        key = id(source)
        if key not in self._kept:
            made = self._make(source)
            weakref.finalize(source, self._kept.pop, key, None)
            self._kept[key] = made
        return self._kept[key]
