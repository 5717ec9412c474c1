"""What a quantum device is to this toolkit, and what travels to it and back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit

from .core import Calibration, Core, Edge
from .errors import InputError
from .structure import StructureKey

FloatArray = NDArray[np.float64]
Mode = Literal["job", "batch", "session"]


@dataclass(frozen=True)
class Limits:
    """What a device accepts. ``None`` means no limit."""

    max_shots: int | None = None
    max_executions: int | None = None


@dataclass(frozen=True)
class Variant:
    """How an ISA circuit is run, if not as it is; what error mitigation asks for.

    Attributes:
        fold: Odd. Every two-qubit gate G is run as G (G^-1 G)^((fold - 1) / 2): the same unitary with ``fold`` times
            the noise of its two-qubit gates.
        prepare: Instead of the circuit, put the qubits that its outputs are read from in |0> or |1> (0 or 1); None
            runs the circuit.
    """

    fold: int = 1
    prepare: int | None = None


PLAIN = Variant()
"""The circuit as it is."""


@dataclass(frozen=True)
class Request:
    """One parameterised circuit and every parameter set it is to run with, on one core.

    Attributes:
        circuit: Parameters in rotation angles only. Outputs are measured at its end; a measurement of its own, into a
            classical bit of its own, is a *sign*: see `columns`.
        values: Parameter sets, shape (sets, parameters), columns in the order of ``circuit.parameters``, radians.
        outputs: <Z> of the circuit's qubits 0..outputs-1 is returned; 0 where only the sign is wanted.
        core: Where to run; must belong to the QPU that is asked.
        variant: How to run it.
        structure: What `backends.structure.structure_key` says of the circuit, if it is known; it takes as long to find
            as a few parameter sets take to simulate.
        finite: The values are known to be finite float64, so that a job need not look at each of them.
    """

    circuit: QuantumCircuit
    values: FloatArray
    outputs: int
    core: Core
    variant: Variant = PLAIN
    structure: StructureKey | None = field(default=None, compare=False, repr=False)
    finite: bool = field(default=False, compare=False, repr=False)

    @property
    def sets(self) -> int:
        """Number of parameter sets."""
        return int(self.values.shape[0])

    @property
    def columns(self) -> int:
        """Numbers per parameter set: the outputs, and one more for a circuit with classical bits.

        Such a circuit has a sign, s = -1 where an odd number of its classical bits is 1, else 1. What is returned is
        <s Z> of every output, and last <s>.
        """
        return self.outputs + (1 if self.circuit.num_clbits else 0)


@dataclass(frozen=True)
class Expectations:
    """<Z> per parameter set and output, shape (sets, outputs), with standard errors of the same shape; see `Request.columns`.

    The standard errors are zero where the expectation is exact (shots=None).
    """

    values: FloatArray
    stderr: FloatArray


@dataclass(frozen=True)
class Bundle:
    """Requests that run side by side on disjoint cores of one device, as ONE circuit.

    Parameter set number j of all of them is one execution, so all have the same number of sets.
    """

    requests: tuple[Request, ...]

    @property
    def sets(self) -> int:
        """Number of parameter sets of every request, and of the bundle."""
        return self.requests[0].sets


@dataclass(frozen=True)
class Profile:
    """What a circuit is on a core, before it runs.

    Attributes:
        two_qubit_gates: In the ISA circuit, routing included.
        depth: Of the ISA circuit.
        seconds: Duration of one shot, measurement included, without rep_delay.
        fidelity: Probability that nothing goes wrong by the calibration: the product of 1 - error over the gates
            and over the readout of the outputs; 1.0 on an ideal device.
    """

    two_qubit_gates: int
    depth: int
    seconds: float
    fidelity: float


class Handle(Protocol):
    """A submitted job."""

    @property
    def job_id(self) -> str:
        """What the device calls it."""
        ...

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
    def cores(self, core_qubits: int | None = None, guard: int = 0) -> tuple[Core, ...]:
        """Disjoint cores of ``core_qubits`` qubits each (None: the whole device is one core), best first.

        Args:
            core_qubits: Width of every core.
            guard: Unused qubits on every path between two cores, at least.
        """

    @abstractmethod
    def transpile(self, circuit: QuantumCircuit, core: Core) -> QuantumCircuit:
        """The ISA circuit of ``circuit`` on ``core``, in the core's own qubit numbers; cached per core and structure."""

    @abstractmethod
    def profile(self, circuit: QuantumCircuit, core: Core, outputs: int) -> Profile:
        """Size, duration and expected fidelity of ``circuit`` on ``core`` with its first ``outputs`` qubits read."""

    @abstractmethod
    def run(self, requests: Sequence[Request | Bundle], shots: int | None = None, *, seed: int | None = None) -> Handle:
        """Submit all requests as ONE job.

        Args:
            requests: What to run; the requests of a `Bundle` run side by side. The results come one per request,
                bundles opened, in order.
            shots: Shots per parameter set; None asks for exact expectations where the device can give them.
            seed: Makes sampled results reproducible where the device can.
        """

    @abstractmethod
    def seconds(self, requests: Sequence[Request | Bundle], shots: int | None) -> float:
        """QPU seconds the job would be billed by IBM's usage rule; 0.0 for a device that bills nothing.

        2 s a job + executions x (rep_delay + circuit duration), executions = parameter sets x shots; a bundle is one
        circuit, as long as its longest. Only ``circuit``, ``sets`` and ``core`` of the requests are looked at.
        """

    def derivatives(
        self, requests: Sequence[Request], wanted: Sequence[NDArray[np.bool_] | None] | None = None
    ) -> list[FloatArray]:
        """Exact d<Z>/d(parameter) in the device's own noise, one array (sets, outputs, parameters) per request.

        Args:
            requests: As for `run`.
            wanted: Per request which derivatives, shape (sets, parameters), or None for all; the others are 0.

        Raises:
            InputError: For a device that cannot be simulated.
        """
        raise InputError(f"{self.name} has no exact derivatives; ask its twin: twin().derivatives(...)")

    def twin(self) -> QPU:
        """A simulation of this device that answers exactly and at once; the device itself where it is one.

        Raises:
            InputError: For a device of which no snapshot is known.
        """
        raise InputError(f"{self.name} has no twin; use a device with a calibration snapshot, such as fake:fez")
