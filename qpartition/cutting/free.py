"""Which gates have free angles."""

from __future__ import annotations

from collections.abc import Iterable

from qiskit.circuit import ParameterExpression


def is_free(params: Iterable[object]) -> bool:
    """Whether any of a gate's parameters depends on a parameter of the circuit."""
    return any(isinstance(value, ParameterExpression) and value.parameters for value in params)
