"""How much a cut may cost: the limit that plans are made with, and its refusal in the words of the command line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from backends.errors import InputError

from .settings import RunSettings

if TYPE_CHECKING:
    from ..forecaster import Forecaster

WORST_BRIDGE = 9.0
"""Overhead of a bridge at the angle pi / 2; see `qlstm.bridges.overhead`."""
_COUNTED = 100
"""More bridges are not counted: no cut has so many."""


def require_cuts(settings: RunSettings) -> None:
    """Refuse a limit where nothing is cut.

    Raises:
        InputError: For ``max_overhead`` without bridges and without ``wide="cut"``.
    """
    if settings.max_overhead is not None and not settings.bridges and settings.wide != "cut":
        raise InputError(
            f"--max-overhead {settings.max_overhead:g} limits what cuts cost, and there are none; add --bridges or --wide cut,"
            " or leave it out"
        )


def cut_limit(settings: RunSettings, model: Forecaster) -> float:
    """The sampling overhead beyond which a plan refuses to cut.

    Bridges pass at their worst where there is a bound: the training holds them under it, see `bounding`. What else is
    cut, a gate with a fixed coefficient or a wire, counts in full.
    """
    from qpartition.cutting.cut import MAX_OVERHEAD

    return MAX_OVERHEAD if settings.max_overhead is None else settings.max_overhead * _bridges_at_worst(model)


@contextmanager
def naming_the_option(settings: RunSettings, model: Forecaster) -> Iterator[None]:
    """Context in which cuts that cost too much are refused with ``--max-overhead`` and its number."""
    from qpartition.cutting.errors import OverheadError

    try:
        yield
    except OverheadError as error:
        allowed, worst = f"--max-overhead {settings.max_overhead or error.limit:g}", _bridges_at_worst(model)
        if settings.max_overhead is not None and worst > 1:
            allowed += f" times {worst:.3g} of the bridges at their worst"
        raise error.said("--max-overhead", allowed) from None


def _bridges_at_worst(model: Forecaster) -> float:
    """The largest overhead that the bridges of one circuit can have."""
    ansatz, banks = model.qlstm.ansatz, model.qlstm.banks.values()
    most = max((len(joint.bridges) for bank in banks for joint in bank.joints), default=0)
    return WORST_BRIDGE ** min(_COUNTED, most * ansatz.uploads * ansatz.depth)
