"""The instructions of a device: where each can be applied, how good and how long it is; shapes of regions."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from qiskit.circuit import Gate
from qiskit.circuit.library import get_standard_gate_name_mapping
from qiskit.transpiler import Target

from .core import Calibration, Edge
from .shapes import Names, Placement, Shape, shape_of

Where = tuple[int, ...]


class Instructions:
    """What a target says, looked up once; broken and unknown parts are left out."""

    def __init__(self, target: Target, calibration: Calibration) -> None:
        """Usable is what ``calibration`` knows."""
        self.target, self.calibration = target, calibration

    @cached_property
    def is_all_to_all(self) -> bool:
        """True for a simulator without a coupling map."""
        return self.target.build_coupling_map() is None and self.target.num_qubits > 1

    @cached_property
    def wiring(self) -> tuple[Edge, ...]:
        """All couplings that were built, lower qubit first, broken ones too."""
        pairs: set[Edge] = set()
        for name in self.target.operation_names:
            for where in self.target[name] or {}:
                if where is not None and len(where) == 2:
                    pairs.add((min(where), max(where)))
        return tuple(sorted(pairs))

    @cached_property
    def _table(self) -> dict[Where, dict[str, tuple[float, float]]]:
        """Error and duration of every usable instruction, by qubits and name."""
        table: dict[Where, dict[str, tuple[float, float]]] = {}
        for name in self.target.operation_names:
            for where, values in (self.target[name] or {}).items():
                error, seconds = float(getattr(values, "error", None) or 0.0), getattr(values, "duration", None)
                if where is not None and is_usable(where, self.calibration) and (len(where) == 1 or error < 1.0):
                    table.setdefault(where, {})[name] = (min(error, 1.0), float(seconds or 0.0))
        return table

    def error(self, name: str, where: Where) -> float:
        """Error of an instruction on physical qubits; 0.0 where none is recorded."""
        return self._table.get(where, {}).get(name, (0.0, 0.0))[0]

    def seconds(self, name: str, where: Where) -> float:
        """Duration of an instruction on physical qubits; 0.0 where none is recorded, as for virtual gates."""
        return self._table.get(where, {}).get(name, (0.0, 0.0))[1]

    @cached_property
    def operations(self) -> tuple[tuple[str, str, str], ...]:
        """Name, type and fixed parameters of every instruction: with a `Shape`, all that a transpiler is told."""
        named = [(name, self.target.operation_from_name(name)) for name in self.target.operation_names]
        return tuple(
            (name, operation.__name__, "")
            if isinstance(operation, type)
            else (name, type(operation).__name__, str(operation.params))
            for name, operation in sorted(named, key=lambda pair: pair[0])
        )

    def shape(self, qubits: Where) -> tuple[Shape, tuple[Placement, ...]]:
        """The shape of a region of physical qubits and how it lies there; see `backends.shapes`."""
        if self.is_all_to_all:
            places, every = range(len(qubits)), tuple(sorted(self.target.operation_names))
            links = tuple(((a, b), every) for a in places for b in places if a != b)
            return Shape((every,) * len(qubits), links), (tuple(places),)
        nodes: list[Names] = [tuple(sorted(self._table.get((q,), ()))) for q in qubits]
        number = {q: i for i, q in enumerate(qubits)}
        links_here: dict[Edge, Names] = {}
        for a in qubits:
            for b in qubits:
                if (a, b) in self._table:
                    links_here[number[a], number[b]] = tuple(sorted(self._table[a, b]))
        return shape_of(nodes, links_here)

    def shape_target(self, shape: Shape) -> Target:
        """The target of a shape: its instructions, without errors, durations and control flow."""
        if self.is_all_to_all:
            return ideal_target(self.target, shape.num_qubits)
        nodes: Mapping[Where, Names] = {(q,): names for q, names in enumerate(shape.nodes)}
        target = Target(num_qubits=shape.num_qubits, dt=self.target.dt)
        for name in sorted(self.target.operation_names):  # a set's order would differ from run to run
            known = {where: None for where, names in (*nodes.items(), *shape.links) if name in names}
            if known:
                target.add_instruction(self.target.operation_from_name(name), known, name=name)
        return target


def is_usable(where: tuple[int, ...], calibration: Calibration) -> bool:
    """Whether an instruction on these qubits is left by the calibration."""
    return len(where) == 1 or (len(where) == 2 and where in calibration.two_qubit)


def ideal_target(target: Target, num_qubits: int) -> Target:
    """A target of that many qubits, all coupled, with measurements and the one- and two-qubit gates of another."""
    standard = get_standard_gate_name_mapping()
    known = sorted(target.operation_names)
    names = [n for n in known if isinstance(standard.get(n), Gate) and standard[n].num_qubits <= 2]
    return Target.from_configuration(basis_gates=[*names, "measure"], num_qubits=num_qubits)
