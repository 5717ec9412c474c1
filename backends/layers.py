"""A circuit of CNOTs and one-qubit gates as alternating layers: one-qubit gates, a linear map, one-qubit gates, ..."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit
from qiskit.circuit import Gate, Instruction

from .linear import Route

Matrix = NDArray[np.bool_]
Placed = tuple[Instruction, tuple[int, ...]]
_CNOTS = {"cx": ((0, 1),), "swap": ((0, 1), (1, 0), (0, 1))}


@dataclass(frozen=True)
class Layers:
    """Layer k of one-qubit gates comes before linear map k; one layer more than maps.

    Attributes:
        gates: Per layer and qubit, in order: one-qubit gates, and measurements with the number of their classical bit.
        maps: Matrices over GF(2), shape (n, n); row i is what qubit i becomes.
    """

    gates: tuple[tuple[tuple[Placed, ...], ...], ...]
    maps: tuple[Matrix, ...]

    def on(self, route: Route) -> QuantumCircuit:
        """The circuit along a route, its qubits the physical ones."""
        bits = sum(len(bits) for layer in self.gates for gates in layer for _, bits in gates)
        circuit = QuantumCircuit(len(self.gates[0]), bits)
        for k, (layer, layout) in enumerate(zip(self.gates, route.layouts, strict=True)):
            for qubit, gates in enumerate(layer):
                for gate, bits_of_it in gates:
                    circuit.append(gate, [layout[qubit]], bits_of_it)
            for control, target in route.cnots[k] if k < len(route.cnots) else ():
                circuit.cx(control, target)
        return circuit


def layers(circuit: QuantumCircuit) -> Layers | None:
    """The layers of a circuit, every gate as early as it can be; None if it has other gates than CNOT, SWAP and
    one-qubit ones.
    """
    n = circuit.num_qubits
    found = _Growing(n)
    for item in circuit.data:
        qubits = tuple(circuit.find_bit(bit).index for bit in item.qubits)
        if item.name in _CNOTS:
            for a, b in _CNOTS[item.name]:
                found.add_cnot(qubits[a], qubits[b])
        elif len(qubits) == 1 and (item.name == "measure" or isinstance(item.operation, Gate)):
            found.add_gate((item.operation, tuple(circuit.find_bit(bit).index for bit in item.clbits)), qubits[0])
        else:
            return None
    return found.done()


class _Growing:
    def __init__(self, n: int) -> None:
        self.n = n
        self.level = [0] * n
        self.mixed: set[tuple[int, int]] = set()
        self.gates: list[list[list[Placed]]] = []
        self.maps: list[Matrix] = []
        self._grow(0)

    def _grow(self, level: int) -> None:
        while len(self.gates) <= level:
            self.gates.append([[] for _ in range(self.n)])
            self.maps.append(np.eye(self.n, dtype=np.bool_))

    def add_gate(self, gate: Placed, qubit: int) -> None:
        if (self.level[qubit], qubit) in self.mixed:
            self.level[qubit] += 1
            self._grow(self.level[qubit])
        self.gates[self.level[qubit]][qubit].append(gate)

    def add_cnot(self, control: int, target: int) -> None:
        level = max(self.level[control], self.level[target])
        self.level[control] = self.level[target] = level
        self.mixed |= {(level, control), (level, target)}
        self.maps[level][target] ^= self.maps[level][control]

    def done(self) -> Layers:
        gates, maps = self.gates, self.maps
        if any(level == len(maps) - 1 for level, _ in self.mixed):
            gates = [*gates, [[] for _ in range(self.n)]]
        else:  # nothing linear comes after the last gates
            maps = maps[:-1]
        return Layers(tuple(tuple(map(tuple, layer)) for layer in gates), tuple(maps))
