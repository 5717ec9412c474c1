"""From a circuit to its ISA circuits on a shape, best first."""

from __future__ import annotations

from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction, Parameter, Qubit
from qiskit.transpiler import Target

from .core import Edge
from .isa import Template, Where, bare, is_free, recorded_layout
from .layers import layers
from .linear import MAX_QUBITS, routes
from .passes import preset_pass_manager
from .structure import canonical

_SEEDS = (11, 23, 37, 41, 53)
"""Transpiler seeds tried; fixed, so that the same shape always gets the same circuit."""
_LEVEL = 3
_ROUTES = 4
"""Equally short routes kept: cores choose among them by their errors."""


def transpiled(circuit: QuantumCircuit, target: Target) -> tuple[Template, ...]:
    """Templates of a circuit on a shape, fewest two-qubit gates first, at least one.

    Circuits of CNOTs and one-qubit gates are routed optimally (see `backends.linear`) where they are narrow enough;
    Qiskit's own transpiler with a few seeds is the other candidate, and counts only if it does better.

    Args:
        circuit: Without measurements, as wide as the target.
        target: Of the shape; see `backends.instructions.Instructions.shape_target`.
    """
    source, parameters = canonical(circuit)
    routed = [_template(each, parameters) for each in _routed(source, target)]
    tried = [_template(_preset(source, target, _LEVEL, seed), parameters) for seed in _SEEDS]
    searched = min(tried, key=_size)
    fewest = min((each.two_qubit_gates for each in routed), default=searched.two_qubit_gates + 1)
    if searched.two_qubit_gates < fewest:
        return (searched,)
    return tuple(sorted((each for each in routed if each.two_qubit_gates == fewest), key=_size))


def _size(template: Template) -> tuple[int, int]:
    return template.two_qubit_gates, template.depth


def _preset(
    circuit: QuantumCircuit, target: Target, level: int, seed: int, layout: Where | None = None
) -> QuantumCircuit:
    manager = preset_pass_manager(level, target=target, seed_transpiler=seed, initial_layout=layout and list(layout))
    return manager.run(circuit)


def _routed(source: QuantumCircuit, target: Target) -> list[QuantumCircuit]:
    """The circuit along its shortest routes, in the target's gates; empty where they cannot be searched for."""
    found = layers(source) if 2 <= source.num_qubits <= MAX_QUBITS else None
    couplings = _couplings(target)
    if found is None or not found.maps or not couplings:
        return []
    places = tuple(range(source.num_qubits))
    done = []
    for route in routes(found.maps, couplings, _ROUTES):
        # Level 1 cancels and merges within qubits only: angles of different layers stay apart.
        isa = _preset(found.on(route), target, 1, _SEEDS[0], places)
        isa._layout = recorded_layout(route.layouts[0], route.layouts[-1], isa)
        done.append(_merged(isa))
    return done


def _couplings(target: Target) -> list[Edge]:
    """Directed couplings; all pairs where the target has no coupling map."""
    coupling_map = target.build_coupling_map()
    if coupling_map is None:
        return [(a, b) for b in range(target.num_qubits or 0) for a in range(b)]
    return [(a, b) for a, b in coupling_map.get_edges()]


def _merged(circuit: QuantumCircuit) -> QuantumCircuit:
    """Neighbouring RZ of a qubit as one, unless both have free angles: these stay functions of one parameter each."""
    merged: list[CircuitInstruction] = []
    last: dict[Qubit, int] = {}
    for item in circuit.data:
        before = last.get(item.qubits[0])
        if item.name == "rz" and before is not None and merged[before].name == "rz":
            first, second = merged[before].params[0], item.params[0]
            if not (is_free(first) and is_free(second)):
                gate = item.operation.to_mutable()
                gate.params = [first + second]
                merged[before] = CircuitInstruction(gate, item.qubits)
                continue
        last.update(dict.fromkeys(item.qubits, len(merged)))
        merged.append(item)
    result = circuit.copy_empty_like()
    for item in merged:
        result.append(item)
    return result


def _template(isa: QuantumCircuit, parameters: tuple[Parameter, ...]) -> Template:
    places = tuple(range(isa.num_qubits))
    start = tuple(isa.layout.initial_index_layout(filter_ancillas=True)) if isa.layout else places
    wires = tuple(isa.layout.final_index_layout(filter_ancillas=True)) if isa.layout else places
    return Template(bare(isa), parameters, start, wires)
