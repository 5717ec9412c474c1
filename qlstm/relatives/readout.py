"""A head for any recurrent module, so that a `Trainer` can train it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from backends.errors import InputError
from qlstm.checks import require_sizes


class Readout(nn.Module):
    """Linear(hidden, output) on the last h, as in a `Forecaster` with ``head="linear"``.

    Its executor is that of the recurrent module, so that a `QLSTM` in it runs on devices.

    Args:
        recurrent: Called like `torch.nn.LSTM` with ``batch_first=True``; its ``hidden_size`` is used.
        output_size: Values to forecast.

    Raises:
        InputError: For a module without ``hidden_size``, or one that takes the steps first.
    """

    def __init__(self, recurrent: nn.Module, output_size: int = 1) -> None:
        super().__init__()
        require_sizes(output_size=output_size)
        if not hasattr(recurrent, "hidden_size") or not getattr(recurrent, "batch_first", False):
            raise InputError(
                f"{type(recurrent).__name__} must have a hidden_size and batch_first=True to be read out; "
                "build it with batch_first=True"
            )
        self.recurrent = recurrent
        self._directions = 2 if getattr(recurrent, "bidirectional", False) else 1
        like = next(recurrent.parameters())
        width = int(recurrent.hidden_size) * self._directions  # type: ignore[arg-type]
        self.head = nn.Linear(width, output_size, device=like.device, dtype=like.dtype)

    @property
    def executor(self) -> Any:
        """Who evaluates the circuits of the recurrent module; None where there are none, or in exact simulation."""
        return getattr(self.recurrent, "executor", None)

    @executor.setter
    def executor(self, executor: Any) -> None:
        if hasattr(self.recurrent, "executor"):
            self.recurrent.executor = executor
        elif executor is not None:
            raise InputError(f"a {type(self.recurrent).__name__} has no circuits to run; leave executor=None")

    @property
    def gradient(self) -> str:
        """Where gradients on devices come from; see `QLSTM`."""
        return getattr(self.recurrent, "gradient", "auto")

    def forward(self, x: Tensor) -> Tensor:
        """Forecasts of shape (batch, output_size) from windows of shape (batch, steps, features)."""
        _, (h, _) = self.recurrent(x)
        return self.head(torch.cat(list(h[-self._directions :]), -1))  # type: ignore[no-any-return]
