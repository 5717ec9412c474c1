"""One kind of error for every bad input: what, the limit, the remedy."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_ALL, _SHOWN = 16, 3
"""All valid names are listed up to `_ALL` of them, a few of a longer list."""


class InputError(ValueError):
    """A value the caller gave cannot be used; the message names it, the limit and the remedy."""


class BudgetError(RuntimeError):
    """A run was refused, or stopped, because it would cost more than its budget."""


def unknown_name(kind: str, name: object, valid: Iterable[str]) -> InputError:
    """The error for a name that is not in a registry, with the nearest valid one.

    Args:
        kind: What the name stands for, such as ``"mapping"``.
        name: What the caller wrote.
        valid: All names that would have been accepted.
    """
    names = sorted(valid)
    near = get_close_matches(str(name), names, n=_SHOWN, cutoff=0.5)
    hint = f"did you mean {near[0]!r}? " if near else ""
    few = len(names) <= _ALL
    choice = ", ".join(names) if few else f"the {len(names)} there are, such as {', '.join(near or names[:_SHOWN])}"
    return InputError(f"unknown {kind} {str(name)!r}: {hint}choose one of {choice}")
