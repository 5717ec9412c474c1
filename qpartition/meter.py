"""The price of a round on placed sub-VQCs: one rule for the plan and for the dispatcher."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from backends.core import Core
from backends.errors import InputError
from backends.qpu import QPU, Bundle, FloatArray, Profile, Request

from .counts import Sets, Tally
from .packing import Pack, pack, separate
from .topology import Topology
from .workload import Workload

Tallies = Mapping[str, Tally]
"""What one round asks of each QPU it uses."""


class Meter:
    """Turns parameter sets per key into jobs, executions and seconds per QPU.

    QPU seconds come from `QPU.seconds`, which looks at circuits, sets and cores only, so a round is priced
    before its angles exist; equal rounds are priced once.
    """

    def __init__(
        self,
        workload: Workload,
        topology: Topology,
        placement: Mapping[str, Core],
        shots: int | None,
        packing: bool = True,
    ) -> None:
        """For the sub-VQCs of ``workload`` on their cores.

        Args:
            workload: The sub-VQCs.
            topology: The devices.
            placement: Core by sub-VQC key.
            shots: Per execution; None for exact expectations.
            packing: Sub-VQCs on different cores of a QPU run side by side, as one circuit.
        """
        self.workload = workload
        self.topology = topology
        self.placement = placement
        self.shots = shots
        self.packing = packing
        self._core = {key: core.name for key, core in placement.items()}
        self._priced: dict[tuple[tuple[str, int], ...], Tally] = {}

    @property
    def qpus(self) -> tuple[str, ...]:
        """The QPUs that are used at all, in the order of the topology."""
        used = {core.qpu for core in self.placement.values()}
        return tuple(name for name in self.topology.qpus if name in used)

    def by_qpu(self, sets: Sets) -> dict[str, dict[str, int]]:
        """The round divided among the QPUs it uses, in the order of the topology; keys without sets are left out."""
        groups: dict[str, dict[str, int]] = {name: {} for name in self.qpus}
        for key, count in sets.items():
            if count:
                groups[self.placement[key].qpu][key] = count
        return {name: group for name, group in groups.items() if group}

    def round(self, sets: Sets) -> Tallies:
        """What a round costs: one job per QPU used. Empty if there is nothing to run.

        Raises:
            InputError: If a job would exceed what a QPU accepts.
        """
        return {name: self._job(name, group) for name, group in self.by_qpu(sets).items()}

    def packs(self, group: Sets) -> list[Pack]:
        """How the part of a round that goes to one QPU is divided into circuits."""
        return pack(group, self._core) if self.packing else separate(group)

    def bundles(self, packs: list[Pack], values: Mapping[str, FloatArray]) -> list[Bundle]:
        """What a QPU is sent; ``values`` are the parameter sets by key, each of shape (sets, parameters)."""
        return [Bundle(tuple(self.request(p.key, values[p.key][p.start : p.stop]) for p in one)) for one in packs]

    def request(self, key: str, values: FloatArray) -> Request:
        """One sub-VQC on its core; ``values`` has shape (sets, parameters)."""
        subvqc = self.workload.by_key[key]
        return Request(subvqc.circuit, values, subvqc.outputs, self.topology.native(self.placement[key]))

    def profile(self, key: str) -> Profile:
        """Size, duration and expected fidelity of a sub-VQC on its core."""
        core, subvqc = self.placement[key], self.workload.by_key[key]
        return self.topology.qpus[core.qpu].profile(subvqc.circuit, self.topology.native(core), subvqc.outputs)

    def _job(self, name: str, group: dict[str, int]) -> Tally:
        fingerprint = tuple(group.items())
        if fingerprint not in self._priced:
            qpu = self.topology.qpus[name]
            packs = self.packs(group)
            executions = sum(one[0].sets for one in packs) * (self.shots or 1)
            _check_limits(name, qpu, self.shots, executions)
            seconds = float(
                qpu.seconds(self.bundles(packs, {key: self._blank(key, group) for key in group}), self.shots)
            )
            self._priced[fingerprint] = Tally(1, sum(group.values()), executions, seconds)
        return self._priced[fingerprint]

    def _blank(self, key: str, sets: Sets) -> FloatArray:
        """Parameter sets whose angles are not known yet."""
        return np.broadcast_to(np.zeros(1), (sets[key], self.workload.by_key[key].circuit.num_parameters))


def _check_limits(name: str, qpu: QPU, shots: int | None, executions: int) -> None:
    if shots is not None and qpu.limits.max_shots is not None and shots > qpu.limits.max_shots:
        raise InputError(f"{shots} shots exceed the {qpu.limits.max_shots} that {name} accepts; use fewer shots")
    if qpu.limits.max_executions is not None and executions > qpu.limits.max_executions:
        raise InputError(
            f"a job of {executions} executions exceeds the {qpu.limits.max_executions} that {name} accepts; "
            "use a smaller batch, fewer shots, jacobian='fused' or more QPUs"
        )
