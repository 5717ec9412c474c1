"""The price of a round on placed sub-VQCs: one rule for the plan and for the dispatcher."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from backends.core import Core
from backends.errors import InputError
from backends.qpu import PLAIN, QPU, Bundle, FloatArray, Profile, Request, Variant

from .counts import Sets, Tally
from .failover import moved
from .mitigation import BASIS_STATES, CALIBRATION_SHOTS, NONE, Mitigation
from .packing import Pack, Task, pack, separate, split
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
        mitigation: Mitigation = NONE,
        movable: bool = True,
    ) -> None:
        """For the sub-VQCs of ``workload`` on their cores.

        Args:
            workload: The sub-VQCs.
            topology: The devices.
            placement: Core by sub-VQC key.
            shots: Per execution; None for exact expectations.
            packing: Sub-VQCs on different cores of a QPU run side by side, as one circuit.
            mitigation: What else is run with every parameter set, and once before the first round.
            movable: The work of a device that goes off line may be done on the others.
        """
        self.workload = workload
        self.topology = topology
        self.placement = placement
        self.shots = shots
        self.packing = packing
        self.mitigation = mitigation
        self.movable = movable
        self._priced: dict[tuple[tuple[Task, int], ...], Tally] = {}

    def without(
        self, name: str, placement: Mapping[str, str] | None = None, avoid: Collection[str] = ()
    ) -> Meter | None:
        """The same sub-VQCs with those on one device moved to cores of the others; None if they have no room for one.

        Args:
            name: The device.
            placement: Names of the cores they go to, by key; None: to the least busy cores, the best of those.
            avoid: Devices that they do not go to, unless ``placement`` says so.
        """
        lost = [key for key in self.workload.keys if self.placement[key].qpu == name]
        if placement is None:
            cores = moved(self.workload, self.topology, self.placement, lost, avoid)
        elif set(lost) <= set(placement):
            cores = {key: self.topology.core(placement[key]) for key in lost}
        else:
            cores = None
        if cores is None:
            return None
        kept = {**self.placement, **cores}
        return Meter(self.workload, self.topology, kept, self.shots, self.packing, self.mitigation, self.movable)

    def changes(self, other: Meter) -> dict[str, str]:
        """Names of the cores of the sub-VQCs that ``other`` has elsewhere, by key."""
        return {
            key: other.placement[key].name for key in self.workload.keys if other.placement[key] != self.placement[key]
        }

    @property
    def qpus(self) -> tuple[str, ...]:
        """The QPUs that are used at all, in the order of the topology."""
        used = {core.qpu for core in self.placement.values()}
        return tuple(name for name in self.topology.qpus if name in used)

    def by_qpu(self, sets: Sets) -> dict[str, dict[str, int]]:
        """The round divided among the QPUs it uses, in the order of the topology; keys without sets are left out."""
        groups: dict[str, dict[str, int]] = {name: {} for name in self.qpus}
        for key in self.workload.keys:  # in one order, whoever asks: packing depends on it
            if count := sets.get(key, 0):
                groups[self.placement[key].qpu][key] = count
        return {name: group for name, group in groups.items() if group}

    def round(self, sets: Sets) -> Tallies:
        """What a round costs: one job per QPU used, more where it limits their size. Empty if there is nothing to run.

        Raises:
            InputError: If the shots exceed what a QPU accepts.
        """
        return {name: self.job(name, self.tasks(group), self.shots) for name, group in self.by_qpu(sets).items()}

    def calibration(self) -> Tallies:
        """What the calibration of the mitigation costs, one job per QPU; empty if there is none."""
        groups = self.calibration_tasks()
        return {name: self.job(name, group, self.calibration_shots(name)) for name, group in groups.items()}

    def calibration_tasks(self, keys: Sequence[str] | None = None) -> dict[str, dict[Task, int]]:
        """By QPU, the tasks of the calibration, each with one parameter set; of some sub-VQCs only, if they are named."""
        if not self.mitigation.readout:
            return {}
        groups = self.by_qpu(dict.fromkeys(self.workload.keys if keys is None else keys, 1))
        return {name: {(key, state): 1 for key in group for state in BASIS_STATES} for name, group in groups.items()}

    def calibration_shots(self, name: str) -> int | None:
        """Shots of a calibration circuit."""
        if self.shots is None:
            return None
        return min(CALIBRATION_SHOTS, self.topology.qpus[name].limits.max_shots or CALIBRATION_SHOTS)

    def tasks(self, group: Sets) -> dict[Task, int]:
        """Every sub-VQC in every variant that the mitigation asks for."""
        return {(key, variant): count for key, count in group.items() for variant in self.mitigation.variants}

    def packs(self, tasks: Mapping[Task, int]) -> list[Pack]:
        """How the part of a round that goes to one QPU is divided into circuits."""
        if not self.packing:
            return separate(tasks)
        return pack(tasks, {task: self.placement[task[0]].name for task in tasks})

    def jobs(self, name: str, tasks: Mapping[Task, int], shots: int | None) -> list[list[Pack]]:
        """The circuits of every job that the part of a round on one QPU takes: one, unless the device limits them."""
        most = self.topology.qpus[name].limits.max_executions
        return split(self.packs(tasks), None if most is None else max(1, most // (shots or 1)))

    def bundles(self, packs: list[Pack], values: Mapping[str, FloatArray]) -> list[Bundle]:
        """What a QPU is sent; ``values`` are the parameter sets by key, each of shape (sets, parameters)."""
        return [
            Bundle(tuple(self.request(p.task[0], values[p.task[0]][p.start : p.stop], p.task[1]) for p in one))
            for one in packs
        ]

    def request(self, key: str, values: FloatArray, variant: Variant = PLAIN) -> Request:
        """One sub-VQC on its core; ``values`` has shape (sets, parameters)."""
        subvqc = self.workload.by_key[key]
        core = self.topology.native(self.placement[key])
        # finite: `qpartition.checks` has looked at the angles, and shifts are added to them
        return Request(subvqc.circuit, values, subvqc.outputs, core, variant, subvqc.structure, finite=True)

    def profile(self, key: str) -> Profile:
        """Size, duration and expected fidelity of a sub-VQC on its core."""
        core, subvqc = self.placement[key], self.workload.by_key[key]
        return self.topology.qpus[core.qpu].profile(subvqc.circuit, self.topology.native(core), subvqc.outputs)

    def job(self, name: str, tasks: Mapping[Task, int], shots: int | None) -> Tally:
        """What the part of a round on one QPU costs."""
        fingerprint = tuple(tasks.items())
        if fingerprint not in self._priced:
            qpu, jobs = self.topology.qpus[name], self.jobs(name, tasks, shots)
            _check_limits(name, qpu, shots)
            executions = sum(one[0].sets for packs in jobs for one in packs) * (shots or 1)
            blank = {key: self._blank(key, count) for (key, _), count in tasks.items()}
            seconds = sum(float(qpu.seconds(self.bundles(packs, blank), shots)) for packs in jobs)
            self._priced[fingerprint] = Tally(len(jobs), sum(tasks.values()), executions, seconds)
        return self._priced[fingerprint]

    def _blank(self, key: str, sets: int) -> FloatArray:
        """Parameter sets whose angles are not known yet."""
        return np.broadcast_to(np.zeros(1), (sets, self.workload.by_key[key].circuit.num_parameters))


def _check_limits(name: str, qpu: QPU, shots: int | None) -> None:
    limits = qpu.limits
    if shots is not None and limits.max_shots is not None and shots > limits.max_shots:
        raise InputError(f"{shots} shots exceed the {limits.max_shots} that {name} accepts; use fewer shots")
    if shots is not None and limits.max_executions is not None and shots > limits.max_executions:
        raise InputError(
            f"{shots} shots exceed the {limits.max_executions} executions that {name} accepts in a job; use fewer shots"
        )
