"""Circuits made ready for a core, kept by structure: the four gates of a QLSTM are prepared once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from qiskit import QuantumCircuit

from .core import Core
from .isa import CompactCircuit, IsaCircuit, compact
from .structure import StructureKey, structure_key

_KEPT = 1024


@dataclass(frozen=True)
class Prepared:
    """An ISA circuit and, when it is first asked for, what a simulator needs of it."""

    isa: IsaCircuit

    @cached_property
    def compact(self) -> CompactCircuit:
        """See `CompactCircuit`."""
        return compact(self.isa)


class PreparedCircuits:
    """The most recently used prepared circuits of a device, by core and structure."""

    def __init__(self, prepare: Callable[[QuantumCircuit, Core], IsaCircuit]) -> None:
        """``prepare`` is called once per core and structure."""
        self._prepare = prepare
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[tuple[int, ...], StructureKey], Prepared] = OrderedDict()

    def get(self, circuit: QuantumCircuit, core: Core) -> Prepared:
        """The circuit on the core, from the cache if its structure has been there."""
        key = (core.qubits, structure_key(circuit))
        with self._lock:
            if key not in self._kept:
                self._kept[key] = Prepared(self._prepare(circuit, core))
            self._kept.move_to_end(key)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            return self._kept[key]
