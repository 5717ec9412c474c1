"""Figures of a run: loss curves, and the forecast against the truth. Without a display, as figures or PNG files."""

from __future__ import annotations

from .canvas import TEST, TRAIN, TRUTH
from .loss import loss_curves, loss_figure
from .points import forecast, forecast_figure
from .steps import ahead, ahead_figure

__all__ = [
    "TEST", "TRAIN", "TRUTH", "ahead", "ahead_figure", "forecast", "forecast_figure", "loss_curves", "loss_figure",
]  # fmt: skip
