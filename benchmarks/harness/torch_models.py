"""Ours and torch.nn.LSTM: the same training loop, the same Adam.

It is the one that `qlstm train` uses, equal to torch.optim.Adam but for rounding. Of it and torch's own (fused, foreach
and plain) it is the fastest for either model at two threads, where torch's fused step opens a parallel region for every
parameter, however small.
"""

from __future__ import annotations

import numpy as np
import torch

from qlstm.training.optimisers import Adam

from .cases import LEARNING_RATE, Array, Case, data


class TorchContestant:
    """A sequence model (batch first) trained on the mean squared error of its whole output."""

    def __init__(self, case: Case, model: torch.nn.Module) -> None:
        given = data(case)
        self.model = model
        self.x, self.target = torch.from_numpy(given["x"]), torch.from_numpy(given["target"])
        self.optimiser = Adam(model.parameters())

    def step(self) -> torch.Tensor:
        """One training step; returns the model's output before it."""
        self.optimiser.zero_grad()
        y: torch.Tensor = self.model(self.x)[0]
        torch.nn.functional.mse_loss(y, self.target).backward()  # type: ignore[no-untyped-call]
        self.optimiser.step(LEARNING_RATE)
        return y

    def gradient(self) -> Array | None:
        """Gradient of the last step in the common layout, None where there is none to compare."""
        return None

    def first(self) -> tuple[Array, Array | None]:
        """See `contestant.Contestant`."""
        y = self.step().detach().numpy()
        return y, self.gradient()

    def run(self, steps: int) -> None:
        """See `contestant.Contestant`."""
        for _ in range(steps):
            self.step()


class Ours(TorchContestant):
    """The QLSTM of this repository."""

    def __init__(self, case: Case) -> None:
        from qlstm import QLSTM, Ansatz

        model = QLSTM(
            case.input_size, case.hidden_size, parts=case.parts, partition="contiguous", batch_first=True,
            ansatz=Ansatz.chen2020(depth=case.depth),
        ).double()  # fmt: skip
        self.weights = [getattr(model, f"weight_l0_p{m}") for m in range(case.parts)]
        with torch.no_grad():
            for weight, value in zip(self.weights, data(case)["weights"], strict=True):
                weight.copy_(torch.from_numpy(value))
        super().__init__(case, model)

    def gradient(self) -> Array:
        """See `TorchContestant.gradient`."""
        return np.stack([weight.grad.numpy() for weight in self.weights])


class Lstm(TorchContestant):
    """torch.nn.LSTM with the same input and hidden size: the yardstick, another function."""

    def __init__(self, case: Case) -> None:
        super().__init__(case, torch.nn.LSTM(case.input_size, case.hidden_size, batch_first=True).double())
