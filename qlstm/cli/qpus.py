"""``qlstm qpus``: what is available."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import options as o

if TYPE_CHECKING:
    from backends import QPU
    from backends.summary import DeviceSummary

_BEST = 3
"""Cores listed per device."""


def qpus(
    qpu: Annotated[
        list[str] | None,
        typer.Option("--qpu", help="Show this device; repeat it for more.", metavar="SPEC", show_default=False),
    ] = None,
    core_qubits: Annotated[int, typer.Option("--core-qubits", help="Width the cores are counted for.")] = 4,
    json: o.Json = False,
) -> int:
    """Show what can be given to --qpu, or cores and calibration of the devices named with it."""
    from .output import Output

    output = Output(json=json)
    if not qpu:
        from backends import available

        specs = available()
        output.result({"available": specs})
        output.rows("Devices", ("--qpu", "what it is"), specs.items())
        return 0
    from backends import open_qpu
    from backends.summary import summary

    devices = [open_qpu(spec) for spec in qpu]
    facts = [summary(device, core_qubits) for device in devices]
    _require_cores(facts, core_qubits)
    output.result({"qpus": [_plain(*pair) for pair in zip(devices, facts, strict=True)]})
    header = (
        "device",
        "qubits",
        f"cores\nof {core_qubits}",
        "1q\nerror",
        "2q\nerror",
        "readout",
        "T1, T2\nus",
        "calibrated",
    )
    output.rows("Devices (medians)", header, map(_row, facts))
    cores = [core for device, fact in zip(devices, facts, strict=True) for core in _cores(device, fact)[:_BEST]]
    lines = [(core.name, " ".join(map(str, core.qubits)), f"{core.error:.4f}") for core in cores]
    output.rows("Best cores", ("core", "qubits", "summed error"), lines)
    return 0


def _require_cores(facts: Sequence[DeviceSummary], core_qubits: int) -> None:
    """Refuse a width that no device has a core of."""
    from backends.errors import InputError

    if not any(fact.cores for fact in facts):
        widest = max(facts, key=lambda fact: fact.qubits)
        raise InputError(
            f"--core-qubits {core_qubits}: no core of {', '.join(fact.name for fact in facts)} is that wide, "
            f"{widest.name} has {widest.qubits} qubits; give a smaller width or another --qpu"
        )


def _cores(device: QPU, facts: DeviceSummary) -> tuple[Any, ...]:
    return device.cores(facts.core_qubits) if facts.cores else ()


def _plain(device: QPU, facts: DeviceSummary) -> dict[str, Any]:
    cores = [{"name": core.name, "qubits": core.qubits, "error": core.error} for core in _cores(device, facts)]
    return {**asdict(facts), "mode": device.mode, "cores": cores}


def _row(facts: DeviceSummary) -> tuple[str, ...]:
    errors = (facts.one_qubit_error, facts.two_qubit_error, facts.readout_error)
    shown = ["-" if error is None else f"{error:.1e}".replace("e-0", "e-") for error in errors]
    times = ["-" if time is None else f"{time * 1e6:.0f}" for time in (facts.t1, facts.t2)]
    return (facts.name, str(facts.qubits), str(facts.cores), *shown, ", ".join(times), facts.date[:10] or "-")
