"""``qlstm forecast``: use a trained model."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from . import options as o
from .places import new_folder

if TYPE_CHECKING:
    from ..training.forecasts import Forecast
    from .output import Output

Folder: TypeAlias = Annotated[Path, typer.Argument(help="Folder of a run.", metavar="DIR", show_default=False)]
Data: TypeAlias = Annotated[
    str,
    typer.Argument(
        help="A CSV with the columns the model was trained on, or a task.", metavar="DATA", show_default=False
    ),
]
FreeRun: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--free-run",
        help="Forecast so many points on, each from the forecasts before it; of DATA only what lies before --start is seen.",
        metavar="POINTS",
        show_default="one window at a time",
    ),
]
Start: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--start",
        help="--free-run: the first point that is forecast, counted from 0.",
        metavar="POINT",
        show_default="the one after the end of DATA",
    ),
]
Out: TypeAlias = Annotated[
    Path | None, new_folder("Folder for forecast.csv and forecast.png", "DIR/forecast-DATA, DIR/free-run-DATA")
]


def forecast(
    folder: Folder,
    data: Data,
    free_run: FreeRun = None,
    start: Start = None,
    out: Out = None,
    json: o.Json = False,
    quiet: o.Quiet = False,
) -> int:
    """Forecast every point of DATA, and what follows its end, with the model in DIR.

    The first forecast needs a whole window of past values. Where DATA holds the truth the error is shown.
    With --free-run the loop is closed: the model's own forecasts are its newest inputs.
    """
    from backends.errors import InputError

    from ..tasks.checks import point_count
    from ..training.trained import Trained
    from .output import Output

    output = Output(json=json, quiet=quiet)
    trained = Trained.load(folder)
    if start is not None and free_run is None:
        raise InputError(f"--start {start} is where a free run begins; add --free-run POINTS, or leave it out")
    if free_run is not None:
        point_count("--free-run", free_run, 1)
    series = trained.read(data)
    forecast = trained.forecast(series) if free_run is None else trained.free_run(series, free_run, start)
    kind = "forecast" if free_run is None else "free-run"
    written = _write(forecast, out, folder / (f"{kind}-" + re.sub(r"[^\w.-]+", "_", Path(data).stem)))
    _show(forecast, written, None if free_run is None else int(forecast.points[0]), output)
    return 0


def _show(forecast: Forecast, written: Path, begins: int | None, output: Output) -> None:
    """Errors and what is forecast last; ``begins`` is the first point of a free run."""
    from .horizon import by_steps, is_apart

    metrics = forecast.metrics()
    following: dict[str, Any] = {name: values.tolist() for name, values in forecast.following.items()}
    if forecast.steps is None:
        following = {name: values[0] for name, values in following.items()}
    result = {"status": "done", "folder": str(written), "forecasts": len(forecast.points)}
    start = {} if begins is None else {"start": begins}
    output.result(result | start | {"metrics": metrics, "next": following})
    title = f"{forecast.name}: {len(forecast.points)} forecasts"
    title += "" if begins is None else f" in a free run from point {begins}"
    shown = {f"next {name}": _shown(value) for name, value in following.items()}
    output.table(title, {name: value for name, value in metrics.items() if not is_apart(name)} | shown)
    by_steps(output, {"": metrics})
    output.say(f"written to {written}")


def _write(forecast: Forecast, out: Path | None, default: Path) -> Path:
    """Write table and figure; only the default folder, which is this command's own, may be written again."""
    from backends.errors import InputError

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
    forecast.draw(folder / "forecast.png")
    return folder


def _shown(value: float | list[float], most: int = 5) -> float | str:
    """A number, or the first of several."""
    if isinstance(value, float):
        return value
    return ", ".join(f"{one:.6g}" for one in value[:most]) + (", ..." if len(value) > most else "")
