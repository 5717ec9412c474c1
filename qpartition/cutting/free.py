"""Which gates have free angles, and by what fixed ones are told apart."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from qiskit.circuit import ParameterExpression

_DIGITS = 12
"""Angles and matrices that differ by less come from rounding."""


def is_free(params: Iterable[object]) -> bool:
    """Whether any of a gate's parameters depends on a parameter of the circuit."""
    return any(isinstance(value, ParameterExpression) and value.parameters for value in params)


def fixed(params: Iterable[object]) -> tuple[object, ...]:
    """A gate's parameters as a key: numbers, matrices such as those of a ``UnitaryGate``, or anything with a text."""
    return tuple(_key(value) for value in params)


def _key(value: object) -> object:
    try:
        array = np.asarray(complex(value) if isinstance(value, ParameterExpression) else value, dtype=np.complex128)
    except (TypeError, ValueError):
        return repr(value)
    return array.shape, tuple((np.round(array, _DIGITS) + 0.0).ravel().tolist())  # + 0.0 makes no difference of -0.0
