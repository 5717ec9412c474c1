"""What makes two circuits the same to a transpiler: everything but the names of their parameters."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction, Instruction, Parameter, ParameterExpression, ParameterVector

StructureKey = tuple[Hashable, ...]


def canonical(circuit: QuantumCircuit) -> tuple[QuantumCircuit, tuple[Parameter, ...]]:
    """A copy with parameters renamed p[0], p[1], ..., and these, in the order of ``circuit.parameters``."""
    names = tuple(ParameterVector("p", circuit.num_parameters))
    return circuit.assign_parameters(dict(zip(circuit.parameters, names, strict=True))), names


def structure_key(circuit: QuantumCircuit) -> StructureKey:
    """A hashable key, equal for circuits that differ only in names: theirs, their registers' and their parameters'.

    The position of each parameter in ``circuit.parameters`` is part of the key, so parameter sets given in
    that order mean the same for every circuit with the same key.
    """
    index = {parameter: i for i, parameter in enumerate(circuit.parameters)}
    return (circuit.num_qubits, circuit.num_clbits, len(index), *_tokens(circuit, index))


def _tokens(circuit: QuantumCircuit, index: Mapping[Parameter, int]) -> tuple[Hashable, ...]:
    bits = {bit: i for i, bit in enumerate((*circuit.qubits, *circuit.clbits))}
    return tuple(
        (
            item.name,
            tuple(bits[bit] for bit in (*item.qubits, *item.clbits)),
            tuple(_parameter_token(value, index) for value in item.params),
            None if item.is_standard_gate() else _definition_token(item, index),
        )
        for item in circuit.data
    )


def _parameter_token(value: object, index: Mapping[Parameter, int]) -> Hashable:
    if isinstance(value, Parameter):
        return ("p", index[value])
    if isinstance(value, ParameterExpression):
        return _expression_token(value, index)
    if isinstance(value, np.ndarray):
        return (value.shape, value.tobytes())
    if isinstance(value, QuantumCircuit):
        return _tokens(value, index)
    return value if isinstance(value, Hashable) else repr(value)


def _expression_token(value: ParameterExpression, index: Mapping[Parameter, int]) -> Hashable:
    """Its text, which rounds numbers, and its exact value at an arbitrary point, which does not."""
    text = str(value.subs({p: Parameter(f"p{index[p]}") for p in value.parameters}))
    return text, complex(value.bind({p: 0.7320508 + 0.4142135 * index[p] for p in value.parameters}))


def _definition_token(item: CircuitInstruction, index: Mapping[Parameter, int]) -> Hashable:
    """Gates outside the standard library may share a name: what they are made of tells them apart."""
    operation: Instruction = item.operation
    if any(isinstance(value, np.ndarray) for value in item.params) or operation.name in ("barrier", "measure", "reset"):
        return type(operation).__name__
    definition = operation.definition
    return type(operation).__name__ if definition is None else _tokens(definition, index)
