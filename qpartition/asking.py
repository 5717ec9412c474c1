"""From what a model asks to the parameter sets of a round, and from their results to the answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

import numpy as np

from backends.qpu import Expectations, FloatArray

from .checks import Rows
from .executor import Estimate, Jacobian
from .shifts import Shifts

if TYPE_CHECKING:
    from .workload import Workload

Results = Mapping[str, Expectations]
"""Expectations by sub-VQC key."""


class Question(Protocol):
    """What one round has to measure."""

    @property
    def sets(self) -> Mapping[str, FloatArray]:
        """Parameter sets by key of the sub-VQCs that run, each of shape (sets, parameters)."""
        ...

    def estimates(self, results: Results) -> dict[str, Estimate]:
        """<Z> by the keys of the model's own circuits."""
        ...

    def jacobians(self, results: Results) -> dict[str, Jacobian]:
        """Derivatives by the keys of the model's own circuits."""
        ...


class Asker(Protocol):
    """Turns rows of the model's circuits into questions."""

    def ask(self, rows: Mapping[str, Rows], *, values: bool, slopes: bool) -> Question:
        """What has to be measured for the values, the derivatives, or both."""
        ...


class PlainAsker:
    """For circuits that run as they are."""

    def __init__(self, workload: Workload) -> None:
        """For the circuits of a workload."""
        self._workload = workload

    def ask(self, rows: Mapping[str, Rows], *, values: bool, slopes: bool) -> PlainQuestion:
        """See `Asker`."""
        shifts = {key: Shifts.of(r.mask & self._workload.active[key]) for key, r in rows.items()} if slopes else {}
        return PlainQuestion(self._workload, rows, values, shifts)


class PlainQuestion:
    """Rows as they are, then the shifted ones."""

    def __init__(
        self, workload: Workload, rows: Mapping[str, Rows], values: bool, shifts: Mapping[str, Shifts]
    ) -> None:
        """The rows themselves where ``values`` are wanted, and their shifts by key."""
        self._workload, self._shifts = workload, shifts
        self._plain = {key: len(r.base) if values else 0 for key, r in rows.items()}
        self.sets = {key: self._sets(key, r) for key, r in rows.items()}

    def _sets(self, key: str, rows: Rows) -> FloatArray:
        if key not in self._shifts:
            return rows.base
        shifted = self._shifts[key].values(rows.base)
        return np.concatenate([rows.base, shifted]) if self._plain[key] else shifted

    def estimates(self, results: Results) -> dict[str, Estimate]:
        """See `Question`."""
        found = {key: first(results[key], count) for key, count in self._plain.items()}
        return {key: Estimate(one.values, one.stderr) for key, one in found.items()}

    def jacobians(self, results: Results) -> dict[str, Jacobian]:
        """See `Question`."""
        found = {}
        for key, shifts in self._shifts.items():
            shifted = after(results[key], self._plain[key])
            slope, error = shifts.fold(shifted.values, shifted.stderr)
            found[key] = divided(slope, error, self._workload.by_key[key].inputs)
        return found


def first(result: Expectations, sets: int) -> Expectations:
    """The first parameter sets."""
    return Expectations(result.values[:sets], result.stderr[:sets])


def after(result: Expectations, sets: int) -> Expectations:
    """Those that come after the first."""
    return Expectations(result.values[sets:], result.stderr[sets:])


def divided(slope: FloatArray, error: FloatArray, inputs: int) -> Jacobian:
    """Derivatives of shape (rows, outputs, parameters), those by encoding angles first, and their standard errors."""
    return Jacobian(slope[..., :inputs], slope[..., inputs:], error[..., :inputs], error[..., inputs:])
