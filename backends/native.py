"""Any other Qiskit backend: circuits go to its own ``run``, so its own noise or hardware answers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from qiskit.providers import BackendV2

from .device import Device
from .device_qpu import DeviceQPU
from .errors import InputError
from .pubs import Pubs, opened_result
from .qpu import Bundle, Expectations, Handle, Request


class NativeQPU(DeviceQPU):
    """A Qiskit ``BackendV2`` that runs circuits itself; shots only."""

    def __init__(self, backend: BackendV2) -> None:
        """Named as the backend names itself."""
        name = str(backend.name)
        super().__init__(name, lambda: Device.of(backend, name))
        self._backend = backend

    @cached_property
    def _pubs(self) -> Pubs:
        return Pubs(self.num_qubits, self._circuits)

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
        results = sampler.run([self._pubs.of(bundle) for bundle in bundles], shots=shots).result()
        pairs = zip(results, bundles, strict=True)
        return [found for result, bundle in pairs for found in opened_result(result.data, bundle)]
