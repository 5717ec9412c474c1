"""Circuits that measure a sign, for simulators: see `backends.qpu.Request.columns`."""

from __future__ import annotations

from qiskit import QuantumCircuit


def deferred(circuit: QuantumCircuit) -> QuantumCircuit:
    """The same without measurements, on more qubits: the first of the new ones holds the sign.

    A qubit that is measured on the way is copied (CNOT) onto a qubit of its own, which disturbs it as the measurement does;
    at the end the copies are added up modulo 2, and with them qubits that are measured last of all. Where there are no
    measurements the circuit itself.
    """
    if not circuit.num_clbits:
        return circuit
    width, last = circuit.num_qubits, _last(circuit)
    on_the_way = [i for i, item in enumerate(circuit.data) if item.name == "measure" and last[_qubit(circuit, i)] != i]
    copy = {i: width + n for n, i in enumerate(on_the_way)}
    made = QuantumCircuit(width + max(1, len(copy)), name=circuit.name)
    added = list(range(width + 1, width + len(copy)))
    for i, item in enumerate(circuit.data):
        if item.name != "measure":
            made.append(item.operation, [circuit.find_bit(bit).index for bit in item.qubits])
        elif i in copy:
            made.cx(_qubit(circuit, i), copy[i])
        else:
            added.append(_qubit(circuit, i))
    for qubit in added:
        made.cx(qubit, width)
    return made


def _qubit(circuit: QuantumCircuit, i: int) -> int:
    return int(circuit.find_bit(circuit.data[i].qubits[0]).index)


def _last(circuit: QuantumCircuit) -> dict[int, int]:
    """The last instruction on every qubit."""
    return {circuit.find_bit(bit).index: i for i, item in enumerate(circuit.data) for bit in item.qubits}
