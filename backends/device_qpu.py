"""What all devices with a snapshot share: cores, ISA circuits, profiles and the price of a job."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit

from .checks import check_core, checked_guard, checked_outputs, checked_shots, fitting_width, opened
from .core import Calibration, Core, Edge
from .device import Device
from .isa import IsaCircuit
from .local import LocalQPU
from .placing import Site, placed, shot_seconds, sites
from .prepared import PreparedCircuits
from .profile import isa_profile
from .qpu import QPU, Bundle, FloatArray, Limits, Profile, Request, Variant
from .templates import Templates
from .variants import varied

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
        self._sites: dict[tuple[tuple[int, ...], int], tuple[Site, ...]] = {}
        self._templates = Templates()
        self._circuits = PreparedCircuits(self._isa, self._varied)

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
    def wiring(self) -> tuple[Edge, ...]:
        """All couplings that were built, lower qubit first, broken ones too."""
        return self.device.instructions.wiring

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

    def core(self, qubits: Iterable[int]) -> Core:
        """A core of physical qubits of your own choice; its name is ``<qpu>/q<qubit>-<qubit>-...``.

        Raises:
            InputError: For none, an unknown, broken or repeated qubit, or qubits that do not hang together.
        """
        return self.device.core(qubits)

    def _isa(self, circuit: QuantumCircuit, core: Core) -> IsaCircuit:
        """Transpiled once per shape, then placed on the core."""
        wanted = (core.qubits, circuit.num_qubits)
        if wanted not in self._sites:
            self._sites[wanted] = sites(self.device, core, circuit.num_qubits)
        found = self._sites[wanted]
        return placed(
            self.device, core, [(s, self._templates.get(circuit, s.shape, self.device.instructions)) for s in found]
        )

    def _varied(self, isa: IsaCircuit, core: Core, variant: Variant) -> IsaCircuit:
        names = [name for name, *_ in self.device.instructions.operations]
        return varied(
            isa,
            variant,
            names,
            lambda made, where: shot_seconds(self.device, made, tuple(core.qubits[q] for q in where)),
        )

    def twin(self) -> QPU:
        """The same snapshot, simulated by the twin of each core."""
        return self._snapshot_twin

    @cached_property
    def _snapshot_twin(self) -> QPU:
        from .simulated import SnapshotQPU

        return SnapshotQPU(self.name, lambda: self.device, "twin")

    def derivatives(
        self, requests: Sequence[Request], wanted: Sequence[NDArray[np.bool_] | None] | None = None
    ) -> list[FloatArray]:
        """See `QPU.derivatives`; the twin answers."""
        return self.twin().derivatives(requests, wanted)

    def transpile(self, circuit: QuantumCircuit, core: Core) -> QuantumCircuit:
        """The ISA circuit on the core: fewest two-qubit gates, placed where its fidelity is highest; cached."""
        check_core(core, self, circuit)
        return self._circuits.get(circuit, core).isa.renamed(circuit)

    def profile(self, circuit: QuantumCircuit, core: Core, outputs: int) -> Profile:
        """From the ISA circuit and the calibration."""
        check_core(core, self, circuit)
        number = checked_outputs(outputs, circuit)
        return isa_profile(self._circuits.get(circuit, core).isa, self.device, core, number)

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
        return self._circuits.of(request).isa.seconds
