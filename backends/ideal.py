"""Ideal devices: no noise, no layout, as many cores as anyone needs."""

from __future__ import annotations

from collections import OrderedDict

from qiskit import QuantumCircuit

from .checks import check_core, checked_guard, fitting_width
from .core import Calibration, Core, Edge
from .local import LocalQPU, spawned
from .qpu import Expectations, Profile, Request
from .sampling import expectations
from .statevector import MAX_QUBITS, Program, compile_program
from .structure import StructureKey, structure_key

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
        return Profile(isa.num_nonlocal_gates(), isa.depth(), 0.0, 1.0)


class ExactQPU(IdealQPU):
    """Exact expectations (shots=None), or shots drawn from the exact joint distribution."""

    def __init__(self) -> None:
        """The device ``exact``."""
        super().__init__("exact")
        self._programs: OrderedDict[StructureKey, Program] = OrderedDict()

    def _execute(self, requests: list[Request], shots: int | None, seed: int | None) -> list[Expectations]:
        chunks = [self._program(r.circuit).probabilities(r.values, r.outputs) for r in requests]
        return [expectations(c, shots, rng) for c, rng in zip(chunks, spawned(seed, len(requests)), strict=True)]

    def _program(self, circuit: QuantumCircuit) -> Program:
        key = structure_key(circuit)
        program = self._programs.get(key)
        if program is None:
            program = self._programs[key] = compile_program(circuit)
            if len(self._programs) > _PROGRAMS:
                self._programs.popitem(last=False)
        return program
