"""The command line: ``qlstm``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NoReturn


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit: 0 done, 2 bad input, 3 refused (budget), 130 interrupted after a save."""
    code = run(sys.argv[1:] if arguments is None else arguments)
    try:
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as head, has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; errors are one line on stderr."""
    from .app import app
    from .errors import explain

    try:
        return int(app(list(arguments), prog_name="qlstm", standalone_mode=False) or 0)
    except Exception as error:
        known = explain(error)
        if known is None:
            raise
        sys.stderr.write(f"error: {known.line}\n")
        return known.code
