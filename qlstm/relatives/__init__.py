"""Relatives of the QLSTM that the paper names, for comparison: kernel gates, generated weights, and a head for any of them.

The two others need no module of their own: linear layers around the circuits are ``QLSTM(..., linear=WIDTH)``, federated
training is `qlstm.training.Federated`. Names are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .kernel import QKLSTM, quantum_kernel
    from .quantum_train import QTLSTM
    from .readout import Readout

_HOME = {"QKLSTM": "kernel", "QTLSTM": "quantum_train", "Readout": "readout", "quantum_kernel": "kernel"}

__all__ = ["QKLSTM", "QTLSTM", "Readout", "quantum_kernel"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)
