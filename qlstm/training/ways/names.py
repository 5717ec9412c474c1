"""The names of the ways, as they are written on the command line."""

from __future__ import annotations

from backends.errors import InputError, unknown_name

WAYS = ("split", "cut", "whole", "bridges=K")
"""``split``: parts without entanglement between them (Eq. 7); ``cut``: the whole circuit in pieces; ``whole``: on a wider
core; ``bridges=K``: parts joined by K trainable RZZ a layer, in pieces."""


def named_ways(text: str) -> tuple[str, ...]:
    """``"split,cut,bridges=1,2"`` as names: split, cut, bridges=1, bridges=2.

    Raises:
        InputError: For a name that is no way, or one given twice.
    """
    found = list[str]()
    for word in (word.strip() for word in text.split(",")):
        name = f"bridges={word}" if _is_number(word) and found and found[-1].startswith("bridges=") else word
        kind, _, number = name.partition("=")
        if name not in WAYS[:3] and not (kind == "bridges" and _is_number(number) and int(number) > 0):
            raise unknown_name("way", word, WAYS)
        if name in found:
            raise InputError(f"--wide {text}: {name} is there twice; name each way once")
        found.append(name)
    return tuple(found)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def is_contest(text: object) -> bool:
    """Whether ``--wide`` names ways to compare, not what becomes of wide circuits in a run."""
    return isinstance(text, str) and ("," in text or text == "split" or text.startswith("bridges"))
