"""What a circuit is on a core, by the calibration."""

from __future__ import annotations

from math import exp

from .core import Core
from .device import Device
from .isa import IsaCircuit
from .placing import gate_fidelity
from .qpu import Profile


def isa_profile(isa: IsaCircuit, device: Device, core: Core, outputs: int) -> Profile:
    """Size, duration and the product of 1 - error over all gates and the readout of the first ``outputs`` qubits."""
    where = tuple(core.qubits[q] for q in isa.where)
    fidelity = exp(gate_fidelity(device, isa.template, where))
    for wire in isa.wires[:outputs]:
        fidelity *= 1.0 - device.instructions.error("measure", (core.qubits[wire],))
    return Profile(isa.template.two_qubit_gates, isa.template.depth, isa.seconds, fidelity)
