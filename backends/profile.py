"""How likely an ISA circuit is to run without any error, by the calibration."""

from __future__ import annotations

from qiskit.transpiler import Target

from .isa import IsaCircuit


def isa_fidelity(isa: IsaCircuit, target: Target, outputs: int) -> float:
    """Product of 1 - error over all gates and over the readout of the first ``outputs`` source qubits."""
    circuit, fidelity = isa.circuit, 1.0
    for item in circuit.data:
        qubits = tuple(circuit.find_bit(bit).index for bit in item.qubits)
        fidelity *= 1.0 - _error(target, item.name, qubits)
    for wire in isa.wires[:outputs]:
        fidelity *= 1.0 - _error(target, "measure", (wire,))
    return fidelity


def _error(target: Target, name: str, qubits: tuple[int, ...]) -> float:
    if name not in target.operation_names:
        return 0.0
    values = target[name].get(qubits)
    return min(1.0, float(values.error)) if values is not None and values.error else 0.0
