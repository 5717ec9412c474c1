"""The training loop: batches in order, one row of history per epoch, a consistent state at every step."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from backends.errors import InputError, check_is

from ..metrics import Scores, by_step
from ..tasks import Dataset
from .bounding import OverheadBound, largest_overhead
from .callbacks import Callback
from .devices import executor_of, executor_state, spent_since, totals
from .gradient import fill_gradient
from .history import OVERHEAD, SIGNAL, STDERR, History
from .optimisers import optimiser
from .prediction import as_tensor, predict
from .recipe import Recipe
from .spread import forecast_deviations, mse_stderr
from .state import require_state


class Trainer:
    """Minimises the mean squared error of a model's forecasts on the training windows, within a bound on its overhead.

    Args:
        model: ``(batch, window, features) -> (batch, horizon * targets)``; it is trained where it lives, in its own dtype.
        data: Scaled windows.
        recipe: Optimiser, order and length of the training.
        callbacks: Told about every step and epoch.

    Attributes:
        history: One row per finished epoch.
        epoch: Finished epochs.
        batch: Finished batches of the current epoch.
        signals: Signal-to-noise ratios of the gradient in the steps of the current epoch; see `signal_to_noise`.
        forecasts: Of all windows at the end of the last epoch of this process, (windows, horizon * targets), scaled.
        spread: How repetitions of them deviate from their mean, (repetitions, windows, horizon * targets); None where it
            is not known. See `spread.forecast_deviations`.
        settled: False while a step is being written into the model, when `state_dict` would mix two steps.
    """

    def __init__(
        self, model: torch.nn.Module, data: Dataset, recipe: Recipe | None = None, callbacks: Sequence[Callback] = ()
    ) -> None:
        check_is(model, torch.nn.Module, "give a Forecaster, or any torch module from windows to forecasts")
        check_is(data, Dataset, "make one with Dataset.of(tasks.load(...))")
        self.model, self.data, self.recipe = model, data, recipe or Recipe()
        check_is(self.recipe, Recipe, "give Recipe(...), or None for the usual one")
        self.callbacks = tuple(callbacks)
        self.history, self.epoch, self.batch = History(), 0, 0
        self.forecasts: NDArray[np.float64] | None = None
        self.spread: NDArray[np.float64] | None = None
        self._like = next(model.parameters())
        self._x, self._y = as_tensor(data.x, self._like), as_tensor(data.y, self._like)
        self._optimizer = optimiser(self.recipe, model.parameters())
        bound = self.recipe.bridge_bound
        self._penalty = None if bound is None else OverheadBound(model, bound)
        self._elapsed = 0.0
        self.signals: list[float] = []
        self._mark()

    @property
    def batches(self) -> int:
        """Optimiser steps per epoch."""
        return math.ceil(self.data.train / self.recipe.batch)

    @property
    def steps(self) -> int:
        """Optimiser steps done since the training began."""
        return self.epoch * self.batches + self.batch

    @property
    def finished(self) -> bool:
        """True when no epoch is left."""
        return self.epoch >= self.recipe.epochs

    def fit(self, stop: Callable[[], bool] = lambda: False) -> History:
        """Train until the last epoch, or until ``stop()`` is true between two steps.

        Raises:
            InputError: If the loss is no longer finite.
        """
        self._emit("on_start")
        try:
            while not self.finished and not stop():
                self._advance()
        finally:
            self._emit("on_end")
        return self.history

    def predict(self, x: torch.Tensor | NDArray[np.float64]) -> NDArray[np.float64]:
        """Forecasts in scaled units, shape (n, targets), for windows of shape (n, window, features)."""
        return predict(self.model, x)

    def _advance(self) -> None:
        """One optimiser step, or the evaluation that closes an epoch."""
        if self.batch < self.batches:
            self._step()
        else:
            self._close_epoch()

    def _step(self) -> None:
        began, rows, where = time.perf_counter(), self._rows(), f"step {self.batch + 1} of epoch {self.epoch + 1}"
        self.model.train()
        self._optimizer.zero_grad()
        x, y = self._x[rows], self._y[rows]
        loss, signal = fill_gradient(self.model, x, y, self.recipe, self._penalty, self.steps, where)
        self.settled = False
        self._optimizer.step(self.recipe.rate(self.epoch))
        if signal is not None:
            self.signals.append(signal)
        self.batch += 1
        self._elapsed += time.perf_counter() - began
        self._mark()
        self._emit("on_step", loss)

    def _close_epoch(self) -> None:
        began = time.perf_counter()
        row = self._evaluate()
        self._elapsed += time.perf_counter() - began
        self.settled = False
        signal = {SIGNAL: sum(self.signals) / len(self.signals)} if self.signals else {}
        overhead = largest_overhead(self.model)
        bridges = {} if overhead is None else {OVERHEAD: overhead}
        spent = totals(executor_of(self.model))
        row = self.history.add({**row, "seconds": self._elapsed, **bridges, **signal, **spent})
        self.epoch, self.batch, self._elapsed, self.signals = self.epoch + 1, 0, 0.0, []
        self._mark()
        self._emit("on_epoch", row)

    def _rows(self) -> torch.Tensor:
        """Training windows of the current batch; the order depends on seed and epoch alone, so it needs no state."""
        first, count = self.batch * self.recipe.batch, self.data.train
        order = np.arange(count)
        if self.recipe.shuffle:
            order = np.random.default_rng([self.recipe.seed, self.epoch]).permutation(count)
        return torch.as_tensor(order[first : first + self.recipe.batch], device=self._like.device)

    def _evaluate(self) -> dict[str, int | float]:
        self.forecasts = self.predict(self._x)
        self.spread = forecast_deviations(self.model, self._x, self.epoch) if self.recipe.signal else None
        found = self.data.y, self.forecasts, self.data.train
        return {**Scores.of(*found).to_dict(), **by_step(*found, self.data.horizon), **self._errors()}

    def _errors(self) -> dict[str, float]:
        """Standard errors of both losses, where they are known."""
        if self.forecasts is None or self.spread is None:
            return {}
        parts = slice(self.data.train), slice(self.data.train, None)
        y, p, d = self.data.y, self.forecasts, self.spread
        return {name: mse_stderr(y[part], p[part], d[:, part]) for name, part in zip(STDERR, parts, strict=True)}

    def state_dict(self) -> dict[str, Any]:
        """All that decides how the training goes on, as of the end of the last finished step."""
        return {
            "weights": self.model.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "epoch": self.epoch,
            "batch": self.batch,
            "elapsed": self._elapsed,
            "signals": list(self.signals),
            "history": [dict(row) for row in self.history.rows],
            "torch_rng": self._marked["torch_rng"],
            "executor": spent_since(executor_of(self.model), self._marked["executor"]),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a `state_dict`, to the bit as if never interrupted.

        Raises:
            InputError: If the state is that of another model.
        """
        try:
            require_state(state, self.batches)
            self.model.load_state_dict(state["weights"])
            self._optimizer.load_state_dict(state["optimizer"])
            self.epoch, self.batch, self._elapsed = state["epoch"], state["batch"], state["elapsed"]
            self.signals = list(state.get("signals", ()))
            self.history = History([dict(row) for row in state["history"]])
            torch.set_rng_state(state["torch_rng"])
            executor = executor_of(self.model)
            if state["executor"] is not None and hasattr(executor, "load_state_dict"):
                executor.load_state_dict(state["executor"])
        except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
            reason = " ".join(str(error).split())
            raise InputError(
                f"the checkpoint is damaged or of another model ({reason}); resume with the run's own options,"
                " or restore it from a copy"
            ) from error
        self._mark()

    def _mark(self) -> None:
        """Note what a step changes before it succeeds, so that a failed one can be taken back."""
        self._marked = {"torch_rng": torch.get_rng_state(), "executor": executor_state(executor_of(self.model))}
        self.settled = True

    def _emit(self, hook: str, *values: object) -> None:
        for callback in self.callbacks:
            getattr(callback, hook)(self, *values)
