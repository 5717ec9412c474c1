"""The workload of a model some of whose circuits are cut: their pieces are the sub-VQCs that run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from qpartition.counts import Sets
from qpartition.shifts import BoolArray
from qpartition.subvqc import SubVQC
from qpartition.workload import Workload

from .asking import CutAsker
from .placed import CutCircuit
from .units import Unit


@dataclass(frozen=True)
class CutWorkload(Workload):
    """A `Workload` whose sub-VQCs are the pieces of circuits that were cut, and the circuits that were not.

    Attributes:
        whole: The workload before the cuts, which is what the model asks for.
        circuits: The circuits that run in pieces, by their keys in ``whole``.
    """

    whole: Workload = field(kw_only=True)
    circuits: Mapping[str, CutCircuit] = field(kw_only=True, compare=False, repr=False)

    @property
    def asked(self) -> Mapping[str, SubVQC]:
        """See `Workload.asked`."""
        return self.whole.by_key

    @property
    def cuts(self) -> Mapping[str, CutCircuit]:
        """See `Workload.cuts`."""
        return self.circuits

    def expanded(self, sets: Sets) -> Sets:
        """See `Workload.expanded`."""
        pieces = {name: sets.get(key, 0) * self._times(name) for name, (key, _) in self._unit_of.items()}
        return {name: pieces[name] if name in pieces else sets.get(name, 0) for name in self.keys}

    def asker(self) -> CutAsker:
        """See `Workload.asker`."""
        return CutAsker(self.whole, self.circuits)

    @cached_property
    def _unit_of(self) -> dict[str, tuple[str, int]]:
        """Circuit and unit of the key of every piece."""
        return {one.name(key, u): (key, u) for key, one in self.circuits.items() for u in range(len(one.units))}

    def forward_rounds(self) -> list[Sets]:
        """See `Workload.forward_rounds`."""
        return [{key: self.batch * self._times(key) for key in wave} for wave in self.waves]

    def derivatives(self, key: str, first: bool, weights: bool = True) -> int:
        """See `Workload.derivatives`; each is measured once per setting of the piece."""
        if key not in self._unit_of:
            return self.whole.derivatives(key, first, weights)
        source, number = self._unit_of[key]
        subvqc, one = self.whole.by_key[source], self.circuits[source]
        needed = np.concatenate([self.whole.mask(source, first), np.full(subvqc.weights, weights)])
        angles = one.wanted((needed & self.whole.active[source])[None])[0]
        unit = one.units[number]
        return int(np.count_nonzero(angles[list(unit.own)] & unit.active)) * one.sets(number)

    def resized(self, batch: int) -> CutWorkload:
        """See `Workload.resized`."""
        return replace(self, batch=batch, whole=self.whole.resized(batch))

    def _times(self, key: str) -> int:
        if key not in self._unit_of:
            return 1
        source, number = self._unit_of[key]
        return self.circuits[source].sets(number)


def cut_workload(whole: Workload, cutter: Callable[[SubVQC], CutCircuit | None]) -> Workload:
    """A workload with some of its circuits cut; itself where none is.

    Args:
        whole: As the model has it.
        cutter: Says of a circuit how it is cut; None leaves it as it is.
    """
    found = {subvqc.key: cutter(subvqc) for subvqc in whole.subvqcs}
    circuits = {key: one for key, one in found.items() if one is not None}
    if not circuits:
        return whole
    pieces = {key: _pieces(whole.by_key[key], one) for key, one in circuits.items()}
    subvqcs = tuple(piece for s in whole.subvqcs for piece in pieces.get(s.key, (s,)))
    active: dict[str, BoolArray] = {key: whole.active[key] for key in whole.keys if key not in circuits}
    for key, one in circuits.items():
        for piece, unit in zip(pieces[key], one.units, strict=True):
            slots = piece.circuit.num_parameters - len(unit.own)
            active[piece.key] = np.concatenate([unit.active, np.zeros(slots, dtype=bool)])
    waves = tuple(
        tuple(name for key in wave for name in ([p.key for p in pieces[key]] if key in pieces else [key]))
        for wave in whole.waves
    )
    return CutWorkload(
        subvqcs, active, whole.batch, whole.steps, waves, whole.input_gradient, whole.jacobian,
        whole=whole, circuits=circuits,
    )  # fmt: skip


def with_copies(workload: CutWorkload, copies: int) -> Workload:
    """The same cuts with every piece run ``copies`` times, on average."""
    made = {id(one): replace(one, copies=copies) for one in workload.circuits.values()}
    again = {key: made[id(one)] for key, one in workload.circuits.items()}
    return cut_workload(workload.whole, lambda subvqc: again.get(subvqc.key))


def _pieces(source: SubVQC, one: CutCircuit) -> list[SubVQC]:
    layer = {"layer": source.circuit.metadata.get("layer", 0)}
    return [_piece(one.name(source.key, u), unit, layer) for u, unit in enumerate(one.units)]


def _piece(key: str, unit: Unit, metadata: dict[str, int]) -> SubVQC:
    circuit = unit.circuit.copy(name=key)
    circuit.metadata = {**metadata, "outputs": unit.outputs, "inputs": 0, "weights": circuit.num_parameters}
    return SubVQC.of(circuit)
