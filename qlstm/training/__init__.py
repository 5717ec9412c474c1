"""Training: the trainer, its record, checkpoints, and runs in folders.

Names are loaded when they are first used; settings alone need neither torch nor numpy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .callbacks import Callback
    from .federated import Federated
    from .history import History
    from .keeping import Checkpoints
    from .opening import open_run
    from .prediction import predict
    from .progress import ProgressBar
    from .recipe import Recipe
    from .run import Run
    from .settings import RunSettings
    from .trained import Trained
    from .trainer import Trainer

_HOME = {
    "Callback": "callbacks", "Checkpoints": "keeping", "Federated": "federated", "History": "history",
    "ProgressBar": "progress", "Recipe": "recipe", "Run": "run", "RunSettings": "settings", "Trained": "trained",
    "Trainer": "trainer", "open_run": "opening", "predict": "prediction",
}  # fmt: skip

__all__ = [
    "Callback", "Checkpoints", "Federated", "History", "ProgressBar", "Recipe", "Run", "RunSettings", "Trained", "Trainer",
    "open_run", "predict",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)
