"""Where a command writes: the option for a folder of its own."""

from __future__ import annotations

from typing import Any

import typer

from .options import folder


def new_folder(help: str, default: str) -> Any:
    """``--out DIR`` for a folder that must be new or empty.

    Args:
        help: What the folder is for.
        default: What is shown where the option is left out.
    """
    return typer.Option(
        "--out", parser=folder, help=f"{help}; must be new or empty.", show_default=default, metavar="DIR"
    )
