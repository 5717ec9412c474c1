"""What a quantum device is and how it runs circuits: `open_qpu` turns a spec into a QPU.

Names are loaded when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .core import Calibration, Core
    from .errors import BudgetError, InputError
    from .qpu import QPU, Bundle, Expectations, Handle, Limits, Profile, Request, Variant
    from .specs import available, open_qpu

_HOME = {
    "Calibration": "core", "Core": "core", "BudgetError": "errors", "InputError": "errors",
    "open_qpu": "specs", "available": "specs", "QPU": "qpu", "Expectations": "qpu", "Handle": "qpu",
    "Limits": "qpu", "Request": "qpu", "Bundle": "qpu", "Profile": "qpu", "Variant": "qpu",
}  # fmt: skip

__all__ = [
    "QPU", "BudgetError", "Bundle", "Calibration", "Core", "Expectations", "Handle", "InputError", "Limits", "Profile",
    "Request", "Variant", "available", "open_qpu",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)
