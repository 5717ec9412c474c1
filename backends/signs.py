"""Circuits that measure a sign, for simulators: see `backends.qpu.Request.columns`."""

from __future__ import annotations

from qiskit import QuantumCircuit


def deferred(circuit: QuantumCircuit) -> QuantumCircuit:
    """The same without measurements, by as many more qubits: the first of these holds the sign.

    Each measured qubit is copied (CNOT) onto a qubit of its own, which disturbs it as the measurement does; at the end
    the copies are added up modulo 2. Where there are none the circuit itself.
    """
    if not circuit.num_clbits:
        return circuit
    width = circuit.num_qubits
    made = QuantumCircuit(width + circuit.num_clbits, name=circuit.name)
    for item in circuit.data:
        qubits = [circuit.find_bit(bit).index for bit in item.qubits]
        if item.name == "measure":
            made.cx(qubits[0], width + circuit.find_bit(item.clbits[0]).index)
        else:
            made.append(item.operation, qubits)
    for copy in range(width + 1, made.num_qubits):
        made.cx(copy, width)
    return made
