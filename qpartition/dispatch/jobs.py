"""The jobs of a round: what each sends to its device, and the key by which the journal knows it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from backends.qpu import Expectations, FloatArray
from backends.remote.qpu import Submission
from backends.structure import structure_key
from qpartition.meter import Meter
from qpartition.packing import Pack, Task


@dataclass(frozen=True)
class Job:
    """One job of a round.

    Attributes:
        qpu: Name of its device.
        packs: Its circuits.
        submission: What is sent; its key is empty where nobody asks for it.
        shots: Per parameter set; None for exact expectations.
        seed: Of the shots, where the device can be told; None for any.
    """

    qpu: str
    packs: list[Pack]
    submission: Submission
    shots: int | None
    seed: int | None

    def by_task(self, meter: Meter, results: list[Expectations], job_id: str) -> list[tuple[Task, Expectations]]:
        """The results of every piece, in order.

        Raises:
            RuntimeError: If the device returned something else than was asked for.
        """
        pieces = [piece for one in self.packs for piece in one]
        expected = [(piece.sets, meter.workload.by_key[piece.task[0]].columns) for piece in pieces]
        if [result.values.shape for result in results] != expected:
            raise RuntimeError(f"{self.qpu} returned job {job_id} with shapes other than the (sets, outputs) asked for")
        return [(piece.task, result) for piece, result in zip(pieces, results, strict=True)]


class JobMaker:
    """Makes the jobs of one run.

    Args:
        run: Identifies the run in the keys; None where no keys are asked for.
        seed: Of all shots of the run; None for none.
        order: Names of the devices: the seeds depend on their order, not on who has work.
    """

    def __init__(self, run: str | None, seed: int | None, order: tuple[str, ...]) -> None:
        self._run, self._seed, self._order = run, seed, order
        self._circuits: dict[str, bytes] = {}

    def jobs(
        self, meter: Meter, name: str, tasks: Mapping[Task, int], values: Mapping[str, FloatArray], shots: int | None,
        number: int, first: int = 0,
    ) -> list[Job]:  # fmt: skip
        """What the part of round ``number`` on one device is sent as; the jobs are numbered from ``first``."""
        made = list[Job]()
        for part, packs in enumerate(meter.jobs(name, tasks, shots), start=first):
            bundles, seed = tuple(meter.bundles(packs, values)), self._job_seed(name, number, part)
            key, estimated = "", 0.0
            if self._run is not None:
                key = self._key(meter, name, packs, values, shots, number, part, seed)
                estimated = float(meter.topology.qpus[name].seconds(bundles, shots))
            submission = Submission(key, bundles, shots or 1, number, part, estimated)
            made.append(Job(name, packs, submission, shots, seed))
        return made

    def _job_seed(self, name: str, number: int, part: int) -> int | None:
        """A function of the run's seed, the number of the round, the device, and the part where there are several."""
        if self._seed is None:
            return None
        where = (number, self._order.index(name), *([part] if part else []))
        return int(np.random.SeedSequence(self._seed, spawn_key=where).generate_state(1)[0] >> 1)

    def _key(
        self, meter: Meter, name: str, packs: list[Pack], values: Mapping[str, FloatArray], shots: int | None, number: int,
        part: int, seed: int | None,
    ) -> str:  # fmt: skip
        """Hash of run, round, device, circuits, parameters, shots and seed."""
        digest = hashlib.sha256(repr((self._run, number, name, part, shots, seed)).encode())
        for one in packs:
            digest.update(b"pack")
            for piece in one:
                key, variant = piece.task
                digest.update(repr((key, variant, meter.placement[key].qubits, piece.start, piece.stop)).encode())
                digest.update(self._circuit(meter, key))
                digest.update(np.ascontiguousarray(values[key][piece.start : piece.stop]).tobytes())
        return digest.hexdigest()

    def _circuit(self, meter: Meter, key: str) -> bytes:
        if key not in self._circuits:
            subvqc = meter.workload.by_key[key]
            structure = structure_key(subvqc.circuit) if subvqc.structure is None else subvqc.structure
            self._circuits[key] = hashlib.sha256(repr((structure, subvqc.outputs)).encode()).digest()
        return self._circuits[key]


def joined(parts: list[Expectations]) -> Expectations:
    """The results of the pieces of a task, which come in order."""
    if len(parts) == 1:
        return parts[0]
    return Expectations(np.concatenate([p.values for p in parts]), np.concatenate([p.stderr for p in parts]))
