"""The small protocol between a model and whatever evaluates its circuits; anyone can write one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Angles = Mapping[str, FloatArray]
"""Encoding angles by sub-VQC key, each of shape (rows, inputs), radians."""
Weights = Mapping[str, FloatArray]
"""Weights by sub-VQC key, each of shape (weights,), radians."""
Masks = Mapping[str, NDArray[np.bool_]]
"""Which derivatives are needed, by sub-VQC key: of encoding angles, shape (rows, inputs), with those of all weights;
or of any parameter, shape (rows, inputs + weights)."""


@dataclass(frozen=True)
class Estimate:
    """<Z> of one sub-VQC: ``value`` and ``stderr``, both of shape (rows, outputs)."""

    value: FloatArray
    stderr: FloatArray


@dataclass(frozen=True)
class Jacobian:
    """Derivatives of one sub-VQC's <Z>, per row.

    Attributes:
        inputs: d<Z>/d(encoding angle), shape (rows, outputs, inputs); zero where the mask was False.
        weights: d<Z>/d(weight), shape (rows, outputs, weights); zero where the mask was False.
        inputs_stderr: Standard errors, shape of ``inputs``.
        weights_stderr: Standard errors, shape of ``weights``.
    """

    inputs: FloatArray
    weights: FloatArray
    inputs_stderr: FloatArray
    weights_stderr: FloatArray


class Executor(Protocol):
    """Evaluates sub-VQCs. Each call is one round: one job per device, whatever it holds.

    The mappings of one call have the same keys (a subset of the model's sub-VQCs); the number of rows
    may differ between keys.
    """

    def values(self, inputs: Angles, weights: Weights) -> dict[str, Estimate]:
        """<Z> for every row of every key."""
        ...

    def jacobian(self, inputs: Angles, weights: Weights, mask: Masks | None = None) -> dict[str, Jacobian]:
        """Derivatives for every row of every key; ``mask`` leaves out those nobody needs."""
        ...

    def values_and_jacobian(
        self, inputs: Angles, weights: Weights, mask: Masks | None = None
    ) -> tuple[dict[str, Estimate], dict[str, Jacobian]]:
        """Both in one round."""
        ...
