"""Calibration of a device, read from its target; what is broken or unknown is left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from statistics import median

from qiskit.circuit import Gate, Instruction, Measure
from qiskit.transpiler import InstructionProperties, Target

from .core import Calibration

Where = tuple[int, ...]
Kind = tuple[type[Instruction], int]
_KINDS: tuple[Kind, ...] = ((Gate, 1), (Gate, 2), (Measure, 1))
"""One-qubit gates, two-qubit gates, readout: type of instruction, and width."""


def read_calibration(target: Target, rep_delay: float, date: str) -> Calibration:
    """Errors and times of all usable qubits and couplings.

    A qubit is usable when the errors of its gates and of its readout are known and below 1, a coupling when the
    error of a two-qubit gate on it is, and both its qubits are. Where the target records no error at all, as
    that of an ideal simulator, everything is usable with error 0.
    """
    missing = 1.0 if _is_calibrated(target) else 0.0
    one, two, readout = (_errors(target, kind, missing) for kind in _KINDS)
    usable = {q for (q,) in one if (q,) in readout}
    properties = dict(enumerate(target.qubit_properties or ()))
    one_seconds, two_seconds, readout_seconds = (_typical_seconds(target, kind) for kind in _KINDS)
    return Calibration(
        one_qubit={q: one[q,] for q in sorted(usable)},
        two_qubit={(a, b): error for (a, b), error in sorted(two.items()) if a in usable and b in usable},
        readout={q: readout[q,] for q in sorted(usable)},
        t1={q: p.t1 for q, p in properties.items() if p is not None and p.t1 is not None},
        t2={q: p.t2 for q, p in properties.items() if p is not None and p.t2 is not None},
        one_qubit_seconds=one_seconds,
        two_qubit_seconds=two_seconds,
        readout_seconds=readout_seconds,
        rep_delay=rep_delay,
        date=date,
        durations={(a, b): s for (a, b), s in sorted(_durations(target).items()) if (a, b) in two},
    )


def cropped_calibration(calibration: Calibration, qubits: tuple[int, ...]) -> Calibration:
    """The calibration of some qubits, renumbered by their position in ``qubits``."""
    number = {q: i for i, q in enumerate(qubits)}

    def crop(values: Mapping[int, float]) -> dict[int, float]:
        return {number[q]: values[q] for q in qubits if q in values}

    return replace(
        calibration,
        one_qubit=crop(calibration.one_qubit),
        two_qubit={
            (number[a], number[b]): e for (a, b), e in calibration.two_qubit.items() if a in number and b in number
        },
        readout=crop(calibration.readout),
        t1=crop(calibration.t1),
        t2=crop(calibration.t2),
        durations={(number[a], number[b]): s for (a, b), s in calibration.durations.items() if {a, b} <= number.keys()},
    )


def _instructions(target: Target, kind: Kind) -> Iterator[tuple[Where, InstructionProperties | None]]:
    """Where the instructions of a type and width can be applied, with what is known of them there."""
    for name in target.operation_names:
        operation = target.operation_from_name(name)
        if isinstance(operation, kind[0]) and operation.num_qubits == kind[1]:
            for where, values in (target[name] or {}).items():
                if where is not None:
                    yield where, values


def _is_calibrated(target: Target) -> bool:
    return any(v is not None and v.error is not None for kind in _KINDS for _, v in _instructions(target, kind))


def _errors(target: Target, kind: Kind, missing: float) -> dict[Where, float]:
    """Error of the worst one-qubit instruction, or of the best two-qubit one, where it is below 1."""
    found: dict[Where, list[float]] = {}
    for where, values in _instructions(target, kind):
        error = None if values is None else values.error
        found.setdefault(where, []).append(missing if error is None else float(error))
    pick = max if kind[1] == 1 else min
    return {where: pick(errors) for where, errors in found.items() if pick(errors) < 1.0}


def _durations(target: Target) -> dict[Where, float]:
    """Duration of the two-qubit gate on every coupling that has one, the shortest where there are several gates."""
    found: dict[Where, float] = {}
    for where, values in _instructions(target, _KINDS[1]):
        if values is not None and values.duration:
            found[where] = min(float(values.duration), found.get(where, float("inf")))
    return found


def _typical_seconds(target: Target, kind: Kind) -> float:
    """Median duration of the instructions that take time."""
    durations = [v.duration for _, v in _instructions(target, kind) if v is not None and v.duration]
    return float(median(durations)) if durations else 0.0
