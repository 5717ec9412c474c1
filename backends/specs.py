"""From a spec, such as ``fake:torino``, to a QPU; what specs there are."""

from __future__ import annotations

import sys
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from .errors import InputError, shown, unknown_name
from .fakes import fake_device, fake_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .ibm.account import Account
    from .qpu import QPU

KINDS = {
    "exact": "noiseless; exact expectations, or shots drawn from the exact distribution",
    "aer": "noiseless, simulated by Qiskit Aer",
    "fake:NAME": "a real device's calibration snapshot and noise, simulated core by core",
    "ibm:NAME": "a device of IBM Quantum, through your saved account or QISKIT_IBM_TOKEN; ibm:least_busy picks one",
}
"""Spec -> what it opens. `open_qpu` also takes any Qiskit ``BackendV2`` object."""
_PLACES = ("exact", "aer", "fake", "ibm")
_LIST = "qlstm qpus lists all devices"
_CLOSE = 0.6
"""How like a name must be to be suggested, of 1."""


def open_qpu(spec: object, snapshot: Mapping[str, Any] | None = None) -> QPU:
    """Open a device, real or simulated. Nothing is loaded or built before it is needed.

    Args:
        spec: ``"exact"``, ``"aer"``, ``"fake:NAME"``, or a Qiskit ``BackendV2`` object: a fake or generic one is
            simulated from its target, any other runs itself. ``"fake:NAME?engine=aer"`` says who simulates it (twin
            by default); with ``idle=1`` qubits that wait for others relax meanwhile: ``"fake:NAME?idle=1&engine=aer"``.
            ``"ibm:NAME"`` or ``"ibm:least_busy"`` is a real device, through the account that qiskit-ibm-runtime finds:
            the environment's (QISKIT_IBM_TOKEN, QISKIT_IBM_INSTANCE) or the saved one; what may follow it is
            described in `backends.ibm.options.Options`: ``"ibm:ibm_fez?mode=session&dd=XY4"``.
        snapshot: Of an ``ibm:`` device, from `IBMQPU.snapshot`: it goes by that calibration instead of today's.

    Raises:
        InputError: For an unknown kind, device, option or engine, with the nearest valid name.
    """
    if not isinstance(spec, str):
        return _of_backend(spec)
    kind, name, options = _parsed(spec)
    if kind == "ibm":
        return _ibm(spec, name, options, snapshot)
    if kind == "fake":
        return _fake(name, options)
    if kind not in ("exact", "aer"):
        raise _unknown_kind(spec, kind)
    if name or options:
        raise InputError(f"{spec!r}: {kind!r} takes no name and no options; write {kind!r}")
    return _ideal(kind)


def available() -> dict[str, str]:
    """Every spec that can be opened here and what it is, without loading a device."""
    fakes = {f"fake:{name}": f"calibration snapshot of ibm_{name}" for name in fake_names()}
    return {kind: text for kind, text in KINDS.items() if kind != "fake:NAME"} | fakes


def account_devices() -> list[QPU]:
    """Every device of the user's IBM Quantum account.

    Raises:
        InputError: If no account is known here, or it is not accepted.
        PausedError: If IBM Quantum cannot be reached.
    """
    return [open_qpu(f"ibm:{name}") for name in _account().names()]


def _parsed(spec: str) -> tuple[str, str, dict[str, str]]:
    """``kind:name?key=value&...`` taken apart."""
    place, _, query = spec.strip().partition("?")
    kind, _, name = place.partition(":")
    options = dict[str, str]()
    for item in filter(None, query.split("&")):
        key, equals, value = item.partition("=")
        if not equals or not value:
            raise InputError(f"{spec!r}: option {item!r} must be key=value, such as engine=aer")
        if key in options:
            raise InputError(f"{spec!r}: {key} is given twice, as {options[key]} and as {value}; give it once")
        options[key] = value
    return kind, name, options


def _unknown_kind(spec: str, kind: str) -> InputError:
    bare = kind.lower().removeprefix("fake").lstrip("_-")
    if bare not in fake_names() and get_close_matches(kind, _PLACES, cutoff=_CLOSE):
        return InputError(f"{unknown_name('kind of device', kind, _PLACES)}; {_LIST}")
    return _unknown_device(spec, bare)


def _unknown_device(given: str, name: str) -> InputError:
    """The error for what is no device, with the specs of those whose names are nearest to ``name``."""
    near = [name] if name in fake_names() else get_close_matches(name, fake_names(), cutoff=_CLOSE)
    hint = f"did you mean {' or '.join(repr(f'fake:{each}') for each in near)}? " if near else ""
    return InputError(f"unknown device {shown(given)}: {hint}write exact, aer, fake:NAME or ibm:NAME; {_LIST}")


def _ibm(spec: str, name: str, options: dict[str, str], snapshot: Mapping[str, Any] | None) -> QPU:
    from .ibm.options import Options
    from .ibm.qpu import IBMQPU

    wanted = Options.parsed(spec, options)
    if not name:
        raise InputError(f"{spec!r} names no device; write ibm:NAME, such as ibm:ibm_fez, or ibm:least_busy")
    if name == "least_busy":
        name = _account().least_busy() if snapshot is None else str(snapshot["configuration"]["backend_name"])
    return IBMQPU(name, _account, wanted, snapshot)


def _account() -> Account:
    from .ibm.connection import account

    return account()


def _ideal(kind: str) -> QPU:
    if kind == "exact":
        from .ideal import ExactQPU

        return ExactQPU()
    from .ideal import AerQPU

    return AerQPU()


def _fake(given: str, options: dict[str, str]) -> QPU:
    from .engines import DEFAULT_ENGINE, ENGINES
    from .simulated import SnapshotQPU

    for key in options:
        if key not in ("engine", "idle"):
            raise unknown_name("option", key, ("engine", "idle"))
    engine, idle = options.get("engine", DEFAULT_ENGINE), options.get("idle", "0")
    if idle not in ("0", "1"):
        raise InputError(f"idle={idle!r} of fake:{given} must be 1 (waiting qubits relax) or 0 (they do not)")
    if engine not in ENGINES:
        raise unknown_name("engine", engine, ENGINES)
    name = given.lower().removeprefix("fake_")
    if name not in fake_names():
        raise _unknown_device(f"fake:{given}", name)
    spec = f"fake:{name}"
    return SnapshotQPU(spec, lambda: fake_device(name, spec), engine, idle=idle == "1")


def _of_backend(backend: object) -> QPU:
    from qiskit.providers import BackendV2
    from qiskit.providers.fake_provider import GenericBackendV2

    from .device import Device
    from .native import NativeQPU
    from .simulated import SnapshotQPU

    if not isinstance(backend, BackendV2):
        kind = type(backend).__name__
        raise InputError(f"cannot open a {kind}: give a spec ({', '.join(KINDS)}) or a Qiskit BackendV2 object")
    if _is_a(backend, "qiskit_ibm_runtime.ibm_backend", "IBMBackend"):
        from .ibm.account import Account
        from .ibm.qpu import IBMQPU

        return IBMQPU(str(backend.name), lambda: Account(backend.service))
    is_fake = _is_a(backend, "qiskit_ibm_runtime.fake_provider.fake_backend", "FakeBackendV2")
    if is_fake or isinstance(backend, GenericBackendV2):
        return SnapshotQPU(str(backend.name), lambda: Device.of(backend, str(backend.name)))
    return NativeQPU(backend)


def _is_a(thing: object, module: str, name: str) -> bool:
    """Whether a thing is of a class of a module; the module need not be imported, for the thing's class would be."""
    return isinstance(thing, getattr(sys.modules.get(module), name, ()))
