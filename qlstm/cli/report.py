"""``qlstm report``: a run as one HTML page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import options as o


def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a run.", show_default=False)],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", parser=o.folder, help="File of the page; replaced.", show_default="DIR/report.html", metavar="FILE"
        ),
    ] = None,
    lstm: Annotated[
        bool, typer.Option("--lstm", help="Also train a classical LSTM of like size, to put beside the result.")
    ] = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
) -> int:
    """Write one HTML page about a run: configuration, result and baselines, loss, forecast, costs, mapping, device error.

    The page needs no network and no script. Nothing is run on devices; a run that goes on can be reported too.
    """
    from backends.errors import InputError

    from ..report import collect, status, write_report
    from .output import Output

    output = Output(json=json, quiet=quiet)
    path = folder / "report.html" if out is None else out
    if path.suffix.lower() not in (".html", ".htm"):  # a run's own files are never written over
        raise InputError(f"--out {path} is no name of a page; give one that ends with .html")
    record = collect(folder)
    write_report(record, path, lstm=lstm)
    word, meaning = status(record)
    output.result({"status": "done", "file": str(path), "run": word, "epochs": record.epochs})
    output.say(f"the run is {word}: {meaning}")
    output.say(f"written to {path}")
    return 0
