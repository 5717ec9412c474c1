"""Work that was moved from devices that went off line: remembered, written down, and followed again."""

from __future__ import annotations

import logging

from backends.errors import InputError, PausedError
from qpartition.journal import Journal, JournalReader, Move
from qpartition.meter import Meter

log = logging.getLogger("qpartition.jobs")


class Moves:
    """The moves of one run, in order."""

    def __init__(self, journal: Journal | JournalReader | None) -> None:
        """Those that the journal knows."""
        self._journal = journal
        self._moves = [] if journal is None else journal.moves()

    def left(self, number: int) -> set[str]:
        """Devices that were found off line in round ``number``."""
        return {move.qpu for move in self._moves if move.round == number}

    def meter_at(self, meter: Meter, number: int) -> Meter:
        """Where the sub-VQCs of ``meter`` are in round ``number``, after the moves of earlier ones.

        Raises:
            InputError: If the moves are of another plan.
        """
        for move in self._moves:
            if move.round < number:
                then = meter.without(move.qpu, move.placement)
                if then is None:
                    raise InputError(
                        "the journal moves work to cores that this plan does not have; resume with the same devices"
                    )
                meter = then
        return meter

    def away(self, meter: Meter, name: str, number: int) -> Meter:
        """Where the sub-VQCs are once those of a device have moved in round ``number``: as before, or to other cores now.

        Raises:
            PausedError: If they may run nowhere else.
        """
        known = next((move for move in self._moves if (move.round, move.qpu) == (number, name)), None)
        movable = meter.movable and (known is not None or isinstance(self._journal, Journal))
        there = meter.without(name, None if known is None else known.placement) if movable else None
        if there is None:
            raise PausedError(f"{name} is off line and its sub-VQCs may run nowhere else; resume when it is back")
        if known is None:
            self._remember(Move(number, name, meter.changes(there)))
        return there

    def _remember(self, move: Move) -> None:
        """The work of a device is done elsewhere from now on."""
        self._moves.append(move)
        text = f"off line: its work moves to {', '.join(sorted(set(move.placement.values())))}"
        log.warning("%s: %s", move.qpu, text)
        if isinstance(self._journal, Journal):
            self._journal.moved(move)
            self._journal.note(move.qpu, text)
