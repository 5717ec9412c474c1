"""What every sub-VQC costs on every core: its error, its time, and how often it runs in a training step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from backends.core import Core
from backends.errors import InputError
from backends.qpu import FloatArray

IntArray = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Costs:
    """Prices of sub-VQCs on cores. Sub-VQCs that cost the same everywhere are one class.

    Attributes:
        keys: Of the sub-VQCs, in the order of the workload.
        cores: Of the topology.
        classes: Class of every sub-VQC, shape (keys,).
        error: 1 - expected fidelity, shape (classes, cores); infinite on cores that are too narrow.
        seconds: Per parameter set with all its shots, shape (classes, cores); infinite on cores that are too narrow.
        sets: Parameter sets in each distinct round of a training step, shape (classes, rounds).
        repeats: How often each distinct round occurs in a step, shape (rounds,).
        job: Overhead of a job on each QPU, seconds, shape (qpus,).
        qpu: QPU of every core, shape (cores,).
        lane: Of every core, shape (cores,): cores of one lane run one after the other. With packing every core is
            a lane of its own, without it every QPU is one.
    """

    keys: tuple[str, ...]
    cores: tuple[Core, ...]
    classes: IntArray = field(repr=False)
    error: FloatArray = field(repr=False)
    seconds: FloatArray = field(repr=False)
    sets: FloatArray = field(repr=False)
    repeats: FloatArray = field(repr=False)
    job: FloatArray = field(repr=False)
    qpu: IntArray = field(repr=False)
    lane: IntArray = field(repr=False)

    @cached_property
    def members(self) -> tuple[IntArray, ...]:
        """The sub-VQCs of every class, as positions in ``keys``."""
        return tuple(np.flatnonzero(self.classes == k) for k in range(len(self.sets)))

    @cached_property
    def hosts(self) -> IntArray:
        """Number of cores wide enough for each class, shape (classes,)."""
        return np.asarray(np.isfinite(self.seconds).sum(axis=1), dtype=np.intp)

    @cached_property
    def load(self) -> FloatArray:
        """Seconds that one sub-VQC keeps a core busy in a training step, shape (classes, cores)."""
        return np.asarray((self.sets @ self.repeats)[:, None] * self.seconds)

    def positions(self, placement: Mapping[str, Core]) -> IntArray:
        """The core of every sub-VQC as a position in ``cores``, shape (keys,).

        Raises:
            InputError: For a sub-VQC that is missing, or a core that is unknown or too narrow.
        """
        index = {core.name: n for n, core in enumerate(self.cores)}
        for key in self.keys:
            if key not in placement or placement[key].name not in index:
                raise InputError(
                    f"sub-VQC {key!r} is on no core of this topology; score what place() returned for these devices"
                )
        where = np.array([index[placement[key].name] for key in self.keys], dtype=np.intp)
        narrow = np.flatnonzero(~np.isfinite(self.seconds[self.classes, where]))
        if narrow.size:
            core = self.cores[where[narrow[0]]]
            raise InputError(
                f"sub-VQC {self.keys[narrow[0]]!r} is wider than core {core.name} with {core.num_qubits} qubits; "
                "choose a wider core"
            )
        return where

    def placed(self, where: IntArray) -> dict[str, Core]:
        """The inverse of `positions`."""
        return {key: self.cores[core] for key, core in zip(self.keys, where, strict=True)}

    def terms(self, where: IntArray) -> FloatArray:
        """Makespan in s, mean error, and QPU seconds of a training step, shape (3,); see `Objective`.

        Args:
            where: Core of every sub-VQC, as a position in ``cores``.
        """
        busy = np.zeros((int(self.lane.max()) + 1, len(self.repeats)))
        np.add.at(busy, self.lane[where], self.sets[self.classes] * self.seconds[self.classes, where][:, None])
        longest = np.zeros((len(self.job), len(self.repeats)))
        np.maximum.at(longest, self.qpu, busy[self.lane])
        seconds = np.where(longest > 0, longest + self.job[:, None], 0.0)
        error = self.error[self.classes, where].mean()
        return np.array([seconds.max(axis=0) @ self.repeats, error, seconds.sum(axis=0) @ self.repeats])

    @cached_property
    def balanced(self) -> IntArray:
        """Cores by longest processing time first: the heaviest sub-VQC left goes where it is finished first.

        Ties go to the QPU with fewer sub-VQCs, then to the order of the topology. Shape (keys,).
        """
        busy = np.zeros(len(self.cores))
        np.maximum.at(busy, self.lane, self.job[self.qpu] * self.repeats.sum())
        on_qpu = np.zeros(len(self.job), dtype=np.intp)
        where = np.empty(len(self.keys), dtype=np.intp)
        lightest = self.load.min(axis=1)
        for k in sorted(range(len(self.sets)), key=lambda k: (-lightest[k], self.hosts[k])):
            for n in self.members[k]:
                finished = busy[self.lane] + self.load[k]
                earliest = np.flatnonzero(finished == finished.min())
                c = int(earliest[np.argmin(on_qpu[self.qpu[earliest]])])
                where[n] = c
                busy[self.lane[c]] = finished[c]
                on_qpu[self.qpu[c]] += 1
        return where

    @cached_property
    def scale(self) -> FloatArray:
        """`terms` of `balanced`: what each of them usually is; 1 where that is 0."""
        usual = self.terms(self.balanced)
        return np.where(usual > 0, usual, 1.0)
