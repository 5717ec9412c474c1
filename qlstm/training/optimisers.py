"""The optimisers a `Recipe` can name.

They take the same steps as those of ``torch.optim``, but for rounding. Those would load torch's compiler on first use,
which takes longer than many a training here, and spend more time on a small step than the circuits do.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar, TypeAlias

import torch
from torch import Tensor
from torch._utils import _flatten_dense_tensors, _unflatten_dense_tensors

from .recipe import Recipe

Array: TypeAlias = Any
"""A numpy array, or a tensor where the parameters are not on the CPU: the steps below are written for both."""


class Optimiser(ABC):
    """Steps down the gradient, with running means kept per parameter."""

    means: ClassVar[tuple[str, ...]]

    def __init__(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        self.parameters = [parameter for parameter in parameters if parameter.requires_grad]
        self.state = {name: [torch.zeros_like(parameter) for parameter in self.parameters] for name in self.means}
        self.steps = 0
        self._flat = self._share()

    def _share(self) -> list[Array]:
        """Make the running means views of one flat array per kind; none where the parameters are not all alike."""
        if len({(p.dtype, p.device) for p in self.parameters}) != 1:
            return []
        sizes = [parameter.numel() for parameter in self.parameters]
        flat = [torch.cat([mean.reshape(-1) for mean in means]) for means in self.state.values()]
        for name, whole in zip(self.means, flat, strict=True):
            pieces = zip(torch.split(whole, sizes), self.parameters, strict=True)
            self.state[name] = [piece.view(parameter.shape) for piece, parameter in pieces]
        return [_array(whole) for whole in flat]

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
            change = _tensor(self._change(_joined(gradients), *self._flat, lr=lr))
            if len(gradients) == 1:
                self.parameters[0].add_(change.view_as(self.parameters[0]))
            else:
                parameters: list[Tensor] = list(self.parameters)
                torch._foreach_add_(parameters, _unflatten_dense_tensors(change, parameters))  # type: ignore[no-untyped-call]
            return
        for parameter, gradient, *means in zip(self.parameters, gradients, *self.state.values(), strict=True):
            if gradient is not None:
                parameter.add_(_tensor(self._change(_array(gradient), *map(_array, means), lr=lr)))

    @abstractmethod
    def _change(self, gradient: Array, *means: Array, lr: float) -> Array:
        """What to add to the parameters; updates the running means in place."""

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

    def _change(self, gradient: Array, *means: Array, lr: float) -> Array:
        (square,) = means
        square *= 0.99
        square += (1 - 0.99) * gradient * gradient
        return -lr * gradient / (square**0.5 + 1e-8)


class Adam(Optimiser):
    """Kingma and Ba (2015): betas 0.9 and 0.999, eps 1e-8."""

    means = ("mean", "square")

    def _change(self, gradient: Array, *means: Array, lr: float) -> Array:
        mean, square = means
        mean += (1 - 0.9) * (gradient - mean)
        square *= 0.999
        square += (1 - 0.999) * gradient * gradient
        spread = square**0.5
        spread /= (1 - 0.999**self.steps) ** 0.5
        spread += 1e-8
        return -lr / (1 - 0.9**self.steps) * mean / spread


def _joined(gradients: list[Any]) -> Array:
    """All of them in one flat array."""
    if len(gradients) == 1:
        return _array(gradients[0].reshape(-1))
    return _array(_flatten_dense_tensors(gradients))  # type: ignore[no-untyped-call]


def _array(tensor: Tensor) -> Array:
    """On the CPU a view by numpy: a fraction of torch's cost per operation, and no thread team for 100 numbers."""
    return tensor.detach().numpy() if tensor.device.type == "cpu" else tensor


def _tensor(array: Array) -> Tensor:
    return array if isinstance(array, Tensor) else torch.from_numpy(array)


def optimiser(recipe: Recipe, parameters: Iterable[torch.nn.Parameter]) -> Optimiser:
    """The optimiser of a recipe."""
    return {"adam": Adam, "rmsprop": RMSprop}[recipe.optimizer](parameters)
