"""A model, a device and derivatives written for these tests only, all on Qiskit's Statevector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit.quantum_info import Statevector

from backends.checks import opened
from backends.core import Calibration, Core
from backends.qpu import QPU, Bundle, Expectations, FloatArray, Limits, Profile, Request


def circuit(
    key: str = "l0.i.p0",
    qubits: int = 3,
    outputs: int = 2,
    inputs: int = 2,
    depth: int = 1,
    sources: tuple[str, ...] | None = None,
    layer: int = 0,
    trainable: bool = False,
) -> QuantumCircuit:
    """H; RY and RZ encodings; depth x (ring of CNOTs; RZ, RY, RZ on every qubit)."""
    phi, theta = ParameterVector("phi", 2 * inputs), ParameterVector("theta", depth * qubits * 3)
    result = QuantumCircuit(qubits, name=key)
    result.h(range(qubits))
    for k in range(inputs):
        result.ry(phi[k], k)
        result.rz(phi[inputs + k], k)
    angles = iter(theta)
    for _ in range(depth):
        for q in range(qubits if qubits > 1 else 0):
            result.cx(q, (q + 1) % qubits)
        for q in range(qubits):
            result.rz(next(angles), q)
            result.ry(next(angles), q)
            result.rz(next(angles), q)
    result.metadata = {"outputs": outputs, "inputs": 2 * inputs, "weights": len(theta), "layer": layer}
    result.metadata |= {"trainable_encoding": trainable}
    if sources is not None:
        result.metadata["sources"] = sources * 2
    return result


@dataclass
class Model:
    """Anything with circuits()."""

    listed: list[QuantumCircuit]

    def circuits(self) -> list[QuantumCircuit]:
        return self.listed


def cell(parts: int = 2, layer: int = 0, direction: str = "", **options: object) -> list[QuantumCircuit]:
    """Four gates x parts; entry 0 of every part is h, entry 1 is x."""
    return [
        circuit(f"l{layer}{direction}.{gate}.p{p}", sources=("h", "x"), layer=layer, **options)  # type: ignore[arg-type]
        for gate in "ifgo"
        for p in range(parts)
    ]


def expectation(bound: QuantumCircuit, outputs: int) -> FloatArray:
    """<Z> of qubits 0..outputs-1."""
    probabilities = Statevector(bound).probabilities()
    bits = np.arange(probabilities.size)[:, None] >> np.arange(outputs) & 1
    return np.asarray(probabilities @ (1.0 - 2.0 * bits))


def z(circuit: QuantumCircuit, values: FloatArray, outputs: int) -> FloatArray:
    """<Z> for parameter sets (sets, parameters), shape (sets, outputs)."""
    return np.array([expectation(circuit.assign_parameters(row), outputs) for row in values]).reshape(-1, outputs)


def derivative(
    circuit: QuantumCircuit, values: FloatArray, outputs: int, column: int, step: float = 2e-3
) -> FloatArray:
    """Fourth-order central differences of `z` by one parameter, shape (sets, outputs)."""
    offset = np.zeros(values.shape[1])
    offset[column] = step

    def f(times: int) -> FloatArray:
        return z(circuit, values + times * offset, outputs)

    return (8 * (f(1) - f(-1)) - (f(2) - f(-2))) / (12 * step)


@dataclass
class Job:
    """Evaluates when asked for the result, and says when."""

    job_id: str
    requests: Sequence[Request]
    events: list[tuple[str, str]]
    qpu: str

    def result(self) -> list[Expectations]:
        self.events.append(("result", self.qpu))
        results = [z(r.circuit, r.values, r.outputs) for r in self.requests]
        return [Expectations(values, np.zeros_like(values)) for values in results]


@dataclass
class CountingQPU(QPU):
    """An exact device that keeps book of its own and bills like IBM."""

    name: str = "toy"
    num_qubits: int = 12
    events: list[tuple[str, str]] = field(default_factory=list)
    jobs: list[list[Request]] = field(default_factory=list)
    bundles: list[list[Request | Bundle]] = field(default_factory=list)
    shots: list[int | None] = field(default_factory=list)
    seeds: list[int | None] = field(default_factory=list)
    widths: tuple[int, ...] | None = None
    fails: bool = False
    limits: Limits = field(default_factory=Limits)
    coupling_map = ((0, 1), (1, 0))
    calibration = Calibration(readout={0: 0.25, 1: 0.75}, rep_delay=250e-6)

    def cores(self, core_qubits: int | None = None, guard: int = 0) -> tuple[Core, ...]:
        width = core_qubits or self.num_qubits
        widths = self.widths or (width,) * (self.num_qubits // width)
        starts = np.cumsum((0, *widths))
        calibration = Calibration(two_qubit={(0, 1): 0.01, (1, 0): 0.02}, readout={0: 0.25})
        return tuple(
            Core(self.name, i, tuple(range(int(s), int(s) + w)), ((0, 1), (1, 0)), calibration, error=0.1 * i)
            for i, (s, w) in enumerate(zip(starts, widths, strict=False))
        )

    def transpile(self, circuit: QuantumCircuit, core: Core) -> QuantumCircuit:
        assert core.qpu == self.name
        return circuit

    def profile(self, circuit: QuantumCircuit, core: Core, outputs: int) -> Profile:
        return Profile(circuit.num_nonlocal_gates(), circuit.depth(), 1e-7 * circuit.size(), 1.0 - core.error)

    def run(self, requests: Sequence[Request | Bundle], shots: int | None = None, *, seed: int | None = None) -> Job:
        if self.fails:
            raise ConnectionError("no route to the device")
        assert requests
        singles = opened(requests)
        assert all(r.core.qpu == self.name and r.sets for r in singles)
        self.events.append(("run", self.name))
        self.jobs.append(singles)
        self.bundles.append(list(requests))
        self.shots.append(shots)
        self.seeds.append(seed)
        return Job(str(len(self.jobs)), singles, self.events, self.name)

    def seconds(self, requests: Sequence[Request | Bundle], shots: int | None) -> float:
        longest = (250e-6 + 1e-7 * max(r.circuit.size() for r in opened([given])) for given in requests)
        return 2.0 + float(sum(given.sets * (shots or 1) * t for given, t in zip(requests, longest, strict=True)))

    @property
    def sets(self) -> int:
        """Parameter sets of all jobs."""
        return sum(r.sets for job in self.jobs for r in job)


def two_devices(**options: object) -> tuple[CountingQPU, CountingQPU]:
    """Devices "a" and "b" with one list of events."""
    a = CountingQPU("a", **options)  # type: ignore[arg-type]
    return a, CountingQPU("b", events=a.events, **options)  # type: ignore[arg-type]


def angles(
    listed: Sequence[QuantumCircuit], rows: int, seed: int = 0
) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    """Random encoding angles and weights for circuits, by key."""
    rng = np.random.default_rng(seed)
    inputs = {c.name: rng.uniform(-3, 3, (rows, c.metadata["inputs"])) for c in listed}
    weights = {c.name: rng.uniform(-3, 3, c.metadata["weights"]) for c in listed}
    return inputs, weights
