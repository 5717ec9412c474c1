"""What is trained, as frozen data: a series, a model, a recipe."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from ..training.recipe import Recipe

if TYPE_CHECKING:
    from torch import nn

    from ..tasks import Dataset
    from ..tasks.windows import Scaling

FAST_EPOCHS = 2
"""Epochs of a check that everything runs."""


@dataclass(frozen=True, kw_only=True)
class Data:
    """Windows of one of the paper's tasks.

    Attributes:
        task: Name of the task.
        scaling: ``"all"``: the whole series sets the scale, as in the paper; ``"train"``: the training part only.
        window: Past values per forecast.
        with_u: NARMA: the model also sees u_t.
        y0: NARMA: first value; None for the task's own.
    """

    task: str
    scaling: Scaling = "all"
    window: int = 4
    with_u: bool = False
    y0: float | None = None

    @property
    def features(self) -> int:
        """Values the model sees per time step."""
        return 2 if self.with_u else 1

    def load(self) -> Dataset:
        """The windows."""
        from ..tasks import Dataset, load

        options: dict[str, Any] = {"with_u": True} if self.with_u else {}
        if self.y0 is not None:
            options["y0"] = self.y0
        return Dataset.of(load(self.task, **options), self.window, scaling=self.scaling)


class Model(Protocol):
    """What can be built for a number of features, with one target; frozen, so that it can be a key."""

    def build(self, features: int) -> nn.Module:
        """A module (batch, window, features) -> (batch, 1) in float64, its weights drawn from torch's generator."""
        ...


@dataclass(frozen=True)
class Quantum:
    """A `Forecaster` with a linear head.

    Attributes:
        hidden: d_h.
        parts: M.
        partition: Name of a strategy.
        ansatz: Name of a preset.
        depth: Its layers per upload.
        entangler: Of the ansatz; None for the preset's own.
    """

    hidden: int
    parts: int
    partition: str
    ansatz: str
    depth: int
    entangler: str | None = None

    def build(self, features: int) -> nn.Module:
        """See `Model`."""
        import torch

        from .. import Ansatz, Forecaster

        changes = {} if self.entangler is None else {"entangler": self.entangler}
        circuit = Ansatz.named(self.ansatz, depth=self.depth, **changes)
        return Forecaster(
            features, self.hidden, parts=self.parts, partition=self.partition, ansatz=circuit, dtype=torch.float64
        )


@dataclass(frozen=True)
class Classical:
    """A `torch.nn.LSTM` with a linear head.

    Attributes:
        hidden: d_h.
    """

    hidden: int

    def build(self, features: int) -> nn.Module:
        """See `Model`."""
        from .classical import ClassicalForecaster

        return ClassicalForecaster(features, self.hidden)

    @classmethod
    def like(cls, parameters: int, features: int) -> Classical:
        """The largest one with at most so many parameters."""
        hidden = 1
        while cls(hidden + 1).parameters(features) <= parameters:
            hidden += 1
        return cls(hidden)

    def parameters(self, features: int) -> int:
        """Trainable numbers: 4 gates with two biases each, and the head."""
        return 4 * self.hidden * (features + self.hidden + 2) + self.hidden + 1


@dataclass(frozen=True)
class Setup:
    """One training but for its seed; ``model`` None is the linear least squares fit, which has none.

    Attributes:
        data: What it is trained on.
        model: What is trained.
        recipe: How; its seed is not looked at.
    """

    data: Data
    model: Model | None
    recipe: Recipe = field(default_factory=Recipe)

    @property
    def seeded(self) -> bool:
        """False where every seed gives the same."""
        return self.model is not None

    def fast(self) -> Setup:
        """The same with very few epochs, to see that everything runs."""
        return replace(self, recipe=replace(self.recipe, epochs=FAST_EPOCHS))


@dataclass(frozen=True)
class Printed:
    """What the paper prints of a model.

    Attributes:
        r2: "R-square".
        epoch: "Testing Epoch Convergence".
    """

    r2: float
    epoch: int


@dataclass(frozen=True)
class Row:
    """A line of a table.

    Attributes:
        group: Heading it stands under.
        name: Of the model.
        setup: What is trained.
        printed: The paper's numbers for it, if it has any.
    """

    group: str
    name: str
    setup: Setup
    printed: Printed | None = None
