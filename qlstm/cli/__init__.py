"""The command line: ``qlstm``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NoReturn


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit: 0 done, 2 bad input, 3 refused (budget), 130 interrupted after a save."""
    try:
        code = run(sys.argv[1:] if arguments is None else arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = _interrupted()
    except BrokenPipeError:  # the reader, such as head, has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; errors are one line on stderr."""
    try:
        import typer

        from .app import app
        from .errors import explain
    except KeyboardInterrupt:
        return _interrupted()
    try:
        # not through the command's own main(), which turns Ctrl-C into an exit without a word
        command = typer.main.get_command(app)
        with command.make_context("qlstm", list(arguments)) as context:
            return int(command.invoke(context) or 0)
    except typer.Exit as done:
        return done.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return _interrupted()
    except Exception as error:
        known = explain(error)
        if known is None:
            raise
        sys.stderr.write(f"error: {known.line}\n")
        return known.code


def _interrupted() -> int:
    sys.stderr.write("interrupted\n")
    return 130
