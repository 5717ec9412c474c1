"""The names of the ways, as they are written on the command line."""

from __future__ import annotations

from backends.errors import InputError, unknown_name

from ...bridge_text import n_bridges, read_bridges

WAYS = ("split", "cut", "whole", "bridges=K", "bridges=A-B+C-D")
"""``split``: parts without entanglement between them (Eq. 7); ``cut``: the whole circuit in pieces; ``whole``: on a wider
core; ``bridges=...``: parts joined by trainable RZZ in every layer, so many or between these pairs of qubits, in pieces."""


def named_ways(text: str) -> tuple[str, ...]:
    """``"split,cut,bridges=1,2"`` as names: split, cut, bridges=1, bridges=2; ``bridges=0-3+1-4`` names pairs of qubits.

    Raises:
        InputError: For a name that is no way, or one given twice.
    """
    found = list[str]()
    for word in (word.strip() for word in text.split(",")):
        name = f"bridges={word}" if _are_bridges(word) and found and found[-1].startswith("bridges=") else word
        kind, _, number = name.partition("=")
        if name not in WAYS[:3] and not (kind == "bridges" and _are_bridges(number)):
            raise unknown_name("way", word, WAYS)
        if name in found:
            raise InputError(f"--wide {text}: {name} is there twice; name each way once")
        found.append(name)
    return tuple(found)


def _are_bridges(text: str) -> bool:
    """Whether this says one bridge or more."""
    try:
        return n_bridges(read_bridges(text)) > 0
    except InputError:
        return False


def is_contest(text: object) -> bool:
    """Whether ``--wide`` names ways to compare, not what becomes of wide circuits in a run."""
    return isinstance(text, str) and ("," in text or text == "split" or text.startswith("bridges"))
