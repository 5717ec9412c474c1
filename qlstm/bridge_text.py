"""Bridges as they are written on the command line: a number per layer, or pairs of qubits such as ``0-3,1-4``."""

from __future__ import annotations

import re
from typing import TypeAlias

from backends.errors import InputError, shown

Given: TypeAlias = int | tuple[tuple[int, int], ...]
"""How many per layer, or the pairs of qubits; see `qlstm.bridges.bridge_pairs`."""
_NUMBER, _PAIR = re.compile(r"[+-]?[0-9]{1,18}"), re.compile(r"([0-9]{1,9})-([0-9]{1,9})")
MEANT = "a number of bridges per layer, or pairs of qubits such as 0-3,1-4, counted part after part from 0"


def read_bridges(text: str) -> Given:
    """The inverse of `write_bridges`; ``+`` is as good as ``,`` between pairs.

    Raises:
        InputError: For anything else than a number or pairs.
    """
    if _NUMBER.fullmatch(text.strip()):
        return int(text)
    found = [_PAIR.fullmatch(pair.strip()) for pair in re.split("[,+]", text)]
    if None in found:
        raise InputError(f"bridges {shown(text)} must be {MEANT}")
    return checked_bridges([(int(pair[1]), int(pair[2])) for pair in found if pair])


def write_bridges(bridges: Given) -> str:
    """A number, or pairs."""
    return str(bridges) if isinstance(bridges, int) else ",".join(f"{a}-{b}" for a, b in bridges)


def checked_bridges(given: object) -> Given:
    """Pairs of qubits in one form, the lower qubit first, none as 0; a number as it is.

    Raises:
        InputError: For anything else; whether a number or the qubits exist is up to `qlstm.bridges.bridge_pairs`.
    """
    if isinstance(given, int) and not isinstance(given, bool):
        return given
    pairs = list(given) if isinstance(given, list | tuple) else None
    if pairs is None or not all(map(_is_pair, pairs)):
        raise InputError(f"bridges={shown(given)} must be {MEANT}")
    return tuple((min(pair), max(pair)) for pair in pairs) or 0


def n_bridges(bridges: Given) -> int:
    """Bridges per layer."""
    return bridges if isinstance(bridges, int) else len(bridges)


def _is_pair(pair: object) -> bool:
    return isinstance(pair, list | tuple) and len(pair) == 2 and all(map(_is_qubit, pair))


def _is_qubit(end: object) -> bool:
    return isinstance(end, int) and not isinstance(end, bool) and end >= 0
