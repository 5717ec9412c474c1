"""The optimisers a `Recipe` can name.

They take the same steps as those of ``torch.optim``, to the bit. Those would load torch's compiler on first use, which
takes longer than many a training here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor
from torch._utils import _flatten_dense_tensors, _unflatten_dense_tensors

from .recipe import Recipe


class Optimiser(ABC):
    """Steps down the gradient, with running means kept per parameter."""

    means: ClassVar[tuple[str, ...]]

    def __init__(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        self.parameters = [parameter for parameter in parameters if parameter.requires_grad]
        self.state = {name: [torch.zeros_like(parameter) for parameter in self.parameters] for name in self.means}
        self.steps = 0
        self._flat = self._share()

    def _share(self) -> list[Tensor]:
        """Make the running means views of one flat tensor per kind; none where the parameters are not all alike."""
        if len(self.parameters) < 2 or len({(p.dtype, p.device) for p in self.parameters}) > 1:
            return []
        sizes = [parameter.numel() for parameter in self.parameters]
        flat = [torch.cat([mean.reshape(-1) for mean in means]) for means in self.state.values()]
        for name, whole in zip(self.means, flat, strict=True):
            pieces = zip(torch.split(whole, sizes), self.parameters, strict=True)
            self.state[name] = [piece.view(parameter.shape) for piece, parameter in pieces]
        return flat

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
        gradients = [parameter.grad for parameter in self.parameters]
        if self._flat and all(gradient is not None for gradient in gradients):
            self._step_together([gradient for gradient in gradients if gradient is not None], lr)
            return
        for parameter, gradient, *means in zip(self.parameters, gradients, *self.state.values(), strict=True):
            if gradient is not None:
                above, below, scale = self._direction(gradient, *means, lr=lr)
                parameter.addcdiv_(above, below, value=scale)

    def _step_together(self, gradients: list[Tensor], lr: float) -> None:
        """All parameters in one go: a handful of operations instead of a handful each."""
        whole: Tensor = _flatten_dense_tensors(gradients)  # type: ignore[no-untyped-call]
        above, below, scale = self._direction(whole, *self._flat, lr=lr)
        change = (above * scale).div_(below)
        parameters: list[Tensor] = list(self.parameters)
        torch._foreach_add_(parameters, _unflatten_dense_tensors(change, parameters))  # type: ignore[no-untyped-call]

    @abstractmethod
    def _direction(self, gradient: Tensor, *means: Tensor, lr: float) -> tuple[Tensor, Tensor, float]:
        """Update the running means in place; numerator, denominator and factor of what to add to the parameters."""

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
        self._flat = self._share()


class RMSprop(Optimiser):
    """Tieleman and Hinton (2012): alpha 0.99, eps 1e-8."""

    means = ("square",)

    def _direction(self, gradient: Tensor, *means: Tensor, lr: float) -> tuple[Tensor, Tensor, float]:
        (square,) = means
        square.mul_(0.99).addcmul_(gradient, gradient, value=1 - 0.99)
        return gradient, _root(square).add_(1e-8), -lr


class Adam(Optimiser):
    """Kingma and Ba (2015): betas 0.9 and 0.999, eps 1e-8."""

    means = ("mean", "square")

    def _direction(self, gradient: Tensor, *means: Tensor, lr: float) -> tuple[Tensor, Tensor, float]:
        mean, square = means
        mean.lerp_(gradient, 1 - 0.9)
        square.mul_(0.999).addcmul_(gradient, gradient, value=1 - 0.999)
        spread = _root(square).div_((1 - 0.999**self.steps) ** 0.5).add_(1e-8)
        return mean, spread, -lr / (1 - 0.9**self.steps)


def _root(square: Tensor) -> Tensor:
    """The square root; on the CPU by numpy, as the library behind `torch.sqrt` starts a thread team for 100 numbers."""
    if square.device.type != "cpu":
        return square.sqrt()
    numbers = square.numpy()
    return torch.from_numpy(np.sqrt(numbers, out=np.empty_like(numbers)))


def optimiser(recipe: Recipe, parameters: Iterable[torch.nn.Parameter]) -> Optimiser:
    """The optimiser of a recipe."""
    return {"adam": Adam, "rmsprop": RMSprop}[recipe.optimizer](parameters)
