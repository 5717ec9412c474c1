"""Circuits that ran in pieces: where they are cut, and what that costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .blocks import Block, Table, Text
from .record import Record
from .wording import count, number, short

if TYPE_CHECKING:
    from qpartition.cutting.fitting import CutSummary

CAPTION = "Circuits that are cut"
HEADER = (
    "sub-VQCs", "qubits", "qubits of the pieces", "gates cut", "wires cut", "sampling overhead", "circuits run for one",
    "parameter sets for one",
)  # fmt: skip


def cuts(record: Record) -> Sequence[CutSummary]:
    """What is cut; nothing without devices, or without a plan."""
    return () if record.plan is None else record.plan.cuts


def cut_blocks(record: Record) -> list[Block]:
    """The cuts and their price; nothing where none is made."""
    found = cuts(record)
    if not found:
        return []
    note = (
        "Sampling overhead: a cut circuit takes as many times the shots to be measured with the standard error that it "
        "would have in one piece."
    )
    if any(_by_angles(cut) for cut in found):
        note += " Where it is a range, it depends on the trained angles of the gates that are cut."
    return [Table(CAPTION, HEADER, [_row(cut) for cut in found]), Text(note, note=True)]


def ledger_note(record: Record) -> str:
    """What cutting makes of the numbers in the ledger; empty where nothing is cut."""
    found = cuts(record)
    if not found:
        return ""
    times = " or ".join(dict.fromkeys(count(cut.subexperiments) for cut in found))
    return (
        f"{count(sum(len(cut.keys) for cut in found))} sub-VQCs are cut (see Mapping): {times} parameter sets are run in "
        "place of one of theirs, and are counted here."
    )


def _row(cut: CutSummary) -> list[str]:
    overhead = number(cut.overhead)
    return [
        ", ".join(map(short, cut.keys)), count(cut.qubits), " + ".join(map(str, cut.widths)), count(cut.gates),
        count(cut.wires), f"{number(cut.least_overhead)} to {overhead}" if _by_angles(cut) else overhead,
        count(cut.circuits), count(cut.subexperiments),
    ]  # fmt: skip


def _by_angles(cut: CutSummary) -> bool:
    return cut.least_overhead < cut.overhead * (1 - 1e-9)
