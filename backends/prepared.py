"""Circuits made ready for a core, kept by structure: the four gates of a QLSTM are prepared once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from qiskit import QuantumCircuit

from .core import Core
from .isa import CompactCircuit, IsaCircuit
from .qpu import PLAIN, Request, Variant
from .structure import StructureKey, structure_key

_KEPT = 1024


@dataclass(frozen=True)
class Prepared:
    """An ISA circuit and, when it is first asked for, what a simulator needs of it."""

    isa: IsaCircuit

    @property
    def compact(self) -> CompactCircuit:
        """See `CompactCircuit`; always the same object."""
        return self.isa.compact


class PreparedCircuits:
    """The most recently used prepared circuits of a device, by core, structure and variant."""

    def __init__(
        self,
        prepare: Callable[[QuantumCircuit, Core], IsaCircuit],
        vary: Callable[[IsaCircuit, Core, Variant], IsaCircuit] = lambda isa, core, variant: isa,
    ) -> None:
        """``prepare`` is called once per core and structure, ``vary`` once more per variant of it.

        By default variants run as the circuit does: for devices that resolve them beforehand.
        """
        self._prepare, self._vary = prepare, vary
        self._lock = threading.RLock()
        self._kept: OrderedDict[tuple[tuple[int, ...], StructureKey, Variant], Prepared] = OrderedDict()

    def of(self, request: Request) -> Prepared:
        """The circuit of a request on its core, as the variant it asks for."""
        return self.get(request.circuit, request.core, request.variant, request.structure)

    def get(
        self, circuit: QuantumCircuit, core: Core, variant: Variant = PLAIN, structure: StructureKey | None = None
    ) -> Prepared:
        """The circuit on the core, from the cache if its structure has been there."""
        key = (core.qubits, structure_key(circuit) if structure is None else structure, variant)
        with self._lock:
            if key not in self._kept:
                self._kept[key] = Prepared(self._make(circuit, core, variant))
            self._kept.move_to_end(key)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            return self._kept[key]

    def _make(self, circuit: QuantumCircuit, core: Core, variant: Variant) -> IsaCircuit:
        if variant == PLAIN:
            return self._prepare(circuit, core)
        return self._vary(self.get(circuit, core).isa, core, variant)
