"""One kind of error for every bad input: what, the limit, the remedy."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches

_ALL, _SHOWN = 16, 3
"""All valid names are listed up to `_ALL` of them, a few of a longer list."""
_LONGEST = 60
"""Characters of a refused value that are shown."""


class InputError(ValueError):
    """A value the caller gave cannot be used; the message names it, the limit and the remedy."""


class BudgetError(RuntimeError):
    """A run was refused, or stopped, because it would cost more than its budget."""


class UsageLimitError(BudgetError):
    """The account has no QPU time left, or not enough."""


class PausedError(RuntimeError):
    """A run cannot go on now, through no fault of its own; nothing is lost, and it can be resumed."""


def shown(value: object) -> str:
    """What the caller gave, in one short line."""
    text = " ".join(repr(value).split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def check_is(value: object, kind: type, remedy: str) -> None:
    """Refuse what is not a ``kind``.

    Raises:
        InputError: With the value, the kind and the remedy.
    """
    if not isinstance(value, kind):
        raise InputError(f"{shown(value)} is not a {kind.__name__}; {remedy}")


def check_name(kind: str, name: object, valid: Collection[str]) -> None:
    """Refuse what is not the name of something in a registry.

    Raises:
        InputError: See `unknown_name`.
    """
    if not isinstance(name, str) or name not in valid:
        raise unknown_name(kind, name, valid)


def unknown_name(kind: str, name: object, valid: Iterable[str]) -> InputError:
    """The error for a name that is not in a registry, with the nearest valid one.

    Args:
        kind: What the name stands for, such as ``"mapping"``.
        name: What the caller wrote.
        valid: All names that would have been accepted.
    """
    names, written = sorted(valid), name if isinstance(name, str) else shown(name)
    near = get_close_matches(written, names, n=_SHOWN, cutoff=0.5)
    hint = f"did you mean {near[0]!r}? " if near else ""
    few = len(names) <= _ALL
    choice = ", ".join(names) if few else f"the {len(names)} there are, such as {', '.join(near or names[:_SHOWN])}"
    return InputError(f"unknown {kind} {written!r}: {hint}choose one of {choice}")
