"""Ideal devices: no noise, no layout, as many cores as anyone needs; exact in numpy, or Qiskit Aer."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from qiskit import QuantumCircuit

from .checks import check_core, checked_guard, checked_outputs, fitting_width
from .core import Calibration, Core, Edge
from .derivatives import Wanted, derivatives
from .engines import ENGINES, Engine
from .isa import CompactCircuit, untranspiled
from .local import LocalQPU, spawned
from .prepared import PreparedCircuits
from .qpu import Expectations, FloatArray, Profile, Request
from .sampling import expectations
from .signs import deferred
from .statevector import MAX_QUBITS, Program, compile_program
from .structure import StructureKey, structure_key
from .variants import plain

if TYPE_CHECKING:
    from .twin.engine import TwinEngine

AER_GATES = (
    "id", "x", "y", "z", "h", "s", "sdg", "sx", "sxdg", "t", "tdg", "rx", "ry", "rz", "p", "u",
    "cx", "cy", "cz", "swap", "rxx", "ryy", "rzz", "rzx", "ccx",
)  # fmt: skip
"""Gates left as they are; controlled rotations are expanded, since Aer leaves their free angles at 0."""
IDEAL_CORES = 64
"""Cores an ideal device offers, of whatever width is asked for; there is no layout to run out of."""
_PROGRAMS = 512


class IdealQPU(LocalQPU):
    """All-to-all, noiseless, unlimited: 64 cores of any width up to 24 qubits, numbered one after the other."""

    num_qubits = MAX_QUBITS
    coupling_map: tuple[Edge, ...] = ()
    calibration = Calibration()

    def __init__(self, name: str) -> None:
        """An ideal device called ``name``."""
        super().__init__()
        self.name = name
        self._circuits = PreparedCircuits(lambda circuit, core: untranspiled(circuit, AER_GATES))

    @cached_property
    def _twin_engine(self) -> TwinEngine:
        from .twin.engine import TwinEngine

        return TwinEngine(None)

    def derivatives(self, requests: Sequence[Request], wanted: Wanted = None) -> list[FloatArray]:
        """See `QPU.derivatives`; by a twin without noise, on at most 10 qubits."""

        def prepared(request: Request) -> tuple[TwinEngine, CompactCircuit]:
            return self._twin_engine, self._circuits.of(request).compact

        with self._lock:
            return derivatives(requests, wanted, self, prepared)

    def twin(self) -> IdealQPU:
        """Itself: it is exactly known."""
        return self

    def cores(self, core_qubits: int | None = None, guard: int = 0) -> tuple[Core, ...]:
        """64 ideal cores of ``core_qubits`` qubits, which need no guard; None: one core of 24 qubits, the widest."""
        checked_guard(guard)
        width = fitting_width(core_qubits, self)
        if width is None:
            return (Core(self.name, 0, tuple(range(self.num_qubits))),)
        return tuple(Core(self.name, i, tuple(range(i * width, (i + 1) * width))) for i in range(IDEAL_CORES))

    def transpile(self, circuit: QuantumCircuit, core: Core) -> QuantumCircuit:
        """The circuit itself: an ideal device takes any gate on any qubits."""
        check_core(core, self, circuit)
        return circuit

    def profile(self, circuit: QuantumCircuit, core: Core, outputs: int) -> Profile:
        """Gates as they are, in no time and without error."""
        isa = self.transpile(circuit, core)
        checked_outputs(outputs, circuit)
        return Profile(isa.num_nonlocal_gates(), isa.depth(), 0.0, 1.0)


class ExactQPU(IdealQPU):
    """Exact expectations (shots=None), or shots drawn from the exact joint distribution."""

    def __init__(self) -> None:
        """The device ``exact``."""
        super().__init__("exact")
        self._programs: OrderedDict[StructureKey, Program] = OrderedDict()

    def _execute(self, requests: list[Request], shots: int | None, seed: int | None) -> list[Expectations]:
        return [
            self._answer(request, shots, rng)
            for request, rng in zip(map(plain, requests), spawned(seed, len(requests)), strict=True)
        ]

    def _answer(self, request: Request, shots: int | None, rng: np.random.Generator) -> Expectations:
        signed = bool(request.circuit.num_clbits)
        sign = request.circuit.num_qubits if signed else None
        chunks = self._program(request).probabilities(request.values, request.outputs, sign)
        return expectations(chunks, shots, rng, signed)

    def _program(self, request: Request) -> Program:
        key = structure_key(request.circuit) if request.structure is None else request.structure
        program = self._programs.get(key)
        if program is None:
            program = self._programs[key] = compile_program(deferred(request.circuit))
            if len(self._programs) > _PROGRAMS:
                self._programs.popitem(last=False)
        return program


class AerQPU(IdealQPU):
    """Qiskit Aer without noise: exact expectations, or Aer's own shots."""

    def __init__(self) -> None:
        """The device ``aer``."""
        super().__init__("aer")

    @cached_property
    def _engine(self) -> Engine:
        return ENGINES["aer"](None)

    def transpile(self, circuit: QuantumCircuit, core: Core) -> QuantumCircuit:
        """The circuit in gates Aer knows, every qubit in its place."""
        check_core(core, self, circuit)
        return self._circuits.get(circuit, core).isa.renamed(circuit)

    def _execute(self, requests: list[Request], shots: int | None, seed: int | None) -> list[Expectations]:
        ready = [(self._circuits.of(r).compact, r) for r in map(plain, requests)]
        generators = spawned(seed, len(requests))
        return [
            self._engine.run(compact, r.values, r.outputs, shots, rng)
            for (compact, r), rng in zip(ready, generators, strict=True)
        ]
