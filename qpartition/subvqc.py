"""A sub-VQC: one gate's circuit on one part of the input (Eq. 7), and what is measured of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from qiskit import QuantumCircuit

from backends.errors import InputError, check_is, shown
from backends.structure import StructureKey, structure_key
from backends.whole import whole


@dataclass(frozen=True)
class SubVQC:
    """The unit that is mapped onto a core.

    Attributes:
        key: Unique name, such as ``"l0.f.p1"`` (layer 0, forget gate, part 1); ``"l0r..."`` is the reverse direction.
        circuit: Parameterised; encoding angles are the vector ``phi``, weights the vector ``theta``, so
            ``circuit.parameters`` lists all of ``phi`` before all of ``theta``. No measurements but of signs.
        outputs: <Z> of qubits 0..outputs-1 is read; see `columns`.
        inputs: Number of encoding angles (length of ``phi``).
        weights: Number of weights (length of ``theta``).
    """

    key: str
    circuit: QuantumCircuit
    outputs: int
    inputs: int
    weights: int

    @cached_property
    def structure(self) -> StructureKey:
        """What the circuit is to a transpiler; see `backends.structure`."""
        return structure_key(self.circuit)

    @property
    def columns(self) -> int:
        """Numbers that are read: the outputs, and the sign of a circuit that measures one; see `backends.qpu.Request`."""
        return self.outputs + (1 if self.circuit.num_clbits else 0)

    @property
    def num_qubits(self) -> int:
        """Width of the circuit."""
        return int(self.circuit.num_qubits)

    @classmethod
    def of(cls, circuit: QuantumCircuit) -> SubVQC:
        """From a circuit whose ``name`` is the key and whose ``metadata`` has outputs, inputs and weights.

        Raises:
            InputError: If it is no circuit, or does not say so.
        """
        check_is(circuit, QuantumCircuit, "list parameterised Qiskit circuits")
        outputs, inputs, weights = (whole(circuit.metadata.get(name)) for name in ("outputs", "inputs", "weights"))
        if outputs is None or inputs is None or weights is None:
            raise InputError(
                f"circuit {circuit.name!r} does not say what it is (metadata {shown(circuit.metadata)}); "
                "its metadata needs outputs, inputs and weights, all integers of at least 0"
            )
        return cls(circuit.name, circuit, outputs, inputs, weights)
