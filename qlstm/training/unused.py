"""Options that a command would have no use for: refused, not ignored; `rules` has the table of every command."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backends.errors import InputError

from .settings import RunSettings, option, typed

Given = Mapping[str, Any]


@dataclass(frozen=True)
class Unused:
    """Options that mean nothing in some case.

    Attributes:
        names: Settings.
        why: What follows the option in the message: the reason and the remedy. ``{s.gradient}`` stands for a setting,
            ``{option}`` for the option without its value.
        when: Tells the case from the settings and from what was given explicitly.
    """

    names: tuple[str, ...]
    why: str
    when: Callable[[RunSettings, Given], bool] = lambda settings, given: True


def require_used(given: Given, settings: RunSettings, rules: Sequence[Unused]) -> None:
    """Refuse an option that was given explicitly and would be ignored.

    Raises:
        InputError: Names the option and its value, why it means nothing, and the remedy.
    """
    for rule in rules:
        for name in rule.names:
            if name in given and rule.when(settings, given):
                raise InputError(f"{typed(name, given[name])} {rule.why.format(s=settings, option=option(name))}")
