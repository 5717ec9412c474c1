"""The rotation angles of a circuit as a function of its parameters, evaluated for many parameter sets at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from qiskit.circuit import Parameter, ParameterExpression

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Angles:
    """Angle j of a circuit is ``constant[j] + values @ linear[:, j]``, or an expression where that does not hold.

    Attributes:
        parameters: The circuit's parameters, the columns of ``values``.
        constant: Shape (angles,), radians.
        linear: Shape (parameters, angles).
        general: Angles that are not affine in the parameters, by position.
    """

    parameters: tuple[Parameter, ...]
    constant: FloatArray
    linear: FloatArray
    general: tuple[tuple[int, ParameterExpression], ...] = ()

    @classmethod
    def of(cls, expressions: list[ParameterExpression], parameters: tuple[Parameter, ...]) -> Angles:
        """From the parameterised angles of a circuit, in the order they are to be returned."""
        constant = np.zeros(len(expressions))
        linear = np.zeros((len(parameters), len(expressions)))
        column = {parameter: i for i, parameter in enumerate(parameters)}
        general = []
        for j, expression in enumerate(expressions):
            slopes = _slopes(expression)
            if slopes is None:
                general.append((j, expression))
                continue
            constant[j] = float(expression.bind(dict.fromkeys(slopes, 0.0)))
            for parameter, slope in slopes.items():
                linear[column[parameter], j] = slope
        return cls(parameters, constant, linear, tuple(general))

    def at(self, values: FloatArray) -> FloatArray:
        """Angles, shape (sets, angles), of parameter sets of shape (sets, parameters)."""
        angles: FloatArray = values @ self.linear + self.constant
        column = {parameter: i for i, parameter in enumerate(self.parameters)}
        for j, expression in self.general:
            used = [(column[p], p) for p in expression.parameters]
            angles[:, j] = [float(expression.bind({p: float(row[i]) for i, p in used})) for row in values]
        return angles


def _slopes(expression: ParameterExpression) -> dict[Parameter, float] | None:
    """Derivatives by the parameters, or None where one of them is not a constant."""
    if isinstance(expression, Parameter):
        return {expression: 1.0}
    slopes = {}
    for parameter in expression.parameters:
        slope = expression.gradient(parameter)
        if isinstance(slope, ParameterExpression):
            if slope.parameters:
                return None
            slope = slope.numeric()
        if isinstance(slope, complex):
            return None
        slopes[parameter] = float(slope)
    return slopes
