"""The page: sections into the template, the template into a file."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from ..training.files import write_atomic
from . import chips, curves, devices, ledger, results, what
from .blocks import Section, Tile
from .classical import Classical, train_classical
from .record import Record
from .wording import count, public

if TYPE_CHECKING:
    from jinja2 import Environment

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
"""What the page may load: its own styles, and nothing from anywhere."""


def render(record: Record, *, lstm: bool = False) -> str:
    """The page as HTML; the same record gives the same bytes.

    Args:
        record: From `collect`.
        lstm: Train a classical LSTM of like size, for the table of baselines; it takes seconds.
    """
    template = _environment(record.settings.task).get_template("page.html.j2")
    classical = _classical(record) if lstm else None
    return template.render(
        policy=POLICY, title=f"{record.task}: {record.name}", record=record, status=status(record),
        summary=what.summary(record), tiles=_tiles(record), sections=sections(record, classical, lstm),
    )  # fmt: skip


def write_report(record: Record, path: Path, *, lstm: bool = False) -> None:
    """Write the page to a file, all or nothing.

    Raises:
        InputError: If the file cannot be written.
    """
    write_atomic(path, render(record, lstm=lstm))


def sections(record: Record, classical: Classical | None, wanted: bool = False) -> list[Section]:
    """Everything below the head, in order; ``wanted``: a classical LSTM was asked for."""
    return [
        results.section(record, classical, wanted),
        curves.loss_section(record),
        curves.forecast_section(record),
        ledger.section(record),
        chips.section(record),
        devices.section(record),
        what.section(record),
    ]


def status(record: Record) -> tuple[str, str]:
    """A word, and what it means."""
    settings, saved = record.settings, record.saved
    if record.finished:
        return "finished", f"All {count(settings.epochs)} epochs are done."
    if saved is None and not record.rows:
        return "not begun", "Nothing was saved yet: the run has just begun, was refused, or was interrupted at once."
    where = f"after {count(record.epochs)} of {count(settings.epochs)} epochs"
    if saved is not None and saved.batch:
        where += f" and {count(saved.batch)} {'step' if saved.batch == 1 else 'steps'} of the next"
    return (
        "unfinished",
        f"Saved {where}: the run goes on, or was interrupted. qlstm train with --resume takes it up again.",
    )


def _tiles(record: Record) -> list[Tile]:
    saved = record.saved
    found = results.tiles(record)
    if saved is not None:
        size = sum(parameter.numel() for parameter in saved.trained.model.parameters())
        found.append(
            Tile("parameters", count(size), f"{count(saved.trained.model.n_quantum_parameters)} of them angles")
        )
    return [*found, ledger.tile(record)]


def _classical(record: Record) -> Classical | None:
    if record.data is None or record.saved is None or not record.epochs:
        return None
    size = sum(parameter.numel() for parameter in record.saved.trained.model.parameters())
    return train_classical(record.data, record.settings, record.epochs, size)


def _environment(task: str) -> Environment:
    """Everything is escaped, and freed of what is nobody else's business, but what is markup already."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, finalize=partial(_final, task),
    )  # fmt: skip


def _final(task: str, value: Any) -> Any:
    return public(value, task) if isinstance(value, str) and not isinstance(value, Markup) else value
