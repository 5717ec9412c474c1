"""Simulated devices: Aer without noise, and the snapshot of a real device with its noise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property

from qiskit import QuantumCircuit

from .checks import check_core
from .core import Core
from .device import Device, cropped_target
from .device_qpu import DeviceQPU
from .engines import DEFAULT_ENGINE, ENGINES, Engine, FloatArray
from .ideal import IdealQPU
from .isa import untranspiled
from .local import spawned
from .prepared import PreparedCircuits
from .qpu import Expectations, Request
from .sampling import expectations

AER_GATES = (
    "id", "x", "y", "z", "h", "s", "sdg", "sx", "sxdg", "t", "tdg", "rx", "ry", "rz", "p", "u",
    "cx", "cy", "cz", "swap", "rxx", "ryy", "rzz", "rzx", "ccx",
)  # fmt: skip
"""Gates left as they are; controlled rotations are expanded, since Aer leaves their free angles at 0."""


class AerQPU(IdealQPU):
    """Qiskit Aer without noise."""

    def __init__(self) -> None:
        """The device ``aer``."""
        super().__init__("aer")
        self._circuits = PreparedCircuits(lambda circuit, core: untranspiled(circuit, AER_GATES))

    @cached_property
    def _engine(self) -> Engine:
        return ENGINES["aer"](None)

    def transpile(self, circuit: QuantumCircuit, core: Core) -> QuantumCircuit:
        """The circuit in gates Aer knows, every qubit in its place."""
        check_core(core, self, circuit)
        return self._circuits.get(circuit, core).isa.renamed(circuit)

    def _execute(self, requests: list[Request], shots: int | None, seed: int | None) -> list[Expectations]:
        ready = [self._circuits.get(r.circuit, r.core).compact for r in requests]
        chunks = [self._engine.distribution(c, r.values, r.outputs) for c, r in zip(ready, requests, strict=True)]
        return [expectations(c, shots, rng) for c, rng in zip(chunks, spawned(seed, len(requests)), strict=True)]


class SnapshotQPU(DeviceQPU):
    """A device simulated from its snapshot, noise cropped to the core."""

    def __init__(self, name: str, load: Callable[[], Device], engine: str = DEFAULT_ENGINE) -> None:
        """Simulated by ``engine``, a name in `ENGINES`."""
        super().__init__(name, load)
        self._make_engine = ENGINES[engine]
        self._engines: dict[tuple[int, ...], Engine] = {}

    def _execute(self, requests: list[Request], shots: int | None, seed: int | None) -> list[Expectations]:
        chunks = [self._distribution(request) for request in requests]
        return [expectations(c, shots, rng) for c, rng in zip(chunks, spawned(seed, len(requests)), strict=True)]

    def _distribution(self, request: Request) -> Iterator[FloatArray]:
        ready = self._circuits.get(request.circuit, request.core).compact
        qubits = tuple(request.core.qubits[q] for q in ready.qubits)
        if qubits not in self._engines:
            self._engines[qubits] = self._make_engine(cropped_target(self.device, qubits))
        return self._engines[qubits].distribution(ready, request.values, request.outputs)
