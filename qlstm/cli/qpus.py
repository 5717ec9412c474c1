"""``qlstm qpus``: what is available."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backends.errors import InputError

from . import options as o

if TYPE_CHECKING:
    from backends import QPU
    from backends.summary import DeviceSummary

    from .output import Output

_WIDTH = 4
"""Width that cores are counted for."""
_BEST = 3
"""Cores listed per device."""


def qpus(
    qpu: Annotated[
        list[str] | None,
        typer.Option("--qpu", help="Show this device; repeat it for more.", metavar="SPEC", show_default=False),
    ] = None,
    core_qubits: Annotated[
        int | None, typer.Option("--core-qubits", help="Width the cores are counted for.", show_default=str(_WIDTH))
    ] = None,
    json: o.Json = False,
) -> int:
    """Show what can be given to --qpu and the devices of your IBM Quantum account, or those named with --qpu.

    Of every device: cores, calibration and, of a real one, its queue.
    """
    from .output import Output

    output = Output(json=json)
    width = _WIDTH if core_qubits is None else core_qubits
    if qpu:
        from backends import open_qpu

        devices = [open_qpu(spec) for spec in qpu]
        output.result({"qpus": _show(devices, width, output)})
        return 0
    from backends import available

    specs = available()
    mine, why_none = _account_devices()
    if core_qubits is not None and not mine:
        raise InputError(
            f"--core-qubits {core_qubits} counts the cores of devices, and none is named and there is no account;"
            " add --qpu, or leave it out"
        )
    output.rows("Devices", ("--qpu", "what it is"), specs.items())
    account = _show(mine, width, output) if mine else []
    if why_none:
        output.say(f"\nIBM Quantum: {why_none}")
    output.result({"available": specs, "account": account, "account_note": why_none})
    return 0


def _account_devices() -> tuple[list[QPU], str]:
    """The devices of the user's IBM Quantum account, or why there are none."""
    from backends.errors import PausedError
    from backends.specs import account_devices

    try:
        return account_devices(), ""
    except (InputError, PausedError) as error:
        return [], str(error)


def _show(devices: Sequence[QPU], core_qubits: int, output: Output) -> list[dict[str, Any]]:
    """Print devices and their best cores; the same as plain values."""
    from backends.summary import summary

    facts = [summary(device, core_qubits) for device in devices]
    _require_cores(facts, core_qubits)
    queues = [_queue(device) for device in devices]
    real = any(queue is not None for queue in queues)
    header = (
        "device",
        "qubits",
        f"cores\nof {core_qubits}",
        "1q\nerror",
        "2q\nerror",
        "readout",
        "T1, T2\nus",
        "calibrated",
        *(("queue",) if real else ()),
    )
    rows = [(*_row(fact), *(_queued(queue) if real else ())) for fact, queue in zip(facts, queues, strict=True)]
    output.rows("Devices (medians)", header, rows)
    cores = [core for device, fact in zip(devices, facts, strict=True) for core in _cores(device, fact)[:_BEST]]
    lines = [(core.name, " ".join(map(str, core.qubits)), f"{core.error:.4f}") for core in cores]
    output.rows("Best cores", ("core", "qubits", "summed error"), lines)
    return [_plain(*known) for known in zip(devices, facts, queues, strict=True)]


def _queue(device: QPU) -> tuple[str, int] | None:
    """Status and waiting jobs of a real device."""
    asked = getattr(device, "queue", None)
    return None if asked is None else asked()


def _queued(queue: tuple[str, int] | None) -> tuple[str]:
    """Waiting jobs, or why none will run."""
    if queue is None:
        return ("-",)
    return (str(queue[1]) if queue[0] == "online" else queue[0],)


def _require_cores(facts: Sequence[DeviceSummary], core_qubits: int) -> None:
    """Refuse a width that no device has a core of."""
    if not any(fact.cores for fact in facts):
        widest = max(facts, key=lambda fact: fact.qubits)
        raise InputError(
            f"--core-qubits {core_qubits}: no core of {', '.join(fact.name for fact in facts)} is that wide, "
            f"{widest.name} has {widest.qubits} qubits; give a smaller width or another --qpu"
        )


def _cores(device: QPU, facts: DeviceSummary) -> tuple[Any, ...]:
    return device.cores(facts.core_qubits) if facts.cores else ()


def _plain(device: QPU, facts: DeviceSummary, queue: tuple[str, int] | None) -> dict[str, Any]:
    cores = [{"name": core.name, "qubits": core.qubits, "error": core.error} for core in _cores(device, facts)]
    waiting = {} if queue is None else {"status": queue[0], "queue": queue[1]}
    return {**asdict(facts), "mode": device.mode, **waiting, "cores": cores}


def _row(facts: DeviceSummary) -> tuple[str, ...]:
    errors = (facts.one_qubit_error, facts.two_qubit_error, facts.readout_error)
    shown = ["-" if error is None else f"{error:.1e}".replace("e-0", "e-") for error in errors]
    times = ["-" if time is None else f"{time * 1e6:.0f}" for time in (facts.t1, facts.t2)]
    return (facts.name, str(facts.qubits), str(facts.cores), *shown, ", ".join(times), facts.date[:10] or "-")
