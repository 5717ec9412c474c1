"""Any other Qiskit backend: circuits go to its own ``run``, so its own noise or hardware answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit import Parameter, ParameterVector
from qiskit.primitives.containers.bindings_array import BindingsArray
from qiskit.providers import BackendV2

from .device import Device
from .device_qpu import DeviceQPU
from .errors import InputError
from .qpu import Bundle, Expectations, Handle, Request
from .sampling import FloatArray, standard_error


class NativeQPU(DeviceQPU):
    """A Qiskit ``BackendV2`` that runs circuits itself; shots only."""

    def __init__(self, backend: BackendV2) -> None:
        """Named as the backend names itself."""
        name = str(backend.name)
        super().__init__(name, lambda: Device.of(backend, name))
        self._backend = backend

    def run(self, requests: Sequence[Request | Bundle], shots: int | None = None, *, seed: int | None = None) -> Handle:
        """Run all requests through one sampler call.

        The seed is passed on if the backend has a ``seed_simulator`` option.

        Raises:
            InputError: As `LocalQPU.run`, and for shots=None: this device has no exact expectations.
        """
        if shots is None:
            raise InputError(f"shots=None on {self.name}: it returns shots only; give 1..{self.limits.max_shots} shots")
        return super().run(requests, shots, seed=seed)

    def _execute(self, requests: list[Request], shots: int | None, seed: int | None) -> list[Expectations]:
        return self._execute_bundles([Bundle((request,)) for request in requests], shots, seed)

    def _execute_bundles(self, bundles: list[Bundle], shots: int | None, seed: int | None) -> list[Expectations]:
        from qiskit.primitives import BackendSamplerV2

        seeded = seed is not None and hasattr(self._backend.options, "seed_simulator")
        options = {"seed_simulator": seed} if seeded else {}
        sampler = BackendSamplerV2(backend=self._backend, options=options)
        results = sampler.run([self._pub(bundle) for bundle in bundles], shots=shots).result()
        return [found for result, bundle in zip(results, bundles, strict=True) for found in _opened(result, bundle)]

    def _pub(self, bundle: Bundle) -> tuple[QuantumCircuit, BindingsArray]:
        """One circuit on the device's own qubits, request k measured into the register ``out{k}``, and its angles."""
        circuit, values = QuantumCircuit(self.num_qubits), dict[Parameter, FloatArray]()
        for k, request in enumerate(bundle.requests):
            isa = self._circuits.of(request).isa
            names = ParameterVector(f"p{k}", request.circuit.num_parameters)
            block = isa.circuit.assign_parameters(
                {old: new for old, new in zip(isa.parameters, names, strict=True) if old in isa.circuit.parameters}
            )
            circuit.compose(block, request.core.qubits, inplace=True)
            values |= {name: request.values[:, j] for j, name in enumerate(names) if name in block.parameters}
            register = ClassicalRegister(request.outputs, f"out{k}")
            circuit.add_register(register)
            circuit.measure([request.core.qubits[q] for q in isa.wires[: request.outputs]], register)
        # the shape is said, for a circuit whose angles do not matter has none
        return circuit, BindingsArray(values, shape=(bundle.sets,))


def _opened(result: Any, bundle: Bundle) -> Iterator[Expectations]:
    for k, request in enumerate(bundle.requests):
        yield _expectations(result.data[f"out{k}"].array, request.outputs)


def _expectations(shot_bytes: NDArray[np.uint8], outputs: int) -> Expectations:
    """From a bit array's bytes, shape (sets, shots, bytes), big-endian."""
    bits = np.unpackbits(shot_bytes, axis=-1)[..., ::-1][..., :outputs]
    values = 1.0 - 2.0 * bits.mean(axis=1, dtype=np.float64)
    return Expectations(values, standard_error(values, bits.shape[1]))
