"""Circuits in pieces: what `plan` cuts, and how many times each piece runs."""

from __future__ import annotations

from backends.errors import InputError, check_name, shown
from qpartition.cutting.cut import MAX_OVERHEAD, checked_overhead
from qpartition.cutting.errors import OverheadError
from qpartition.cutting.fitting import fitted
from qpartition.cutting.placed import checked_copies
from qpartition.cutting.workload import CutWorkload, with_copies
from qpartition.topology import Topology
from qpartition.workload import Workload

from .settings import WIDE


def in_pieces(workload: Workload, topology: Topology, wide: str, max_overhead: object, copies: object) -> Workload:
    """The workload that is placed; arguments as `plan` has them, None for what is not given.

    Raises:
        InputError: For an unknown name, numbers out of range, or ones that nothing is cut for.
        OverheadError: For cuts, made here or before, of a larger overhead.
    """
    check_name("wide", wide, WIDE)
    number = None if copies is None else checked_copies(copies)
    limit = None if max_overhead is None else checked_overhead(max_overhead)
    if isinstance(workload, CutWorkload):  # by `Knitted.workload`: its pieces are what they are
        if limit is not None:
            _check_overheads(workload, limit)
        return workload if number is None else with_copies(workload, number)
    if wide == "cut":
        return fitted(workload, topology, MAX_OVERHEAD if limit is None else limit, number or 1)
    for name, given in (("copies", number if number != 1 else None), ("max_overhead", limit)):
        if given is not None:
            raise InputError(
                f"{name}={shown(given)} is for circuits that run in pieces, and none is cut; say wide='cut', or leave it out"
            )
    return workload


def _check_overheads(workload: CutWorkload, limit: float) -> None:
    for key, one in workload.circuits.items():
        if one.knitted.overhead > limit * (1 + 1e-9):
            cuts = len(one.knitted.cuts)
            raise OverheadError(f"at {cuts} place{'s' * (cuts != 1)}", f"{one.knitted.overhead:.3g}", limit, key)
