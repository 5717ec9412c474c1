"""The snapshot of a real device with its noise, simulated core by core."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from .derivatives import Wanted, derivatives
from .device import Device, cropped_target
from .device_qpu import DeviceQPU
from .engines import DEFAULT_ENGINE, ENGINES, Engine, FloatArray
from .idle import with_delays
from .isa import CompactCircuit
from .local import spawned
from .memo import Memo
from .qpu import Expectations, Request

if TYPE_CHECKING:
    from .twin.engine import TwinEngine

Where = tuple[int, ...]


class SnapshotQPU(DeviceQPU):
    """A device simulated from its snapshot, noise cropped to the core."""

    def __init__(
        self, name: str, load: Callable[[], Device], engine: str = DEFAULT_ENGINE, *, idle: bool = False
    ) -> None:
        """Simulated by ``engine``, a name in `ENGINES`.

        Args:
            name: Of the QPU.
            load: Reads the snapshot.
            engine: Who answers `run`.
            idle: Qubits that wait for others relax meanwhile (T1, T2), as `backends.idle` schedules them.
        """
        super().__init__(name, load)
        self._engine, self._idle = engine, idle
        self._engines: dict[tuple[str, Where], Engine] = {}
        self._delayed: dict[Where, Memo[CompactCircuit, CompactCircuit]] = {}

    def _execute(self, requests: list[Request], shots: int | None, seed: int | None) -> list[Expectations]:
        found = []
        for request, rng in zip(requests, spawned(seed, len(requests)), strict=True):
            qubits, compact = self._compact(request)
            found.append(
                self._simulator(self._engine, qubits).run(compact, request.values, request.outputs, shots, rng)
            )
        return found

    def derivatives(self, requests: Sequence[Request], wanted: Wanted = None) -> list[FloatArray]:
        """See `QPU.derivatives`; the twin answers, whoever answers `run`."""

        def prepared(request: Request) -> tuple[TwinEngine, CompactCircuit]:
            from .twin.engine import TwinEngine

            qubits, compact = self._compact(request)
            twin = self._simulator("twin", qubits)
            assert isinstance(twin, TwinEngine)
            return twin, compact

        with self._lock:
            return derivatives(requests, wanted, self, prepared)

    def twin(self) -> SnapshotQPU:
        """The device simulated by the twin engine; itself if it is."""
        return self if self._engine == "twin" else self._twin

    @cached_property
    def _twin(self) -> SnapshotQPU:
        return SnapshotQPU(self.name, lambda: self.device, "twin", idle=self._idle)

    def _compact(self, request: Request) -> tuple[Where, CompactCircuit]:
        """Physical qubits of the simulated circuit, and the circuit."""
        ready = self._circuits.of(request).compact
        qubits = tuple(request.core.qubits[q] for q in ready.qubits)
        if not self._idle:
            return qubits, ready
        if qubits not in self._delayed:
            target = cropped_target(self.device, qubits)
            self._delayed[qubits] = Memo(lambda compact: with_delays(compact, target))
        return qubits, self._delayed[qubits].of(ready)

    def _simulator(self, engine: str, qubits: Where) -> Engine:
        key = (engine, qubits)
        if key not in self._engines:
            self._engines[key] = ENGINES[engine](cropped_target(self.device, qubits))
        return self._engines[key]
