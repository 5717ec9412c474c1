"""The price of a round on placed sub-VQCs: one rule for the plan and for the dispatcher."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from backends.core import Core
from backends.errors import InputError
from backends.qpu import QPU, FloatArray, Request

from .counts import Sets, Tally
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
        self, workload: Workload, topology: Topology, placement: Mapping[str, Core], shots: int | None
    ) -> None:
        """For the sub-VQCs of ``workload`` on their cores, with ``shots`` per parameter set (None: exact)."""
        self.workload = workload
        self.topology = topology
        self.placement = placement
        self.shots = shots
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

    def request(self, key: str, values: FloatArray) -> Request:
        """What a QPU is sent for one sub-VQC; ``values`` has shape (sets, parameters)."""
        subvqc = self.workload.by_key[key]
        return Request(subvqc.circuit, values, subvqc.outputs, self.topology.native(self.placement[key]))

    def two_qubit_gates(self, key: str) -> int:
        """Two-qubit gates of a sub-VQC's ISA circuit on its core, routing included."""
        core = self.placement[key]
        isa = self.topology.qpus[core.qpu].transpile(self.workload.by_key[key].circuit, self.topology.native(core))
        return int(isa.num_nonlocal_gates())

    def _job(self, name: str, group: dict[str, int]) -> Tally:
        fingerprint = tuple(group.items())
        if fingerprint not in self._priced:
            qpu = self.topology.qpus[name]
            sets = sum(group.values())
            executions = sets * (self.shots or 1)
            _check_limits(name, qpu, self.shots, executions)
            seconds = float(qpu.seconds([self._blank(key, count) for key, count in group.items()], self.shots))
            self._priced[fingerprint] = Tally(1, sets, executions, seconds)
        return self._priced[fingerprint]

    def _blank(self, key: str, sets: int) -> Request:
        """A request whose angles are not known yet."""
        parameters = self.workload.by_key[key].circuit.num_parameters
        return self.request(key, np.broadcast_to(np.zeros(1), (sets, parameters)))


def _check_limits(name: str, qpu: QPU, shots: int | None, executions: int) -> None:
    if shots is not None and qpu.limits.max_shots is not None and shots > qpu.limits.max_shots:
        raise InputError(f"{shots} shots exceed the {qpu.limits.max_shots} that {name} accepts; use fewer shots")
    if qpu.limits.max_executions is not None and executions > qpu.limits.max_executions:
        raise InputError(
            f"a job of {executions} executions exceeds the {qpu.limits.max_executions} that {name} accepts; "
            "use a smaller batch, fewer shots, jacobian='fused' or more QPUs"
        )
