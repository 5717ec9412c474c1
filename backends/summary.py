"""One line of facts about a device, for listings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from .checks import checked_width
from .errors import InputError
from .qpu import QPU


@dataclass(frozen=True)
class DeviceSummary:
    """A device at a glance; medians are over usable qubits and couplings, None where nothing is recorded.

    Attributes:
        name: Name of the QPU.
        qubits: Number of qubits.
        core_qubits: Width that ``cores`` was counted for; None for the whole device.
        cores: Disjoint cores of that width; 0 if none fits.
        one_qubit_error: Median.
        two_qubit_error: Median.
        readout_error: Median.
        t1: Median, seconds.
        t2: Median, seconds.
        rep_delay: Seconds between shots.
        date: When it was calibrated; empty if unknown.
    """

    name: str
    qubits: int
    core_qubits: int | None
    cores: int
    one_qubit_error: float | None
    two_qubit_error: float | None
    readout_error: float | None
    t1: float | None
    t2: float | None
    rep_delay: float
    date: str


def summary(qpu: QPU, core_qubits: int | None = None) -> DeviceSummary:
    """What to tell about a device, its cores counted for a width."""
    known = qpu.calibration
    return DeviceSummary(
        qpu.name,
        qpu.num_qubits,
        core_qubits,
        _count(qpu, core_qubits),
        _median(known.one_qubit),
        _median(known.two_qubit),
        _median(known.readout),
        _median(known.t1),
        _median(known.t2),
        known.rep_delay,
        known.date,
    )


def _median(values: Mapping[Any, float]) -> float | None:
    return float(median(values.values())) if values else None


def _count(qpu: QPU, core_qubits: int | None) -> int:
    checked_width(core_qubits)
    try:
        return len(qpu.cores(core_qubits))
    except InputError:  # the width is a valid one, so no region is that wide
        return 0
