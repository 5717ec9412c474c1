"""Any other Qiskit backend: circuits go to its own ``run``, so its own noise or hardware answers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.providers import BackendV2

from .device import Device
from .device_qpu import DeviceQPU
from .errors import InputError
from .qpu import Expectations, Handle, Request
from .sampling import standard_error


class NativeQPU(DeviceQPU):
    """A Qiskit ``BackendV2`` that runs circuits itself; shots only."""

    def __init__(self, backend: BackendV2) -> None:
        """Named as the backend names itself."""
        name = str(backend.name)
        super().__init__(name, lambda: Device.of(backend, name))
        self._backend = backend

    def run(self, requests: Sequence[Request], shots: int | None = None, *, seed: int | None = None) -> Handle:
        """Run all requests through one sampler call.

        The seed is passed on if the backend has a ``seed_simulator`` option.

        Raises:
            InputError: As `LocalQPU.run`, and for shots=None: this device has no exact expectations.
        """
        if shots is None:
            raise InputError(f"shots=None on {self.name}: it returns shots only; give 1..{self.limits.max_shots} shots")
        return super().run(requests, shots, seed=seed)

    def _execute(self, requests: list[Request], shots: int | None, seed: int | None) -> list[Expectations]:
        from qiskit.primitives import BackendSamplerV2

        seeded = seed is not None and hasattr(self._backend.options, "seed_simulator")
        options = {"seed_simulator": seed} if seeded else {}
        sampler = BackendSamplerV2(backend=self._backend, options=options)
        pubs = [(self._measured(request), request.values) for request in requests]
        results = sampler.run(pubs, shots=shots).result()
        return [_expectations(r.data.out.array, q.outputs) for r, q in zip(results, requests, strict=True)]

    def _measured(self, request: Request) -> QuantumCircuit:
        """The ISA circuit on the device's own qubits, with the outputs measured into bits 0..outputs-1."""
        isa = self._circuits.get(request.circuit, request.core).isa
        circuit = QuantumCircuit(self.num_qubits)
        circuit.compose(isa.renamed(request.circuit), request.core.qubits, inplace=True)
        register = ClassicalRegister(request.outputs, "out")
        circuit.add_register(register)
        circuit.measure([request.core.qubits[q] for q in isa.wires[: request.outputs]], register)
        return circuit


def _expectations(shot_bytes: NDArray[np.uint8], outputs: int) -> Expectations:
    """From a bit array's bytes, shape (sets, shots, bytes), big-endian."""
    bits = np.unpackbits(shot_bytes, axis=-1)[..., ::-1][..., :outputs]
    values = 1.0 - 2.0 * bits.mean(axis=1, dtype=np.float64)
    return Expectations(values, standard_error(values, bits.shape[1]))
