"""Exceptions as one line for the user, and an exit code."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from backends.errors import BudgetError, InputError, PausedError

BAD_INPUT, REFUSED, INTERRUPTED = 2, 3, 130


@dataclass(frozen=True)
class Explained:
    """What is written to stderr, and the exit code."""

    line: str
    code: int


def explain(error: BaseException) -> Explained | None:
    """The line and exit code for an error a user can cause; None for a bug, whose traceback is wanted."""
    if isinstance(error, BudgetError):
        return Explained(_one_line(error), REFUSED)
    if isinstance(error, PausedError):
        return Explained(_one_line(error), INTERRUPTED)
    if isinstance(error, InputError):
        return Explained(_one_line(error), BAD_INPUT)
    if hasattr(error, "format_message"):
        return Explained(_usage(error), BAD_INPUT)
    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and "not enough memory" in str(error)):
        return Explained(f"not enough memory ({_one_line(error)}); use a smaller --batch or more --parts", BAD_INPUT)
    if isinstance(error, OSError) and error.filename is not None:
        return Explained(f"{error.filename}: {error.strerror}; check the path and its permissions", BAD_INPUT)
    return None


def _usage(error: Any) -> str:
    """What the parser did not understand, with the nearest option or command."""
    context: Any = getattr(error, "ctx", None)
    message = _one_line(error.message or error.format_message())
    given = str(getattr(error, "option_name", ""))
    if type(error).__name__ == "NoSuchOption" and context is not None:
        options = [name for parameter in context.command.params for name in parameter.opts if name.startswith("--")]
        return f"unknown option {given!r}{_nearest(given, options)}; see {context.command_path} --help"
    commands = getattr(getattr(context, "command", None), "commands", None)
    if message.startswith("No such command") and commands:
        given = context.args[0] if context.args else message.split("'")[1]
        return (
            f"unknown command {given!r}{_nearest(given, list(commands))}; choose one of {', '.join(sorted(commands))}"
        )
    where = f"; see {context.command_path} --help" if context is not None else ""
    return _one_line(error.format_message()).rstrip(".") + where


def _nearest(name: str, valid: list[str]) -> str:
    near = get_close_matches(name, valid, n=1, cutoff=0.5)
    return f" (did you mean {near[0]}?)" if near else ""


def _one_line(error: object) -> str:
    return " ".join(str(error).split())
