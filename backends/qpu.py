"""What a quantum device is to this toolkit, and what travels to it and back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit

from .core import Calibration, Core, Edge

FloatArray = NDArray[np.float64]
Mode = Literal["job", "batch", "session"]


@dataclass(frozen=True)
class Limits:
    """What a device accepts. ``None`` means no limit."""

    max_shots: int | None = None
    max_executions: int | None = None
    max_pending_jobs: int | None = None


@dataclass(frozen=True)
class Request:
    """One parameterised circuit and every parameter set it is to run with, on one core.

    Attributes:
        circuit: No measurements; parameters in rotation angles only.
        values: Parameter sets, shape (sets, parameters), columns in the order of ``circuit.parameters``, radians.
        outputs: <Z> of the circuit's qubits 0..outputs-1 is returned.
        core: Where to run; must belong to the QPU that is asked.
    """

    circuit: QuantumCircuit
    values: FloatArray
    outputs: int
    core: Core

    @property
    def sets(self) -> int:
        """Number of parameter sets."""
        return int(self.values.shape[0])


@dataclass(frozen=True)
class Expectations:
    """<Z> per parameter set and output, shape (sets, outputs), with standard errors of the same shape.

    The standard errors are zero where the expectation is exact (shots=None).
    """

    values: FloatArray
    stderr: FloatArray


class Handle(Protocol):
    """A submitted job."""

    job_id: str

    def result(self) -> list[Expectations]:
        """Wait for the job and return one `Expectations` per request, in the order they were given."""
        ...


class QPU(ABC):
    """A device, real or simulated. All kinds behave the same; `open_qpu` makes them from a string."""

    name: str
    num_qubits: int
    coupling_map: tuple[Edge, ...]
    calibration: Calibration
    limits: Limits = Limits()
    mode: Mode = "job"

    @abstractmethod
    def cores(self, core_qubits: int | None = None) -> tuple[Core, ...]:
        """Disjoint cores of ``core_qubits`` qubits each (None: the whole device is one core), best first."""

    @abstractmethod
    def transpile(self, circuit: QuantumCircuit, core: Core) -> QuantumCircuit:
        """The ISA circuit of ``circuit`` on ``core``, in the core's own qubit numbers; cached per core and structure."""

    @abstractmethod
    def run(self, requests: Sequence[Request], shots: int | None = None, *, seed: int | None = None) -> Handle:
        """Submit all requests as ONE job.

        Args:
            requests: What to run; see `Request`.
            shots: Shots per parameter set; None asks for exact expectations where the device can give them.
            seed: Makes sampled results reproducible where the device can.
        """

    @abstractmethod
    def seconds(self, requests: Sequence[Request], shots: int | None) -> float:
        """QPU seconds the job would be billed by IBM's usage rule; 0.0 for a device that bills nothing.

        2 s a job + executions x (rep_delay + circuit duration), executions = parameter sets x shots.
        Only ``circuit``, ``sets`` and ``core`` of the requests are looked at.
        """
