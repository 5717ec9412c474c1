"""Idle qubits: what a schedule leaves between the gates of a circuit, as explicit delays."""

from __future__ import annotations

from dataclasses import replace

from qiskit import QuantumCircuit
from qiskit.circuit import Delay
from qiskit.transpiler import Target

from .isa import CompactCircuit


def with_delays(compact: CompactCircuit, target: Target) -> CompactCircuit:
    """The circuit scheduled as late as possible, a delay (in seconds) wherever a qubit waits between its gates.

    All qubits are measured at the same moment, the end. Before its first gate a qubit is in |0>, where waiting does
    nothing, so no delay is put there. Gates without a duration, as virtual RZ, take no time.

    Args:
        compact: Its qubits are those of the target.
        target: Says how long each instruction takes.
    """
    circuit = compact.circuit
    busy_from = [0.0] * circuit.num_qubits  # seconds before the end; each qubit's next instruction starts there
    backwards: list[tuple[object, list[int], list[int]]] = []
    for item in reversed(circuit.data):
        qubits = [circuit.find_bit(bit).index for bit in item.qubits]
        end = max(busy_from[q] for q in qubits)
        backwards += [(Delay(end - busy_from[q], "s"), [q], []) for q in qubits if end > busy_from[q]]
        backwards.append((item.operation, qubits, [circuit.find_bit(bit).index for bit in item.clbits]))
        start = end + _seconds(target, item.name, tuple(qubits))
        for q in qubits:
            busy_from[q] = start
    delayed = QuantumCircuit(circuit.num_qubits, circuit.num_clbits)
    for operation, qubits, bits in reversed(backwards):
        delayed.append(operation, qubits, bits)
    return replace(compact, circuit=delayed)


def _seconds(target: Target, name: str, qubits: tuple[int, ...]) -> float:
    known = target[name].get(qubits) if name in target.operation_names else None
    return float(known.duration) if known is not None and known.duration else 0.0
