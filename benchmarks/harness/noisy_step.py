"""The training step that `benchmarks/noisy.py` times, its jobs recorded, and the ways to simulate them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np
import torch
from numpy.typing import NDArray
from qiskit.transpiler import Target

from backends import Request, open_qpu
from backends.aer import AerEngine
from backends.checks import opened
from backends.engines import ENGINES
from backends.isa import CompactCircuit
from backends.qpu import Bundle, Expectations
from backends.sampling import expectations
from backends.simulated import SnapshotQPU
from qlstm import QLSTM, Ansatz
from qpartition import Dispatcher, Topology, Workload, plan

SHOTS, BATCH, STEPS, QUBITS = 1024, 16, 4, 3
DEVICES = ("fez", "torino")
ROUTES = {
    "twin": "twin",
    "aer": "Aer, its own shots",
    "aer-drawn": "Aer, exact distribution; shots drawn from it in numpy",
}
"""Engine -> what it is."""


class DrawnAer(AerEngine):
    """Aer for the exact distribution only, which it finds faster than shots."""

    def run(
        self,
        compact: CompactCircuit,
        values: NDArray[np.float64],
        outputs: int,
        shots: int | None,
        rng: np.random.Generator,
    ) -> Expectations:
        """See `Engine.run`."""
        return expectations(self.distribution(compact, values, outputs), shots, rng)


def _drawn(target: Target | None) -> AerEngine:
    return DrawnAer(target)


ENGINES["aer-drawn"] = _drawn


def model() -> QLSTM:
    """2 parts of 3 qubits, hidden size 5, chen2020 of depth 2; the same numbers every time."""
    torch.manual_seed(0)
    return QLSTM(1, 5, parts=2, ansatz=Ansatz.chen2020(2)).double()


@dataclass
class Job:
    """What went to one device in one round."""

    device: str
    requests: list[Request | Bundle]


class Recorder(SnapshotQPU):
    """A simulated device that remembers its jobs and how long it worked."""

    def __init__(self, qpu: SnapshotQPU, engine: str) -> None:
        super().__init__(qpu.name, lambda: qpu.device, engine)
        self.jobs: list[Job] = []
        self.seconds_simulated = 0.0

    def run(self, requests: Sequence[Request | Bundle], shots: int | None = None, *, seed: int | None = None):  # type: ignore[no-untyped-def]
        """Remember, and run."""
        self.jobs.append(Job(self.name, list(requests)))
        return super().run(requests, shots, seed=seed)

    def _execute(self, requests: list[Request], shots: int | None, seed: int | None) -> list[Expectations]:
        start = perf_counter()
        found = super()._execute(requests, shots, seed)
        self.seconds_simulated += perf_counter() - start
        return found


class Step:
    """A model on two simulated devices, ready to take training steps."""

    def __init__(self, engine: str) -> None:
        """Everything is transpiled and compiled before the first timed step."""
        self.qpus = [Recorder(qpu, engine) for qpu in map(open_fake, DEVICES)]
        self.model = model()
        workload = Workload.of(self.model, batch=BATCH, steps=STEPS)
        self.plan = plan(workload, Topology(list(self.qpus), core_qubits=QUBITS), shots=SHOTS)
        self.model.executor = Dispatcher(self.plan, seed=1)
        self.optimiser = torch.optim.Adam(self.model.parameters())
        generator = torch.Generator().manual_seed(1)
        self.x = torch.randn(STEPS, BATCH, 1, generator=generator, dtype=torch.float64)

    def take(self) -> float:
        """One training step; its wall seconds."""
        for qpu in self.qpus:
            qpu.jobs, qpu.seconds_simulated = [], 0.0
        start = perf_counter()
        self.optimiser.zero_grad()
        y, _ = self.model(self.x)
        y.square().mean().backward()
        self.optimiser.step()
        return perf_counter() - start

    @property
    def jobs(self) -> list[Job]:
        """The jobs of the last step."""
        return [job for qpu in self.qpus for job in qpu.jobs]

    @property
    def simulated(self) -> float:
        """Seconds that simulators worked in the last step, both devices together."""
        return sum(qpu.seconds_simulated for qpu in self.qpus)


def open_fake(name: str) -> SnapshotQPU:
    qpu = open_qpu(f"fake:{name}")
    assert isinstance(qpu, SnapshotQPU)
    return qpu


def sets(jobs: Sequence[Job]) -> int:
    """Parameter sets in some jobs."""
    return sum(request.sets for job in jobs for request in opened(job.requests))


class Route:
    """One way to simulate recorded jobs."""

    def __init__(self, engine: str) -> None:
        """Both devices, simulated by this engine."""
        self.visits = 0
        self.qpus = {f"fake:{name}": SnapshotQPU(f"fake:{name}", open_fake(name)._load, engine) for name in DEVICES}

    def replay(self, jobs: Sequence[Job], shots: int | None = SHOTS) -> tuple[float, list[NDArray[np.float64]]]:
        """Wall seconds, jobs one after the other, and all <Z>.

        All angles move a little from visit to visit, as between training steps, so that nothing is known beforehand.
        """
        self.visits += 1
        asked = [(self.qpus[job.device], list(_moved(opened(job.requests), 1e-9 * self.visits))) for job in jobs]
        start = perf_counter()
        found = [qpu.run(requests, shots, seed=0).result() for qpu, requests in asked]
        return perf_counter() - start, [one.values for results in found for one in results]


def thinned(jobs: Sequence[Job], every: int) -> list[Job]:
    """The same jobs with one parameter set of ``every``."""
    return [Job(job.device, list(_thin(opened(job.requests), every))) for job in jobs]


def _moved(requests: Sequence[Request], angle: float) -> Iterator[Request]:
    return (replace(request, values=request.values + angle) for request in requests)


def _thin(requests: Sequence[Request], every: int) -> Iterator[Request]:
    for request in requests:
        yield Request(request.circuit, request.values[::every], request.outputs, request.core, request.variant)
