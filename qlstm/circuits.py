"""The sub-VQCs as parameterised qiskit circuits: what devices run, and what QASM3 export writes."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from qlstm.ansatz import Ansatz
from qlstm.bank import GATES, Bank, Joint

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


def circuit(ansatz: Ansatz, inputs: int, qubits: int, joint: Joint | None = None) -> QuantumCircuit:
    """One sub-VQC without measurements; every parameter occurs once, in one rotation gate.

    Parameters are the vectors ``phi`` (encoding angles, order (upload, rotation, input)) and ``theta`` (weights,
    order (upload, layer, qubit, angle), then bridges, order (upload, layer, bridge)), so that ``circuit.parameters``
    lists phi, then theta.

    Args:
        ansatz: The description.
        inputs: Number of qubits that carry an input (the first ones).
        qubits: Width.
        joint: What it is made of; one block of all qubits, without bridges, by default.
    """
    return _template(ansatz, inputs, qubits, joint or Joint((tuple(range(qubits)),))).copy()


@lru_cache(maxsize=256)
def _template(ansatz: Ansatz, inputs: int, qubits: int, joint: Joint) -> QuantumCircuit:
    from qiskit import QuantumCircuit
    from qiskit.circuit import ParameterVector

    phi = iter(ParameterVector("phi", ansatz.uploads * ansatz.encodings_per_input * inputs))
    layers, turns = ansatz.uploads * ansatz.depth, qubits * ansatz.angles_per_qubit
    weights = ParameterVector("theta", layers * (turns + len(joint.bridges)))
    theta, bridging = iter(weights[: layers * turns]), iter(weights[layers * turns :])
    built = QuantumCircuit(qubits)
    built.h(range(qubits))
    for _ in range(ansatz.uploads):
        for rotation in (built.ry, built.rz)[: ansatz.encodings_per_input]:
            for k in range(inputs):
                rotation(next(phi), k)
        for _ in range(ansatz.depth):
            for control, target in joint.couplings(ansatz):
                built.cx(control, target)
            for a, b in joint.bridges:
                built.rzz(next(bridging), a, b)
            for k in range(qubits):
                rotations = (built.rz, built.ry, built.rz) if ansatz.rotation == "rot" else (built.ry,)
                for rotation in rotations:
                    rotation(next(theta), k)
    return built


def _source(bank: Bank, entry: int) -> str:
    if bank.made or bank.gates != GATES:
        return "z"
    return "h" if entry < bank.hidden_size else "x"


def bank_circuits(bank: Bank) -> list[QuantumCircuit]:
    """Every gate's circuit of every part, gates first; ``name`` is the sub-VQC's key.

    ``metadata`` has outputs, inputs and weights (counts), layer, gate, part, ``sources`` (per encoding angle ``"h"``
    for h_{t-1}, ``"x"`` for x_t, ``"z"`` for what other circuits or trainable layers of the step make) and
    ``trainable_encoding`` (whether encoding angles depend on weights). Where parts of a split are joined, also
    ``blocks`` (per part of the split the numbers of its qubits here) and ``bridges`` (how many of the weights, the last
    ones, are angles of RZZ between blocks).
    """
    ansatz, part, made = bank.ansatz, bank.partition, []
    for gate, name in enumerate(bank.gates):
        for m, (entries, outputs, qubits) in enumerate(zip(part.inputs, part.outputs, part.qubits, strict=True)):
            joint = bank.joint(m)
            one = circuit(ansatz, len(entries), qubits, joint)
            sources = tuple(_source(bank, i) for i in entries)
            repeats = ansatz.uploads * ansatz.encodings_per_input
            one.name = bank.key(gate, m)
            one.metadata = {
                "outputs": outputs, "inputs": repeats * len(entries), "weights": one.num_parameters - repeats * len(entries),
                "layer": bank.layer, "gate": name, "part": m,
                "sources": sources * repeats, "trainable_encoding": ansatz.affine_input,
            }  # fmt: skip
            if joint.bridges:
                one.metadata["blocks"] = [list(block) for block in joint.blocks]
                one.metadata["bridges"] = ansatz.uploads * ansatz.depth * len(joint.bridges)
            made.append(one)
    return made
