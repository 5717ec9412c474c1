"""Federated averaging: several clients train on windows of their own, and only weights travel.

Chehimi, Chen, Saad, Yoo, "Federated quantum long short-term memory (FedQLSTM)", Quantum Machine Intelligence 6, 43 (2024),
which is federated averaging (McMahan et al. 2017) of QLSTMs: in every round each client k starts from the global weights w,
trains for some local epochs on its n_k windows, and the server takes

    w <- sum_k (n_k / n) w_k,   n = sum_k n_k.

Open there, and chosen here: all clients take part in every round, each has one stretch of the training windows, in time
order, and keeps the running means of its own optimiser from round to round.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from backends.errors import InputError

from ..metrics import Scores, by_step
from .history import History
from .prediction import predict
from .recipe import Recipe, require_count
from .trainer import Trainer

if TYPE_CHECKING:
    from ..tasks import Dataset


class Federated:
    """Trains a model on shares of the training windows that never leave their clients.

    Args:
        model: Any that a `Trainer` takes; it holds the global weights. Its executor is not copied to the clients.
        data: Scaled windows; the training windows are divided, the test windows judge the global model.
        clients: Number of clients K.
        recipe: Of every client; ``epochs`` counts local epochs, over all rounds.
        local_epochs: Epochs of every client between two averages.

    Attributes:
        clients: A `Trainer` per client; set ``clients[k].model.executor`` to train client k on devices.
        history: One row per finished round: the global model on all windows.

    Raises:
        InputError: For a number that cannot be used, or more clients than training windows.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        data: Dataset,
        clients: int = 2,
        recipe: Recipe | None = None,
        local_epochs: int = 1,
    ) -> None:
        require_count("clients", clients, least=1)
        require_count("local_epochs", local_epochs, least=1)
        if clients > data.train:
            raise InputError(f"clients={clients} share {data.train} training window(s); use at most {data.train}")
        self.model, self.data, self.local_epochs = model, data, local_epochs
        self.clients = [Trainer(copy.deepcopy(model), share, recipe) for share in shares(data, clients)]
        self.history = History()

    @property
    def rounds(self) -> int:
        """Averages until the clients have done all epochs of their recipe; the last round may be shorter."""
        return math.ceil(self.clients[0].recipe.epochs / self.local_epochs)

    def fit(self, stop: Callable[[], bool] = lambda: False) -> History:
        """Train for all rounds, or until ``stop()`` is true between two steps of a client.

        Stopped, interrupted by Ctrl-C or failed, the model is that of the last finished round; call it again to go on.

        Raises:
            InputError: If a client's loss is no longer finite.
        """
        while len(self.history) < self.rounds:
            began = time.perf_counter()
            if not all(self._trained(client, stop) for client in self.clients):
                break
            self._average()
            found = self.data.y, predict(self.model, self.data.x), self.data.train
            scores = Scores.of(*found).to_dict() | by_step(*found, self.data.horizon)
            self.history.add({**scores, "seconds": time.perf_counter() - began})
        return self.history

    def _trained(self, client: Trainer, stop: Callable[[], bool]) -> bool:
        """Do what is left of a client's part in the current round; False if it was stopped."""
        begin = len(self.history) * self.local_epochs
        goal = min(begin + self.local_epochs, client.recipe.epochs)
        if (client.epoch, client.batch) == (begin, 0):
            client.model.load_state_dict(self.model.state_dict())
        if client.epoch < goal:
            client.fit(lambda: client.epoch >= goal or stop())
        return client.epoch >= goal

    def _average(self) -> None:
        states = [client.model.state_dict() for client in self.clients]
        average = weighted_mean(states, [client.data.train for client in self.clients])
        own = self.model.state_dict()
        with torch.no_grad():  # one call, which no Ctrl-C can cut in two
            torch._foreach_copy_(list(own.values()), [average[name] for name in own])


def shares(data: Dataset, clients: int) -> list[Dataset]:
    """Per client a stretch of the training windows, as even as ``numpy.array_split``, and all test windows."""
    test = np.arange(data.train, len(data))
    rows = [np.concatenate([mine, test]) for mine in np.array_split(np.arange(data.train), clients)]
    return [replace(data, x=data.x[mine], y=data.y[mine], train=len(mine) - len(test)) for mine in rows]


def weighted_mean(states: Sequence[dict[str, Tensor]], counts: Sequence[int]) -> dict[str, Tensor]:
    """sum_k (n_k / n) w_k by name; what all states have in common stays as it is, to the bit.

    Args:
        states: ``state_dict`` of every client.
        counts: Windows n_k of every client.
    """
    mean, total = {name: value.clone() for name, value in states[0].items()}, counts[0]
    for state, count in zip(states[1:], counts[1:], strict=True):
        total += count
        for name, value in state.items():
            if value.is_floating_point():  # counters, such as those of a norm layer, stay those of the first client
                mean[name] += (value - mean[name]) * (count / total)
    return mean
