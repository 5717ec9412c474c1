"""The saved state of a dispatcher, read back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from backends.errors import InputError, shown
from backends.whole import whole
from qpartition.counts import Counts
from qpartition.mitigation import Readout, read_readout
from qpartition.workload import Workload


def saved_sequence(state: object) -> int:
    """The number of rounds that a saved state was taken after.

    Raises:
        InputError: If it does not say.
    """
    given = state.get("sequence") if isinstance(state, Mapping) else None
    number = whole(given)
    if number is None:
        raise InputError(f"saved state: sequence={shown(given)} is not a number of rounds; use an intact file")
    return number


def saved_counts(state: Mapping[str, Any], qpus: Iterable[str]) -> Counts:
    """What had been spent.

    Raises:
        InputError: If it cannot be read, or names a device that is none of ``qpus``.
    """
    counts = Counts.from_dict(state)
    strange = sorted(set(counts.per_qpu) - set(qpus))
    if strange:
        raise InputError(
            f"the saved state spent time on {strange[0]!r}, which this plan does not use; resume with the same devices"
        )
    return counts


def saved_readouts(state: Mapping[str, Any], workload: Workload) -> dict[str, Readout]:
    """A saved calibration: of all outputs of every sub-VQC that it names.

    Raises:
        InputError: If it cannot be read, or is of something else.
    """
    found = read_readout(state.get("readout", {}))
    outputs = {key: (subvqc.outputs,) for key, subvqc in workload.by_key.items()}
    if any(outputs.get(key) != readout.zero.shape for key, readout in found.items()):
        raise InputError(
            "the saved readout calibration is not of all outputs of this plan's sub-VQCs; use an intact file"
        )
    return found
