"""A classical LSTM of like size, trained by the recipe of the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import torch
from torch import Tensor, nn

from ..metrics import Scores, by_step
from ..tasks import Dataset
from ..training.recipe import Recipe
from ..training.settings import RunSettings
from ..training.trainer import Trainer


@dataclass(frozen=True)
class Classical:
    """What came of it.

    Attributes:
        hidden: Length of its hidden state.
        parameters: All that were trained.
        scores: As for any model.
        by_step: Errors apart by steps ahead; see `qlstm.metrics.by_step`.
    """

    hidden: int
    parameters: int
    scores: Scores
    by_step: Mapping[str, float]


class Lstm(nn.Module):
    """`torch.nn.LSTM` with a linear head on the last h: (batch, window, features) -> (batch, targets)."""

    def __init__(self, features: int, hidden: int, targets: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(features, hidden, batch_first=True)
        self.head = nn.Linear(hidden, targets)

    def forward(self, x: Tensor) -> Tensor:
        """Forecasts of windows."""
        _, (h, _) = self.lstm(x)
        return self.head(h[-1])  # type: ignore[no-any-return]


def size(features: int, hidden: int, targets: int) -> int:
    """Parameters of an `Lstm`: 4 gates of (features + hidden) weights and two biases, and the head."""
    return 4 * hidden * (features + hidden + 2) + targets * (hidden + 1)


def nearest_hidden(features: int, targets: int, parameters: int) -> int:
    """The hidden size whose number of parameters is nearest to ``parameters``."""
    hidden = 1
    while abs(size(features, hidden + 1, targets) - parameters) < abs(size(features, hidden, targets) - parameters):
        hidden += 1
    return hidden


def train_classical(data: Dataset, settings: RunSettings, epochs: int, parameters: int) -> Classical:
    """Train one on the same windows: same optimiser, learning rate, batches, seed and number of epochs.

    Args:
        data: Of the run.
        settings: Of the run.
        epochs: That the run has finished.
        parameters: Of the run's model.

    Raises:
        InputError: If its loss is no longer finite.
    """
    features, targets = data.x.shape[2], data.y.shape[1]
    hidden = nearest_hidden(features, targets, parameters)
    recipe = {field.name: getattr(settings, field.name) for field in fields(Recipe)} | {
        "epochs": epochs,
        "max_overhead": None,
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        model = Lstm(features, hidden, targets).double()
        trainer = Trainer(model, data, Recipe(**recipe))
        trainer.fit()
    assert trainer.forecasts is not None
    found = data.y, trainer.forecasts, data.train
    return Classical(hidden, size(features, hidden, targets), Scores.of(*found), by_step(*found, data.horizon))
