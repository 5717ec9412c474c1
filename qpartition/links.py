"""How long what one QPU measured takes to another: through the classical host they share."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from math import isfinite
from numbers import Real

from backends.errors import InputError, unknown_name

LINK_SECONDS = 0.1
"""To the host and on to the other QPU, 50 ms each, a usual time over the internet; queues are not part of it."""

Links = Mapping[tuple[str, str], float]
"""Seconds by pairs of QPU names."""


def link_seconds(given: Links, names: tuple[str, ...]) -> dict[tuple[str, str], float]:
    """Latency of every pair of QPUs, in the order of ``names``, the default where none is given.

    Raises:
        InputError: For an unknown QPU, a pair that is none or given twice, or a latency that is negative or not finite.
    """
    if not isinstance(given, Mapping):
        raise InputError(f"links={given!r} must be a dict of pairs of QPU names -> seconds")
    seconds = dict.fromkeys(combinations(names, 2), LINK_SECONDS)
    seen: set[tuple[str, str]] = set()
    for pair, latency in given.items():
        known = _pair(pair, names)
        if known in seen:
            raise InputError(f"links has {known[0]} and {known[1]} twice; give each pair once, in either order")
        if isinstance(latency, bool) or not isinstance(latency, Real) or not isfinite(latency) or latency < 0:
            raise InputError(f"the link of {known[0]} and {known[1]} takes {latency!r}; give seconds, 0 or more")
        seen.add(known)
        seconds[known] = float(latency)
    return seconds


def _pair(pair: object, names: tuple[str, ...]) -> tuple[str, str]:
    if not isinstance(pair, tuple) or len(pair) != 2 or pair[0] == pair[1]:
        raise InputError(f"links has {pair!r}; a link is a pair of the names of two QPUs")
    for name in pair:
        if name not in names:
            raise unknown_name("QPU in links", name, names)
    first, second = sorted(pair, key=names.index)
    return first, second
