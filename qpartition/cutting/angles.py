"""Angles of gates as functions of a circuit's parameters: every rotation has one, and each is linear in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from qiskit.circuit import Parameter, ParameterExpression

from backends.errors import InputError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Angles:
    """angle_j = offset_j + sum_p slope_jp parameter_p.

    Attributes:
        slopes: Shape (angles, parameters).
        offsets: Shape (angles,).
    """

    slopes: FloatArray
    offsets: FloatArray

    @classmethod
    def of(cls, expressions: Sequence[ParameterExpression], parameters: Sequence[Parameter]) -> Angles:
        """From the expressions in a circuit's gates.

        Raises:
            InputError: If one is not linear.
        """
        column = {parameter: i for i, parameter in enumerate(parameters)}
        slopes, offsets = np.zeros((len(expressions), len(column))), np.zeros(len(expressions))
        for j, expression in enumerate(expressions):
            for parameter in expression.parameters:
                slopes[j, column[parameter]] = _slope(expression, parameter)
            offsets[j] = float(expression.bind(dict.fromkeys(expression.parameters, 0.0)))
        return cls(slopes, offsets)

    def __len__(self) -> int:
        return len(self.offsets)

    def at(self, values: FloatArray) -> FloatArray:
        """The angles at parameter sets of shape (n, parameters): shape (n, angles)."""
        return np.asarray(values @ self.slopes.T + self.offsets)


def _slope(expression: ParameterExpression, parameter: Parameter) -> float:
    slope = expression.gradient(parameter)
    try:
        return float(slope)
    except (TypeError, ValueError):
        raise InputError(
            f"the angle {expression} is not linear in {parameter.name}; use a parameter of its own for it"
        ) from None
