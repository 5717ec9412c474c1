"""Circuits run otherwise than as they are: two-qubit gates folded, or a basis state prepared instead."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction
from qiskit.circuit.library import RXGate, SXGate, UGate, XGate

from .errors import InputError
from .isa import IsaCircuit, Template, Where
from .qpu import PLAIN, Request, Variant

_FLIPS = {"x": (XGate(),), "sx": (SXGate(), SXGate()), "rx": (RXGate(np.pi),), "u": (UGate(np.pi, 0.0, np.pi),)}
"""Name of a gate a device has -> |0> to |1> with it."""


def varied(
    isa: IsaCircuit, variant: Variant, operations: Collection[str], seconds: Callable[[Template, Where], float]
) -> IsaCircuit:
    """An ISA circuit as a variant, on the same qubits; never transpiled again, which would undo the folding.

    Args:
        isa: The circuit as it is.
        variant: How to run it.
        operations: Names of the device's instructions.
        seconds: Duration of one shot of a template on qubits of the core.

    Raises:
        InputError: If the device has none of the gates that prepare |1>.
    """
    if variant == PLAIN:
        return isa
    old = isa.template
    if variant.prepare is None:
        template = replace(old, circuit=_folded(old.circuit, variant.fold))
    else:
        prepared = _prepared(old, variant.prepare, operations)
        template = Template(prepared, old.parameters, start=old.wires, wires=old.wires)
    return replace(isa, template=template, seconds=seconds(template, isa.where))


def plain(request: Request) -> Request:
    """The request on a device without noise: folding changes nothing there, a basis state is a circuit of its own."""
    state = request.variant.prepare
    if state is None:
        return replace(request, variant=PLAIN)
    circuit = QuantumCircuit(request.circuit.num_qubits, name=request.circuit.name)
    if state:
        circuit.x(circuit.qubits)
    return replace(request, circuit=circuit, values=np.empty((request.sets, 0)), variant=PLAIN, structure=None)


def _folded(circuit: QuantumCircuit, fold: int) -> QuantumCircuit:
    """Every two-qubit gate G as G (G^-1 G)^((fold - 1) / 2)."""
    folded = circuit.copy_empty_like()
    for item in circuit.data:
        folded.append(item)
        if len(item.qubits) == 2 and item.name != "barrier":
            inverse = CircuitInstruction(item.operation.inverse(), item.qubits)
            if inverse.name != item.name:
                raise InputError(
                    f"zero-noise extrapolation: the inverse of {item.name!r} is {inverse.name!r}, which the device does "
                    "not have; leave --mitigation zne out there"
                )
            for _ in range(fold // 2):
                folded.append(inverse)
                folded.append(item)
    return folded


def _prepared(template: Template, state: int, operations: Collection[str]) -> QuantumCircuit:
    circuit = QuantumCircuit(template.circuit.num_qubits)
    if state:
        name = next((name for name in _FLIPS if name in operations), None)
        if name is None:
            raise InputError(
                f"readout mitigation needs one of the gates {', '.join(_FLIPS)}, which the device does not have"
            )
        for wire in template.wires:
            for gate in _FLIPS[name]:
                circuit.append(gate, [wire])
    return circuit
