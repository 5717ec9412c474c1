"""Bundles as what Qiskit samplers take and give: one circuit with its parameter values, and bits by register."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit import Parameter, ParameterVector
from qiskit.primitives.containers.bindings_array import BindingsArray

from .prepared import PreparedCircuits
from .qpu import Bundle, Expectations, Request
from .sampling import standard_error
from .structure import structure_key

Pub = tuple[QuantumCircuit, BindingsArray]
_KEPT = 256


@dataclass(frozen=True)
class _Block:
    """A request's share of a circuit: the parameters of its own that matter, and which columns of its values they are."""

    names: tuple[Parameter, ...]
    columns: list[int]


class Pubs:
    """Puts bundles together for one device; what comes again is put together once."""

    def __init__(self, num_qubits: int, circuits: PreparedCircuits) -> None:
        """For a device of ``num_qubits`` qubits, whose ISA circuits ``circuits`` knows."""
        self._num_qubits, self._prepared = num_qubits, circuits
        self._kept: OrderedDict[Hashable, tuple[QuantumCircuit, list[_Block]]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, bundle: Bundle) -> Pub:
        """One circuit on the device's own qubits, and its angles.

        The outputs of request k are measured into the register ``out{k}``, its sign's bits into ``sign{k}``.
        """
        circuit, blocks = self._circuit(bundle)
        values = {
            block.names: request.values[:, block.columns]
            for block, request in zip(blocks, bundle.requests, strict=True)
            if block.names
        }
        # the shape is said, for a circuit whose angles do not matter has none
        return circuit, BindingsArray(values, shape=(bundle.sets,))

    def _circuit(self, bundle: Bundle) -> tuple[QuantumCircuit, list[_Block]]:
        key = tuple(map(_identity, bundle.requests))
        with self._lock:
            if key not in self._kept:
                self._kept[key] = self._put_together(bundle)
            self._kept.move_to_end(key)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            return self._kept[key]

    def _put_together(self, bundle: Bundle) -> tuple[QuantumCircuit, list[_Block]]:
        circuit, blocks = QuantumCircuit(self._num_qubits), list[_Block]()
        for k, request in enumerate(bundle.requests):
            isa = self._prepared.of(request).isa
            names, used = ParameterVector(f"p{k}", len(isa.parameters)), set(isa.circuit.parameters)
            columns = [j for j, old in enumerate(isa.parameters) if old in used]
            block = isa.circuit.assign_parameters({isa.parameters[j]: names[j] for j in columns})
            signs = ClassicalRegister(block.num_clbits, f"sign{k}")
            if signs.size:
                circuit.add_register(signs)
            circuit.compose(block, request.core.qubits, signs, inplace=True)
            blocks.append(_Block(tuple(names[j] for j in columns), columns))
            if request.outputs:
                register = ClassicalRegister(request.outputs, f"out{k}")
                circuit.add_register(register)
                circuit.measure([request.core.qubits[q] for q in isa.wires[: request.outputs]], register)
        return circuit, blocks


def _identity(request: Request) -> Hashable:
    structure = structure_key(request.circuit) if request.structure is None else request.structure
    return request.core.qubits, structure, request.variant, request.outputs


def opened_result(data: Any, bundle: Bundle) -> Iterator[Expectations]:
    """One `Expectations` per request of a bundle, from the bit arrays of its registers."""
    for k, request in enumerate(bundle.requests):
        registers = [_bits(data[f"out{k}"].array, bundle.sets, request.outputs)] if request.outputs else []
        if signs := request.circuit.num_clbits:
            odd = _bits(data[f"sign{k}"].array, bundle.sets, signs).sum(axis=-1, keepdims=True, dtype=np.uint8) & 1
            registers = [*(one ^ odd for one in registers), odd]
        bits = np.concatenate(registers, axis=-1)
        values = 1.0 - 2.0 * bits.mean(axis=-2, dtype=np.float64)
        yield Expectations(values, standard_error(values, bits.shape[-2]))


def _bits(shot_bytes: NDArray[np.uint8], sets: int, width: int) -> NDArray[np.uint8]:
    """Bit by bit, shape (sets, shots, width), from a bit array's bytes: big-endian, the last axis but one the shots."""
    # a circuit without parameters may come back without an axis for its sets
    shaped = shot_bytes.reshape(sets, *shot_bytes.shape[-2:])
    return np.unpackbits(shaped, axis=-1)[..., ::-1][..., :width]
