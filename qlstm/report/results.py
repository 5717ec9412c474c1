"""The result, with what costs nothing beside it."""

from __future__ import annotations

from collections.abc import Mapping

from ..metrics import Scores, by_step
from ..tasks import linear_fit, persistence
from ..tasks.baseline import last_values
from ..training.history import STDERR
from .blocks import Block, Section, Table, Text, Tile
from .classical import Classical
from .record import Record
from .wording import NONE, count, number, r2, sentence, times, uncertain

HEADER = ("model", "test R²", "test MSE", "train MSE", "R² of all windows", "parameters")
BY_STEPS = "By steps ahead, held-out windows"
_STEPS = 12
"""More of them are shown when they are asked for."""


def section(record: Record, classical: Classical | None, wanted: bool = False) -> Section:
    """Scores of the run and of the baselines.

    Args:
        record: The run.
        classical: An LSTM that was trained for the page.
        wanted: It was asked for.
    """
    rows = [_own(record)] if record.last is not None else []
    baselines = _baselines(record, classical)
    blocks: list[Block] = [Text(verdict(record))]
    if rows or baselines:
        blocks.append(
            Table("Errors are mean squared errors in scaled units", HEADER, rows + baselines, 0 if rows else None)
        )
    blocks += _by_steps(record, classical)
    blocks += [Text(line, note=True) for line in _notes(record, classical, wanted)]
    return Section("result", "Result and baselines", blocks)


def verdict(record: Record) -> str:
    """The result in a sentence, beside the linear fit."""
    last = record.last
    if last is None:
        return "No epoch is finished yet, so there is no result."
    text = f"After {count(len(record.rows))} of {count(record.settings.epochs)} epochs the test R² is {r2(last['test_r2'])}."
    if record.data is None:
        return text
    mse, fit, same = last["test_mse"], linear_fit(record.data).scores.test_mse, persistence(record.data).test_mse
    if not (mse > 0 and fit > 0 and same > 0):  # NaN, or a series that is forecast without any error
        return text
    return (
        f"{text} The test error is {times(mse / fit)} times that of a linear fit to the same windows, and "
        f"{times(mse / same)} times that of forecasting the last value again."
    )


def tiles(record: Record) -> list[Tile]:
    """The result at a glance."""
    last = record.last
    found = [Tile("test R²", NONE if last is None else r2(last["test_r2"]), "held-out windows, in the last epoch")]
    if record.data is not None:
        found.append(Tile("linear fit", r2(linear_fit(record.data).scores.test_r2), "test R² of the same windows"))
    return found


def _own(record: Record) -> list[str]:
    assert record.last is not None
    last, saved = record.last, record.saved
    size = NONE if saved is None else count(sum(p.numel() for p in saved.trained.model.parameters()))
    where = "QLSTM, on the devices" if record.on_devices else "QLSTM"
    return [
        where, r2(last["test_r2"]), uncertain(last["test_mse"], last.get(STDERR[1])),
        uncertain(last["train_mse"], last.get(STDERR[0])), r2(last["whole_r2"]), size,
    ]  # fmt: skip


def _baselines(record: Record, classical: Classical | None) -> list[list[str]]:
    data = record.data
    found: list[list[str]] = []
    if data is not None:
        fit = linear_fit(data)
        found.append(_row("Linear least squares", fit.parameters, fit.scores))
        found.append(_row("Persistence (last value)", 0, persistence(data)))
    if classical is not None:
        found.append(_row(f"LSTM, hidden {classical.hidden}", classical.parameters, classical.scores))
    return found


def _by_steps(record: Record, classical: Classical | None) -> list[Block]:
    """Test errors by steps ahead, where there are several."""
    horizon, data = record.settings.horizon, record.data
    if horizon == 1:
        return []
    models: dict[str, Mapping[str, float]] = {} if record.last is None else {"QLSTM": record.last}
    if data is not None:
        fit = linear_fit(data).predict(data.x)
        models["linear"] = by_step(data.y, fit, data.train, horizon)
        models["last value"] = by_step(data.y, last_values(data), data.train, horizon)
    if classical is not None:
        models["LSTM"] = classical.by_step
    header = ["steps ahead", *(f"{name} {kind}" for name in models for kind in ("test MSE", "test R²"))]
    rows = [
        [count(step), *(text for scores in models.values() for text in _step(scores, step))]
        for step in range(1, horizon + 1)
    ]
    return [Table(BY_STEPS, header, rows, folded=horizon > _STEPS)] if models else []


def _step(scores: Mapping[str, float], step: int) -> tuple[str, str]:
    return number(scores.get(f"test_mse_{step}")), r2(scores.get(f"test_r2_{step}"))


def _row(name: str, parameters: int, scores: Scores) -> list[str]:
    return [
        name, r2(scores.test_r2), number(scores.test_mse), number(scores.train_mse), r2(scores.whole_r2), count(parameters),
    ]  # fmt: skip


def _notes(record: Record, classical: Classical | None, wanted: bool) -> list[str]:
    found = []
    if record.data is None:
        found.append(f"The baselines are missing: {record.data_note}.")
    if record.saved is None:
        found.append("There is no checkpoint: the run had not saved yet, or the file was removed.")
    if classical is None and wanted:
        found.append("There is no classical LSTM: it takes the data, a checkpoint and a finished epoch.")
    elif classical is None:
        found.append("A classical LSTM of like size is trained and put beside them by qlstm report DIR --lstm.")
    else:
        found.append(
            "The LSTM was trained for this page by the recipe of the run: same windows, optimiser, learning rate, batches, "
            "seed and epochs, with the number of parameters nearest to the QLSTM's."
        )
    found.append("One run says little: the spread over seeds is part of a result, and is not on this page.")
    return [sentence(line) for line in found]
