"""The training loop: batches in order, one row of history per epoch, a consistent state at every step."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from backends.errors import InputError

from ..metrics import Scores, by_step
from ..spsa import spsa_gradient
from .bounding import OverheadBound, largest_overhead
from .callbacks import Callback
from .devices import executor_of, executor_state, gradient_of, spent_since, totals
from .history import OVERHEAD, SIGNAL, STDERR, History
from .optimisers import optimiser
from .recipe import Recipe, require_count
from .signal import signal_to_noise
from .spread import forecast_deviations, mse_stderr

if TYPE_CHECKING:
    from ..tasks import Dataset

_CHUNK = 4096
"""Windows per forward pass of an exact evaluation, to bound memory; on devices all windows share each round."""


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
        self.model, self.data, self.recipe = model, data, recipe or Recipe()
        self.callbacks = tuple(callbacks)
        self.history, self.epoch, self.batch = History(), 0, 0
        self.forecasts: NDArray[np.float64] | None = None
        self.spread: NDArray[np.float64] | None = None
        self._like = next(model.parameters())
        self._x, self._y = _tensor(data.x, self._like), _tensor(data.y, self._like)
        self._optimizer = optimiser(self.recipe, model.parameters())
        bound = self.recipe.max_overhead
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
        began = time.perf_counter()
        if self.batch < self.batches:
            loss = self._step()
            self.batch += 1
            self._elapsed += time.perf_counter() - began
            self._mark()
            self._emit("on_step", loss)
            return
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

    def _step(self) -> float:
        rows = self._rows()
        self.model.train()
        self._optimizer.zero_grad()
        value, signal = self._gradient(self._x[rows], self._y[rows])
        self.settled = False
        self._optimizer.step(self.recipe.rate(self.epoch))
        if signal is not None:
            self.signals.append(signal)
        return value

    def _gradient(self, x: torch.Tensor, y: torch.Tensor) -> tuple[float, float | None]:
        """Fill ``.grad``; the loss, and how much of the gradient is signal."""

        def loss(forecast: torch.Tensor) -> torch.Tensor:
            return torch.nn.functional.mse_loss(forecast, y)

        if executor_of(self.model) is not None and gradient_of(self.model) == "spsa":
            value = spsa_gradient(self.model, lambda: self._penalised(loss(self.model(x))), self.recipe.perturbation)
            self._require_loss(value)
            return value, None
        found = self._penalised(loss(self.model(x)))
        value = found.item()
        self._require_loss(value)
        found.backward()  # type: ignore[no-untyped-call]
        return value, signal_to_noise(self.model, loss, self.steps) if self.recipe.signal else None

    def _penalised(self, loss: torch.Tensor) -> torch.Tensor:
        return loss if self._penalty is None else loss + self._penalty()

    def _require_loss(self, value: float) -> None:
        """Raise for a loss that is not finite."""
        if not math.isfinite(value):
            raise InputError(
                f"the loss is {value} at step {self.batch + 1} of epoch {self.epoch + 1};"
                f" lr={self.recipe.lr} is too large for this model, start again with a smaller one"
            )

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
            self._require(state)
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

    def _require(self, state: dict[str, Any]) -> None:
        """Raise ValueError or TypeError for numbers that no training leaves behind."""
        require_count("epoch", state["epoch"], least=0)
        require_count("batch", state["batch"], least=0, most=self.batches)
        if not (isinstance(state["elapsed"], int | float) and state["elapsed"] >= 0):
            raise ValueError(f"elapsed={state['elapsed']!r} must be a number of seconds")
        if not all(isinstance(value, int | float) for value in state.get("signals", ())):
            raise ValueError("the signals hold something else than numbers")
        require_finite(state["weights"])
        rows = state["history"]
        if [row["epoch"] for row in rows] != list(range(1, state["epoch"] + 1)):
            raise ValueError(f"the history has {len(rows)} row(s) for {state['epoch']} epoch(s)")
        if not all(isinstance(value, int | float) for row in rows for value in row.values()):
            raise ValueError("the history holds something else than numbers")

    def _mark(self) -> None:
        """Note what a step changes before it succeeds, so that a failed one can be taken back."""
        self._marked = {"torch_rng": torch.get_rng_state(), "executor": executor_state(executor_of(self.model))}
        self.settled = True

    def _emit(self, hook: str, *values: object) -> None:
        for callback in self.callbacks:
            getattr(callback, hook)(self, *values)


def require_finite(weights: dict[str, torch.Tensor]) -> None:
    """Raise ValueError for weights that are not finite."""
    odd = next((name for name, weight in weights.items() if not torch.isfinite(weight).all()), None)
    if odd is not None:
        raise ValueError(f"{odd} is not finite")


def predict(model: torch.nn.Module, x: torch.Tensor | NDArray[np.float64]) -> NDArray[np.float64]:
    """A model's forecasts without gradients, shape (n, targets), for windows of shape (n, window, features)."""
    like = next(model.parameters())
    windows = _tensor(x, like)
    chunk = len(windows) if executor_of(model) is not None else _CHUNK
    model.eval()
    with torch.no_grad():
        forecasts = [model(windows[i : i + chunk]) for i in range(0, len(windows), chunk)]
    return np.asarray(torch.cat(forecasts).double().cpu().numpy())


def _tensor(values: torch.Tensor | NDArray[np.float64], like: torch.Tensor) -> torch.Tensor:
    """In the dtype and on the device of ``like``; arrays are copied, since torch accepts no read-only ones."""
    tensor = values if isinstance(values, torch.Tensor) else torch.from_numpy(np.array(values))
    return tensor.to(like)
