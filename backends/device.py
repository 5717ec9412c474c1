"""A snapshot of a device: its target, what of it is usable, and its cores."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from qiskit.providers import BackendV2
from qiskit.transpiler import Target

from . import cache
from .calibration import cropped_calibration, read_calibration
from .core import Calibration, Core, Edge
from .errors import InputError, shown
from .instructions import Instructions, ideal_target, is_usable
from .regions import Region, disjoint_regions, is_connected, largest_component
from .whole import whole

Where = tuple[int, ...]

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
        rep_delay_range: Shortest and longest pause between shots that it takes, in seconds.
    """

    name: str
    target: Target
    rep_delay: float = REP_DELAY
    max_shots: int = MAX_SHOTS
    date: str = ""
    rep_delay_range: tuple[float, float] = (REP_DELAY, REP_DELAY)

    @classmethod
    def of(cls, backend: BackendV2, name: str) -> Device:
        """From a Qiskit backend."""
        configuration = _call(backend, "configuration")
        rep_delay = float(getattr(configuration, "default_rep_delay", None) or REP_DELAY)
        delays = getattr(configuration, "rep_delay_range", None) or (rep_delay, rep_delay)
        date = getattr(_call(backend, "properties"), "last_update_date", None)
        return cls(
            name,
            backend.target,
            rep_delay,
            int(getattr(configuration, "max_shots", None) or MAX_SHOTS),
            date.isoformat(timespec="seconds") if date is not None else "",
            (float(min(delays)), float(max(delays))),
        )

    def with_rep_delay(self, seconds: float) -> Device:
        """The device with other pauses between shots.

        Raises:
            InputError: If it does not take them.
        """
        low, high = self.rep_delay_range
        if not low <= seconds <= high:
            raise InputError(
                f"rep_delay={seconds:g} s: {self.name} takes {low:g} to {high:g} s; its own is {self.rep_delay:g}"
            )
        return replace(self, rep_delay=seconds)

    @property
    def num_qubits(self) -> int:
        """Number of physical qubits, broken ones included."""
        return int(self.target.num_qubits)

    @property
    def is_all_to_all(self) -> bool:
        """True for a simulator without a coupling map."""
        return self.instructions.is_all_to_all

    @cached_property
    def instructions(self) -> Instructions:
        """Where its instructions can be applied, how good and how long they are; shapes of regions."""
        return Instructions(self.target, self.calibration)

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
        qubits, couplings = self.weights()
        whole = largest_component(qubits, couplings)
        if core_qubits is not None and core_qubits > len(whole.qubits):
            raise InputError(
                f"cores of {core_qubits} qubits: the largest connected region of usable qubits on {self.name} has "
                f"{len(whole.qubits)}; use more and smaller parts, or cut the circuit"
            )
        regions = (whole,) if core_qubits is None else self._regions(core_qubits, guard)
        return tuple(self._core(i, region) for i, region in enumerate(regions))

    def _regions(self, size: int, guard: int) -> tuple[Region, ...]:
        """Disjoint regions, kept on disk by the errors they follow from."""
        qubits, couplings = self.weights()
        name = cache.entry(
            "regions", sorted(qubits.items()), sorted(couplings.items()), self.instructions.wiring, size, guard
        )
        found = _read_regions(cache.load(name), size, set(qubits))
        if found:
            return found
        regions = disjoint_regions(qubits, couplings, size, guard, self.instructions.wiring)
        cache.store(name, json.dumps([[region.qubits, region.error] for region in regions]).encode())
        return regions

    def core(self, qubits: Iterable[int]) -> Core:
        """A core of chosen physical qubits, in the given order.

        Raises:
            InputError: For none, an unknown, broken or repeated qubit, or qubits that do not hang together.
        """
        chosen = self._checked_chosen(qubits)
        if self.is_all_to_all:
            return Core(self.name, -1, chosen)
        weights, couplings = self.weights(chosen)
        if not is_connected(weights, couplings):
            raise InputError(
                f"qubits {list(chosen)} of {self.name} are not connected by working couplings; choose neighbours, "
                "see coupling_map"
            )
        return self._core(-1, Region(chosen, largest_component(weights, couplings).error))

    def _checked_chosen(self, given: Iterable[int]) -> Where:
        if not isinstance(given, Iterable):
            raise InputError(
                f"qubits={shown(given)} of a core of {self.name} must be a list; name some of 0..{self.num_qubits - 1}"
            )
        qubits = tuple(self._checked_qubit(q) for q in given)
        if not qubits:
            raise InputError(f"a core of {self.name} needs at least one qubit; name some of 0..{self.num_qubits - 1}")
        for q in qubits:
            if qubits.count(q) > 1:
                raise InputError(f"qubit {q} of {self.name} is named twice; name every qubit of a core once")
            if not self.is_all_to_all and q not in self.calibration.one_qubit:
                raise InputError(f"qubit {q} of {self.name} does not work by its calibration; choose another")
        return qubits

    def _checked_qubit(self, qubit: object) -> int:
        number = whole(qubit, 0, self.num_qubits - 1)
        if number is None:
            raise InputError(
                f"qubit {shown(qubit)} of {self.name} does not exist; choose from 0..{self.num_qubits - 1}"
            )
        return number

    def weights(self, qubits: Where | None = None) -> tuple[dict[int, float], dict[Edge, float]]:
        """Error of usable qubits, one-qubit and readout, and of the couplings between them, in the better direction.

        Args:
            qubits: Physical qubits; None: all.

        Raises:
            InputError: If one of ``qubits`` does not exist or does not work.
        """
        everything = self._weights
        if qubits is None or self.is_all_to_all:
            return everything
        unusable = [q for q in qubits if q not in everything[0]]
        if unusable:
            raise InputError(f"qubits {unusable} of {self.name} do not exist or do not work; take a core from cores()")
        pairs = {(a, b) for a in qubits for b in self._neighbours.get(a, ()) if a < b and b in qubits}
        return {q: everything[0][q] for q in qubits}, {pair: everything[1][pair] for pair in sorted(pairs)}

    @cached_property
    def _weights(self) -> tuple[dict[int, float], dict[Edge, float]]:
        known = self.calibration
        couplings: dict[Edge, float] = {}
        for (a, b), error in known.two_qubit.items():
            edge = (min(a, b), max(a, b))
            couplings[edge] = min(error, couplings.get(edge, error))
        return {q: error + known.readout[q] for q, error in known.one_qubit.items()}, couplings

    @cached_property
    def _neighbours(self) -> dict[int, set[int]]:
        near: dict[int, set[int]] = {}
        for a, b in self._weights[1]:
            near.setdefault(a, set()).add(b)
            near.setdefault(b, set()).add(a)
        return near

    def _core(self, index: int, region: Region) -> Core:
        calibration = cropped_calibration(self.calibration, region.qubits)
        return Core(self.name, index, region.qubits, tuple(sorted(calibration.two_qubit)), calibration, region.error)


def _read_regions(stored: bytes | None, size: int, usable: set[int]) -> tuple[Region, ...]:
    """The regions of a file; none where it does not hold regions that fit."""
    try:
        found = tuple(Region(tuple(qubits), float(error)) for qubits, error in json.loads(stored or b"[]"))
        fits = all(len(set(r.qubits)) == len(r.qubits) == size and usable.issuperset(r.qubits) for r in found)
    except (ValueError, TypeError):
        return ()
    return found if fits else ()


def cropped_target(device: Device, qubits: tuple[int, ...]) -> Target:
    """The target of some qubits, renumbered by their position, without broken couplings and without control flow."""
    target, number = device.target, {q: i for i, q in enumerate(qubits)}
    if device.is_all_to_all:
        return ideal_target(target, len(qubits))
    unusable = [q for q in qubits if q not in device.calibration.one_qubit]
    if unusable:
        raise InputError(f"qubits {unusable} of {device.name} do not exist or do not work; take a core from cores()")
    properties = [target.qubit_properties[q] for q in qubits] if target.qubit_properties else None
    crop = Target(num_qubits=len(qubits), dt=target.dt, qubit_properties=properties)
    for name in target.operation_names:
        known = {
            tuple(number[q] for q in where): values
            for where, values in (target[name] or {}).items()
            if where is not None and all(q in number for q in where) and is_usable(where, device.calibration)
        }
        if known:
            crop.add_instruction(target.operation_from_name(name), known, name=name)
    return crop


def _call(backend: BackendV2, method: str) -> Any:
    """What a backend's optional method returns; None where it has no such method."""
    function = getattr(backend, method, None)
    return function() if callable(function) else None
