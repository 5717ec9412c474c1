"""``qlstm forecast``: use a trained model."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import options as o

if TYPE_CHECKING:
    from ..training.trained import Forecast


def forecast(
    folder: Annotated[Path, typer.Argument(help="Folder of a run.", metavar="DIR", show_default=False)],
    data: Annotated[
        str,
        typer.Argument(
            help="A CSV with the columns the model was trained on, or a task.", metavar="DATA", show_default=False
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            parser=o.folder,
            help="Folder for forecast.csv and forecast.png; must be new or empty.",
            show_default="DIR/forecast-DATA",
            metavar="DIR",
        ),
    ] = None,
    json: o.Json = False,
    quiet: o.Quiet = False,
) -> int:
    """Forecast every point of DATA, and the one after its end, with the model in DIR.

    The first forecast needs a whole window of past values. Where DATA holds the truth the error is shown.
    """
    from ..training.trained import Trained
    from .output import Output

    output = Output(json=json, quiet=quiet)
    trained = Trained.load(folder)
    forecast = trained.forecast(trained.read(data))
    written = _write(forecast, out, folder / ("forecast-" + re.sub(r"[^\w.-]+", "_", Path(data).stem)))
    metrics = forecast.metrics()
    following = {name: float(value) for name, value in zip(forecast.targets, forecast.values[-1], strict=True)}
    output.result(
        {
            "status": "done",
            "folder": str(written),
            "forecasts": len(forecast.points),
            "metrics": metrics,
            "next": following,
        }
    )
    output.table(
        f"{forecast.name}: {len(forecast.points)} forecasts", metrics | {f"next {k}": v for k, v in following.items()}
    )
    output.say(f"written to {written}")
    return 0


def _write(forecast: Forecast, out: Path | None, default: Path) -> Path:
    """Write table and figure; only the default folder, which is this command's own, may be written again."""
    from backends.errors import InputError

    from .. import figures
    from ..training.files import write_atomic
    from ..training.folder import RunFolder

    folder = out or default
    if out is not None:
        RunFolder(out).create(resumable=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot create {folder}: {error.strerror}; choose a writable folder with --out") from error
    write_atomic(folder / "forecast.csv", forecast.to_csv())
    truth = forecast.truth if forecast.known.any() else None
    figures.forecast(forecast.values, folder / "forecast.png", truth=truth, points=forecast.points, name=forecast.name)
    return folder
