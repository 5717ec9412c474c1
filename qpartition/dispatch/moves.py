"""Work that was moved from devices that went off line: remembered, written down, and followed again."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence

from backends.errors import InputError, PausedError
from qpartition.journal import Journal, JournalReader, Move
from qpartition.meter import Meter

log = logging.getLogger("qpartition.jobs")

MOVED = 1000
"""Numbers of jobs within a round and device: from here on for work that came from another device."""


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
                meter = _followed(meter, move)
        return meter

    def away(self, meter: Meter, names: Sequence[str], number: int, off: Collection[str]) -> Meter:
        """Where the sub-VQCs are once those of some devices have moved: as before in this round, or to other cores now.

        Args:
            meter: Where they are.
            names: The devices that they leave.
            number: Of the round.
            off: All devices that were found off line in this round: nothing moves there.

        Raises:
            PausedError: If they may run nowhere else.
            InputError: If the moves of the journal are of another plan.
        """
        known = [move for move in self._moves if move.round == number and move.qpu in names]
        for move in known:
            meter = _followed(meter, move)
        for name in names:
            if name not in {move.qpu for move in known}:
                there = self._elsewhere(meter, name, off)
                if there is None:
                    self._retract(number)
                    raise PausedError(_nowhere(sorted(off)))
                self._remember(Move(number, name, meter.changes(there)))
                meter = there
        return meter

    def _elsewhere(self, meter: Meter, name: str, off: Collection[str]) -> Meter | None:
        """With the sub-VQCs of a device on others: rather not on one that was off line before, which may be back."""
        if not meter.movable or not isinstance(self._journal, Journal):
            return None
        safest = meter.without(name, avoid={*off, *(move.qpu for move in self._moves)})
        return meter.without(name, avoid=off) if safest is None else safest

    def _remember(self, move: Move) -> None:
        """The work of a device is done elsewhere from now on."""
        self._moves.append(move)
        cores = ", ".join(sorted(set(move.placement.values())))
        text = f"off line: its work moves to {cores}"
        log.warning("%s: %s", move.qpu, text)
        if isinstance(self._journal, Journal):
            self._journal.moved(move)
            self._journal.note(move.qpu, text)

    def _retract(self, number: int) -> None:
        """Forget the moves of a round that came to nothing, so that whichever device is back first may go on."""
        if isinstance(self._journal, Journal) and self._journal.retracted(number, MOVED):
            self._moves = [move for move in self._moves if move.round != number]


def _followed(meter: Meter, move: Move) -> Meter:
    there = meter.without(move.qpu, move.placement)
    if there is None:
        raise InputError("the journal moves work to cores that this plan does not have; resume with the same devices")
    return there


def _nowhere(off: list[str]) -> str:
    if len(off) == 1:
        return f"{off[0]} is off line and its sub-VQCs may run nowhere else; resume when it is back"
    return f"{' and '.join(off)} are off line and their sub-VQCs may run nowhere else; resume when one is back"
