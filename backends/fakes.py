"""What a ``fake:NAME`` is: names of the snapshots that `qiskit_ibm_runtime` comes with, and devices made of them.

The package itself is imported only for a snapshot that cannot be read without it; see `backends.snapshot`.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .device import Device

_PREFIX = "fake_"


@cache
def fake_names() -> tuple[str, ...]:
    """NAME of every ``fake:NAME``, sorted; no snapshot is read."""
    return tuple(sorted(file.parent.name for file in _folder().glob(f"*/{_PREFIX}*.py"))) or tuple(sorted(_classes()))


def fake_device(name: str, spec: str) -> Device:
    """The device of a snapshot.

    Args:
        name: One of `fake_names`.
        spec: What the device is called.
    """
    from .device import Device
    from .snapshot import UnfamiliarError, read_device

    try:
        return read_device(_folder() / name, spec)
    except UnfamiliarError:
        return Device.of(_classes()[name](), spec)


def _folder() -> Path:
    """Of the snapshots; one that does not exist where the package keeps them elsewhere."""
    spec = find_spec("qiskit_ibm_runtime")  # finds it without importing it
    return Path((spec and spec.origin) or "").parent / "fake_provider" / "backends"


def _classes() -> dict[str, Any]:
    """The fake backends by name, as classes."""
    from .ibm.runtime import fake_backends

    return {name.removeprefix(_PREFIX): each for name, each in fake_backends().items()}
