"""The rotation angles of a program as a function of the circuit's parameters, and the chain rule back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from qiskit.circuit import Parameter, ParameterExpression

from ..angles import Angles
from .pauli import FloatArray
from .turns import Turns


@dataclass(frozen=True)
class Chain:
    """Parameters -> slots of the compact circuit -> angles of the rotations.

    Attributes:
        slots: The first step.
        inner: The second one; the identity unless gates had to be taken apart.
    """

    slots: Angles
    inner: Angles

    def at(self, values: FloatArray, angles: Sequence[int]) -> Turns:
        """Some of the angles, of parameter sets of shape (sets, parameters)."""
        chosen = list(angles)
        if self.slots.general or self.inner.general:
            return Turns(angles, self.inner.at(self.slots.at(values)).T[chosen])
        offset, linear = self._affine
        return Turns(angles, linear[chosen] @ values.T + offset[chosen])

    @cached_property
    def _affine(self) -> tuple[FloatArray, FloatArray]:
        """Both steps as one, where both are affine: shapes (angles, 1) and (angles, parameters)."""
        linear = self.inner.linear
        offset = self.slots.constant @ linear + self.inner.constant
        return offset[:, None], np.ascontiguousarray((self.slots.linear @ linear).T)

    def columns(self, angle: int) -> frozenset[int]:
        """The parameters that an angle depends on."""
        return frozenset(c for slot in _used(self.inner, angle) for c in _used(self.slots, slot))

    def back(self, slopes: FloatArray, values: FloatArray) -> FloatArray:
        """Derivatives by the parameters, shape (sets, outputs, parameters), from those by the angles."""
        at_slots = (
            _back(self.inner, slopes, self.slots.at(values)) if self.inner.general else slopes @ self.inner.linear.T
        )
        return _back(self.slots, at_slots, values)


def _used(angles: Angles, j: int) -> list[int]:
    symbolic = {p for k, expression in angles.general if k == j for p in expression.parameters}
    return [i for i, p in enumerate(angles.parameters) if angles.linear[i, j] != 0.0 or p in symbolic]


def _back(angles: Angles, slopes: FloatArray, values: FloatArray) -> FloatArray:
    result: FloatArray = slopes @ angles.linear.T
    column = {parameter: i for i, parameter in enumerate(angles.parameters)}
    for j, expression in angles.general:
        for parameter in expression.parameters:
            by = [_number(expression.gradient(parameter), row, column) for row in values]
            result[:, :, column[parameter]] += slopes[:, :, j] * np.array(by)[:, None]
    return result


def _number(slope: ParameterExpression | float, row: FloatArray, column: dict[Parameter, int]) -> float:
    if not isinstance(slope, ParameterExpression):
        return float(slope)
    return float(slope.bind({p: float(row[column[p]]) for p in slope.parameters}))
