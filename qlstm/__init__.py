"""A torch Quantum LSTM whose gates are distributed variational circuits.

>>> from qlstm import QLSTM
>>> y, (h, c) = QLSTM(input_size=1, hidden_size=5, parts=2)(x)  # shapes of torch.nn.LSTM
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qlstm import tasks as tasks
    from qlstm.ansatz import Ansatz as Ansatz
    from qlstm.cell import QLSTMCell as QLSTMCell
    from qlstm.forecaster import Forecaster as Forecaster
    from qlstm.lstm import QLSTM as QLSTM
    from qlstm.spsa import spsa_gradient as spsa_gradient

__version__ = "0.1.0"
__all__ = ["QLSTM", "Ansatz", "Forecaster", "QLSTMCell", "spsa_gradient", "tasks"]

_HOME = {"QLSTM": "lstm", "Ansatz": "ansatz", "Forecaster": "forecaster", "QLSTMCell": "cell", "spsa_gradient": "spsa"}


def __getattr__(name: str) -> Any:
    """Import on first use: the command line must answer before torch is loaded."""
    if name == "tasks":
        return import_module("qlstm.tasks")
    if name not in _HOME:
        raise AttributeError(f"module 'qlstm' has no attribute {name!r}")
    value = getattr(import_module(f"qlstm.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
