"""What a plan has to say beside its prices: where the QPU time goes, and what would save some."""

from __future__ import annotations

from statistics import median

from .counts import Counts
from .meter import Meter

SHORTER = 5.0
"""The pause between shots that is looked at is so many times shorter than the device's own."""
WORTH_SAYING = 0.2
"""Share of a device's seconds that must be saved for it to be said."""


def rep_delay_advice(meter: Meter, step: Counts) -> tuple[str, ...]:
    """What a shorter pause between shots would save in a training step, and what it risks, one line per device.

    By the usage rule a shot takes rep_delay + the duration of the circuit, and these circuits last microseconds.
    """
    return tuple(
        line
        for name, tally in step.per_qpu.items()
        if (line := _line(meter, name, tally.executions, tally.qpu_seconds))
    )


def _line(meter: Meter, name: str, executions: int, seconds: float) -> str:
    device = getattr(meter.topology.qpus[name], "device", None)
    if device is None or not meter.shots or not seconds:
        return ""
    shorter = max(device.rep_delay / SHORTER, device.rep_delay_range[0])
    saved = executions * (device.rep_delay - shorter)
    if saved < WORTH_SAYING * seconds:
        return ""
    t1 = median(device.calibration.t1.values()) if device.calibration.t1 else None
    left = "" if t1 is None else f" (median T1 here: {1e6 * t1:.0f} us)"
    return (
        f"{name}: {executions * device.rep_delay / seconds:.0%} of a step is the pause between shots, rep_delay "
        f"{1e6 * device.rep_delay:.0f} us; with {1e6 * shorter:.0f} us it would take {seconds - saved:.1f} instead of "
        f"{seconds:.1f} QPU s. The risk: a qubit that the reset between shots leaves excited has less time to relax{left}; "
        f"on the real device: ibm:NAME?rep_delay={shorter:.3g}"
    )
