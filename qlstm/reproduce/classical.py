"""The classical model beside the quantum one: `torch.nn.LSTM` and the same head."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ClassicalForecaster(nn.Module):
    """Linear(hidden, 1) on the last h of an LSTM, in float64.

    Args:
        features: Per time step.
        hidden: d_h.
    """

    def __init__(self, features: int, hidden: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(features, hidden, batch_first=True, dtype=torch.float64)
        self.head = nn.Linear(hidden, 1, dtype=torch.float64)

    def forward(self, x: Tensor) -> Tensor:
        """Forecasts (batch, 1) from windows (batch, window, features)."""
        _, (h, _) = self.lstm(x)
        forecast: Tensor = self.head(h[-1])
        return forecast
