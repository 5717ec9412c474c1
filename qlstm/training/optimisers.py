"""The optimisers a `Recipe` can name.

They take the same steps as those of ``torch.optim``, to the bit. Those would load torch's compiler on first use, which
takes longer than many a training here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar

import torch
from torch import Tensor

from .recipe import Recipe


class Optimiser(ABC):
    """Steps down the gradient, with running means kept per parameter."""

    means: ClassVar[tuple[str, ...]]

    def __init__(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        self.parameters = [parameter for parameter in parameters if parameter.requires_grad]
        self.state = {name: [torch.zeros_like(parameter) for parameter in self.parameters] for name in self.means}
        self.steps = 0

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self, lr: float) -> None:
        """Change every parameter that has a gradient.

        Args:
            lr: Learning rate of this step.
        """
        self.steps += 1
        for parameter, *means in zip(self.parameters, *self.state.values(), strict=True):
            if parameter.grad is not None:
                self._update(parameter, parameter.grad, *means, lr=lr)

    @abstractmethod
    def _update(self, parameter: Tensor, gradient: Tensor, *means: Tensor, lr: float) -> None:
        """Change ``parameter`` and its running means in place."""

    def state_dict(self) -> dict[str, Any]:
        """Running means by name, and the number of steps."""
        return {"steps": self.steps, **self.state}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a `state_dict`.

        Raises:
            KeyError: If a running mean is missing.
            ValueError: If the state is that of another model.
        """
        for name, means in self.state.items():
            if [mean.shape for mean in means] != [saved.shape for saved in state[name]]:
                raise ValueError("running means of other parameters")
            self.state[name] = [saved.to(mean, copy=True) for mean, saved in zip(means, state[name], strict=True)]
        self.steps = int(state["steps"])


class RMSprop(Optimiser):
    """Tieleman and Hinton (2012): alpha 0.99, eps 1e-8."""

    means = ("square",)

    def _update(self, parameter: Tensor, gradient: Tensor, *means: Tensor, lr: float) -> None:
        (square,) = means
        square.mul_(0.99).addcmul_(gradient, gradient, value=1 - 0.99)
        parameter.addcdiv_(gradient, square.sqrt().add_(1e-8), value=-lr)


class Adam(Optimiser):
    """Kingma and Ba (2015): betas 0.9 and 0.999, eps 1e-8."""

    means = ("mean", "square")

    def _update(self, parameter: Tensor, gradient: Tensor, *means: Tensor, lr: float) -> None:
        mean, square = means
        mean.lerp_(gradient, 1 - 0.9)
        square.mul_(0.999).addcmul_(gradient, gradient, value=1 - 0.999)
        spread = (square.sqrt() / (1 - 0.999**self.steps) ** 0.5).add_(1e-8)
        parameter.addcdiv_(mean, spread, value=-lr / (1 - 0.9**self.steps))


def optimiser(recipe: Recipe, parameters: Iterable[torch.nn.Parameter]) -> Optimiser:
    """The optimiser of a recipe."""
    return {"adam": Adam, "rmsprop": RMSprop}[recipe.optimizer](parameters)
