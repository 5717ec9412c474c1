"""What all devices with a snapshot share: cores, ISA circuits and the price of a job."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

from qiskit import QuantumCircuit

from .checks import check_core, checked_guard, checked_shots, fitting_width, opened
from .core import Calibration, Core, Edge
from .device import Device, cropped_target
from .isa import transpiled
from .local import LocalQPU
from .prepared import PreparedCircuits
from .profile import isa_fidelity
from .qpu import Bundle, Limits, Profile, Request

JOB_SECONDS = 2.0
"""Overhead of a job in IBM's usage guide."""


class DeviceQPU(LocalQPU):
    """A device of which a snapshot is known. Nothing is loaded before it is asked for."""

    def __init__(self, name: str, load: Callable[[], Device]) -> None:
        """A device called ``name``, read by ``load`` when first needed."""
        super().__init__()
        self.name = name
        self._load = load
        self._cores: dict[tuple[int | None, int], tuple[Core, ...]] = {}
        self._circuits = PreparedCircuits(
            lambda circuit, core: transpiled(circuit, cropped_target(self.device, core.qubits))
        )

    @cached_property
    def device(self) -> Device:
        """The snapshot."""
        return self._load()

    @property
    def num_qubits(self) -> int:  # type: ignore[override]
        """Qubits of the device, broken ones included."""
        return self.device.num_qubits

    @property
    def coupling_map(self) -> tuple[Edge, ...]:  # type: ignore[override]
        """Usable directed couplings."""
        return self.device.coupling_map

    @property
    def calibration(self) -> Calibration:  # type: ignore[override]
        """Calibration of the usable qubits and couplings."""
        return self.device.calibration

    @property
    def limits(self) -> Limits:  # type: ignore[override]
        """Shots per circuit that the device takes."""
        return Limits(max_shots=self.device.max_shots)

    def cores(self, core_qubits: int | None = None, guard: int = 0) -> tuple[Core, ...]:
        """Disjoint connected cores with ``guard`` unused qubits between, best first; see `backends.regions`.

        None gives one core of all qubits that work and hang together.

        Raises:
            InputError: When no connected region of usable qubits is that wide.
        """
        wanted = (fitting_width(core_qubits, self), checked_guard(guard))
        if wanted not in self._cores:
            self._cores[wanted] = self.device.cores(*wanted)
        return self._cores[wanted]

    def transpile(self, circuit: QuantumCircuit, core: Core) -> QuantumCircuit:
        """The ISA circuit on the core: fewest two-qubit gates of a few transpiler seeds; cached."""
        check_core(core, self, circuit)
        return self._circuits.get(circuit, core).isa.renamed(circuit)

    def profile(self, circuit: QuantumCircuit, core: Core, outputs: int) -> Profile:
        """From the ISA circuit and the calibration."""
        check_core(core, self, circuit)
        isa = self._circuits.get(circuit, core).isa
        fidelity = isa_fidelity(isa, cropped_target(self.device, core.qubits), outputs)
        return Profile(isa.circuit.num_nonlocal_gates(), isa.circuit.depth(), isa.seconds, fidelity)

    def seconds(self, requests: Sequence[Request | Bundle], shots: int | None) -> float:
        """QPU seconds the job would cost on the real device, by IBM's usage guide.

        2 s a job + executions x (rep_delay + duration of the ISA circuit, measurement included); a bundle lasts as
        long as its longest circuit. Exact expectations (shots=None) exist in simulation only and cost nothing.
        """
        number = checked_shots(shots, self.limits.max_shots, self.name)
        if number is None or not requests:
            return 0.0
        return JOB_SECONDS + sum(
            given.sets * number * (self.device.rep_delay + max(map(self._circuit_seconds, opened([given]))))
            for given in requests
        )

    def _circuit_seconds(self, request: Request) -> float:
        check_core(request.core, self, request.circuit)
        return self._circuits.get(request.circuit, request.core).isa.seconds
