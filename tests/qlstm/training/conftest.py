"""Small stand-ins: a torch model that needs the random generator, and a toy executor that keeps state."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from qlstm.tasks import Dataset, Series


class Net(torch.nn.Module):
    """Window -> forecast through a dropout layer; with an executor the result carries its noise."""

    executor: Any = None

    def __init__(self, hidden: int = 4) -> None:
        super().__init__()
        torch.manual_seed(11)
        self.body = torch.nn.Sequential(
            torch.nn.Flatten(),
            torch.nn.Linear(3, hidden),
            torch.nn.Tanh(),
            torch.nn.Dropout(0.3),
            torch.nn.Linear(hidden, 1),
        ).double()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.body(x)
        return out if self.executor is None else out + self.executor.noise(len(x))


class Executor:
    """Noise that depends on the number of rounds so far; optionally fails in one round."""

    def __init__(self, fail_at: int | None = None) -> None:
        self.rounds, self.fail_at = 0, fail_at

    def noise(self, rows: int) -> torch.Tensor:
        if self.rounds == self.fail_at:
            self.rounds += 1
            raise RuntimeError("connection lost")
        self.rounds += 1
        return torch.as_tensor(0.01 * np.random.default_rng(self.rounds).normal(size=(rows, 1)))

    def state_dict(self) -> dict[str, Any]:
        return {"rounds": self.rounds}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.rounds = state["rounds"]

    def report(self) -> Any:
        return SimpleNamespace(rounds=self.rounds, jobs=self.rounds, executions=9 * self.rounds, qpu_seconds=2.0)


@pytest.fixture
def data() -> Dataset:
    """29 windows, 19 of them train."""
    return Dataset.of(Series.univariate("sine", np.sin(np.linspace(0, 12, 33)), "y"), window=3)


@pytest.fixture
def toys() -> Any:
    """The classes above."""
    return SimpleNamespace(Net=Net, Executor=Executor)
