"""A snapshot of a device: its target, what of it is usable, and its cores."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from qiskit.circuit import Gate
from qiskit.circuit.library import get_standard_gate_name_mapping
from qiskit.providers import BackendV2
from qiskit.transpiler import Target

from .calibration import cropped_calibration, read_calibration
from .core import Calibration, Core, Edge
from .errors import InputError
from .regions import Region, disjoint_regions, largest_component

REP_DELAY = 250e-6
"""Seconds between shots where the configuration does not say: IBM's default."""
MAX_SHOTS = 100_000
"""Shots per circuit where the configuration does not say: IBM's limit."""


@dataclass(frozen=True)
class Device:
    """What is known of a device before anything runs on it.

    Attributes:
        name: Name of the QPU.
        target: Its instructions with errors and durations.
        rep_delay: Seconds between shots.
        max_shots: Shots per circuit it takes.
        date: When it was calibrated, ISO format; empty if unknown.
    """

    name: str
    target: Target
    rep_delay: float = REP_DELAY
    max_shots: int = MAX_SHOTS
    date: str = ""

    @classmethod
    def of(cls, backend: BackendV2, name: str) -> Device:
        """From a Qiskit backend."""
        configuration = _call(backend, "configuration")
        date = getattr(_call(backend, "properties"), "last_update_date", None)
        return cls(
            name,
            backend.target,
            float(getattr(configuration, "default_rep_delay", None) or REP_DELAY),
            int(getattr(configuration, "max_shots", None) or MAX_SHOTS),
            date.isoformat(timespec="seconds") if date is not None else "",
        )

    @property
    def num_qubits(self) -> int:
        """Number of physical qubits, broken ones included."""
        return int(self.target.num_qubits)

    @cached_property
    def is_all_to_all(self) -> bool:
        """True for a simulator without a coupling map."""
        return self.target.build_coupling_map() is None and self.num_qubits > 1

    @cached_property
    def calibration(self) -> Calibration:
        """Calibration of the usable qubits and couplings; see `backends.calibration`."""
        return read_calibration(self.target, self.rep_delay, self.date)

    @cached_property
    def coupling_map(self) -> tuple[Edge, ...]:
        """Usable directed couplings."""
        return tuple(sorted(self.calibration.two_qubit))

    def cores(self, core_qubits: int | None, guard: int = 0) -> tuple[Core, ...]:
        """Disjoint cores, best first; None: the largest connected set of usable qubits as one core."""
        if self.is_all_to_all:
            width = core_qubits or self.num_qubits
            return tuple(
                Core(self.name, i, tuple(range(i * width, (i + 1) * width))) for i in range(self.num_qubits // width)
            )
        qubits, couplings = self._weights()
        whole = largest_component(qubits, couplings)
        if core_qubits is not None and core_qubits > len(whole.qubits):
            raise InputError(
                f"cores of {core_qubits} qubits: the largest connected region of usable qubits on {self.name} has "
                f"{len(whole.qubits)}; use more and smaller parts, or cut the circuit"
            )
        regions = (whole,) if core_qubits is None else disjoint_regions(qubits, couplings, core_qubits, guard)
        return tuple(self._core(i, region) for i, region in enumerate(regions))

    def _weights(self) -> tuple[dict[int, float], dict[Edge, float]]:
        """Error of a qubit: one-qubit and readout; of a coupling: its better direction."""
        known = self.calibration
        couplings: dict[Edge, float] = {}
        for (a, b), error in known.two_qubit.items():
            edge = (min(a, b), max(a, b))
            couplings[edge] = min(error, couplings.get(edge, error))
        return {q: error + known.readout[q] for q, error in known.one_qubit.items()}, couplings

    def _core(self, index: int, region: Region) -> Core:
        calibration = cropped_calibration(self.calibration, region.qubits)
        return Core(self.name, index, region.qubits, tuple(sorted(calibration.two_qubit)), calibration, region.error)


def cropped_target(device: Device, qubits: tuple[int, ...]) -> Target:
    """The target of some qubits, renumbered by their position, without broken couplings and without control flow."""
    target, number = device.target, {q: i for i, q in enumerate(qubits)}
    if device.is_all_to_all:
        return _ideal_target(target, len(qubits))
    unusable = [q for q in qubits if q not in device.calibration.one_qubit]
    if unusable:
        raise InputError(f"qubits {unusable} of {device.name} do not exist or do not work; take a core from cores()")
    properties = [target.qubit_properties[q] for q in qubits] if target.qubit_properties else None
    crop = Target(num_qubits=len(qubits), dt=target.dt, qubit_properties=properties)
    for name in target.operation_names:
        known = {
            tuple(number[q] for q in where): values
            for where, values in (target[name] or {}).items()
            if where is not None and all(q in number for q in where) and _is_usable(where, device.calibration)
        }
        if known:
            crop.add_instruction(target.operation_from_name(name), known, name=name)
    return crop


def _is_usable(where: tuple[int, ...], calibration: Calibration) -> bool:
    return len(where) == 1 or (len(where) == 2 and where in calibration.two_qubit)


def _ideal_target(target: Target, num_qubits: int) -> Target:
    standard = get_standard_gate_name_mapping()
    names = [n for n in target.operation_names if isinstance(standard.get(n), Gate) and standard[n].num_qubits <= 2]
    return Target.from_configuration(basis_gates=names, num_qubits=num_qubits)


def _call(backend: BackendV2, method: str) -> Any:
    """What a backend's optional method returns; None where it has no such method."""
    function = getattr(backend, method, None)
    return function() if callable(function) else None
