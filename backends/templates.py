"""ISA circuits by shape and structure: made once, kept in memory and on disk."""

from __future__ import annotations

import io
from collections import OrderedDict

from qiskit import QuantumCircuit, qpy
from qiskit.circuit import ParameterVector, ParameterVectorElement

from . import cache
from .instructions import Instructions
from .isa import Template
from .shapes import Shape
from .structure import StructureKey, structure_key
from .transpile import transpiled

_KEPT = 256


class Templates:
    """The most recently used templates of a device; all its cores share them."""

    def __init__(self) -> None:
        """None yet."""
        self._kept: OrderedDict[tuple[Shape, StructureKey], tuple[Template, ...]] = OrderedDict()

    def get(self, circuit: QuantumCircuit, shape: Shape, device: Instructions) -> tuple[Template, ...]:
        """Templates of the circuit on a shape of the device, best first; from disk if they have ever been made."""
        key = (shape, structure_key(circuit))
        if key not in self._kept:
            self._kept[key] = _loaded_or_made(circuit, shape, key[1], device)
        self._kept.move_to_end(key)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return self._kept[key]


def _loaded_or_made(
    circuit: QuantumCircuit, shape: Shape, structure: StructureKey, device: Instructions
) -> tuple[Template, ...]:
    name = cache.entry("isa", structure, shape, device.operations)
    stored = cache.load(name)
    found = None if stored is None else _read(stored, circuit, shape)
    if found is None:
        found = transpiled(circuit, device.shape_target(shape))
        cache.store(name, _written(found))
    return found


def _written(templates: tuple[Template, ...]) -> bytes:
    circuits = []
    for template in templates:
        circuit = template.circuit.copy()
        circuit.metadata = {"start": template.start, "wires": template.wires}
        circuits.append(circuit)
    file = io.BytesIO()
    qpy.dump(circuits, file)
    return file.getvalue()


def _read(stored: bytes, source: QuantumCircuit, shape: Shape) -> tuple[Template, ...] | None:
    """The templates of a file; None where it does not hold circuits that fit."""
    try:
        circuits = qpy.load(io.BytesIO(stored))
        found = tuple(_template(circuit, source.num_parameters) for circuit in circuits)
    except Exception:  # the many ways in which a parser can fail on strange bytes; they are made anew then
        return None
    places, width = set(range(shape.num_qubits)), source.num_qubits
    fits = all(
        t.circuit.num_qubits == shape.num_qubits
        and all(len(set(wires)) == len(wires) == width and set(wires) <= places for wires in (t.start, t.wires))
        for t in found
    )
    return found if found and fits else None


def _template(circuit: QuantumCircuit, parameters: int) -> Template:
    start, wires = (tuple(map(int, circuit.metadata[key])) for key in ("start", "wires"))
    circuit.metadata = {}
    used = [p for p in circuit.parameters if isinstance(p, ParameterVectorElement)]
    names = used[0].vector if used else ParameterVector("p", parameters)
    if len(names) != parameters or len(used) != circuit.num_parameters:
        raise ValueError("other parameters")
    return Template(circuit, tuple(names), start, wires)
