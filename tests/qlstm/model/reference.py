"""The QLSTM written down a second time: qiskit `Statevector`, gate by gate, numpy around it, plain loops.

Nothing of the package is used but the values of the parameters, by their documented names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit
from qiskit.quantum_info import Statevector

Array = NDArray[np.float64]
Pairs = list[tuple[int, int]]


@dataclass(frozen=True)
class Recipe:
    """One sub-VQC in words; the fields of `Ansatz` with no default, so that a changed default shows."""

    encoding: str
    entangler: str
    rotation: str
    depth: int
    uploads: int
    affine_input: bool
    affine_output: bool


def chen2020(depth: int = 2) -> Recipe:
    """Arctan encoding, CNOTs one and two apart, general rotations."""
    return Recipe("arctan", "ring2", "rot", depth, 1, False, False)


def chen2024(depth: int = 5) -> Recipe:
    """RY(v), a brick of CNOTs, RY."""
    return Recipe("angle", "brick", "ry", depth, 1, False, False)


def reupload(uploads: int = 2, depth: int = 2) -> Recipe:
    """chen2024 blocks, encoded several times, affine maps at both ends."""
    return Recipe("angle", "brick", "ry", depth, uploads, True, True)


def cnots(entangler: str, q: int) -> Pairs:
    """The CNOTs of a layer as (control, target), in order."""
    if q == 1 or entangler == "none":
        return []
    if entangler == "linear":
        return [(i, i + 1) for i in range(q) if i < q - 1]
    if entangler == "brick":
        even = [(i, i + 1) for i in range(q - 1) if i % 2 == 0]
        odd = [(i, i + 1) for i in range(q - 1) if i % 2 == 1]
        return even + odd
    pairs = [(i, (i + 1) % q) for i in range(q)]
    if entangler == "ring2" and q > 2:
        pairs += [(i, (i + 2) % q) for i in range(q)]
    return pairs


def vqc(recipe: Recipe, inputs: Array, weights: Array) -> QuantumCircuit:
    """The circuit of one sub-VQC with its numbers in it.

    Args:
        recipe: The circuit in words.
        inputs: What every upload encodes, affine map applied, shape (uploads, inputs).
        weights: Shape (uploads, depth, qubits, angles).
    """
    q = weights.shape[2]
    circuit = QuantumCircuit(q)
    for k in range(q):
        circuit.h(k)
    for upload in range(recipe.uploads):
        for k, value in enumerate(inputs[upload]):
            if recipe.encoding == "arctan":
                circuit.ry(np.arctan(value), k)
                circuit.rz(np.arctan(value**2), k)
            else:
                circuit.ry(value, k)
        for layer in range(recipe.depth):
            for control, target in cnots(recipe.entangler, q):
                circuit.cx(control, target)
            for k in range(q):
                angles = weights[upload, layer, k]
                if recipe.rotation == "rot":
                    circuit.rz(angles[0], k)
                    circuit.ry(angles[1], k)
                    circuit.rz(angles[2], k)
                else:
                    circuit.ry(angles[0], k)
    return circuit


def measured(circuit: QuantumCircuit, outputs: int) -> Array:
    """<Z> of the first qubits, from the marginal distribution of each, shape (outputs,)."""
    state = Statevector(circuit)
    marginals = [state.probabilities([k]) for k in range(outputs)]
    return np.array([p[0] - p[1] for p in marginals])


def division(strategy: str, input_size: int, hidden_size: int, parts: int) -> list[list[int]]:
    """Which entries of v = [h; x] each part sees."""
    everything = np.arange(hidden_size + input_size)
    if strategy == "contiguous":
        return [[int(i) for i in piece] for piece in np.array_split(everything, parts)]
    if strategy == "round-robin":
        return [[int(i) for i in everything if i % parts == part] for part in range(parts)]
    assert strategy == "shared-input"
    data = [int(i) for i in everything if i >= hidden_size]
    return [[int(i) for i in piece] + data for piece in np.array_split(np.arange(hidden_size), parts)]


def sigmoid(z: Array) -> Array:
    """1 / (1 + e^-z)."""
    return np.asarray(1 / (1 + np.exp(-z)))


def update(z: Array, c: Array) -> tuple[Array, Array]:
    """The new h and c from c and what the gates i, f, g, o are functions of, (4, ..., hidden)."""
    c = sigmoid(z[1]) * c + sigmoid(z[0]) * np.tanh(z[2])
    return sigmoid(z[3]) * np.tanh(c), c


def from_zero(gates: Callable[[Array], Array], x: Array, hidden_size: int) -> tuple[Array, Array, Array]:
    """One layer on a batch x (steps, batch, inputs), from states 0.

    Args:
        gates: From v = [h; x], (batch, hidden + inputs), to what the gates are functions of, (4, batch, hidden).
        x: The inputs.
        hidden_size: Length of h.

    Returns:
        y (steps, batch, hidden), and the last h and c.
    """
    h, c, y = np.zeros((x.shape[1], hidden_size)), np.zeros((x.shape[1], hidden_size)), []
    for x_t in x:
        h, c = update(gates(np.hstack([h, x_t])), c)
        y.append(h)
    return np.array(y), h, c


@dataclass(frozen=True)
class Direction:
    """One layer walked one way: its name in the parameters, its parts and its circuit."""

    recipe: Recipe
    parameters: Mapping[str, Array]
    place: str
    suffix: str
    parts: Sequence[Sequence[int]]
    hidden_size: int

    def gates(self, v: Array) -> Array:
        """VQC_i, VQC_f, VQC_C, VQC_o of one vector v = [h; x], shape (4, hidden)."""
        sizes = [len(piece) for piece in np.array_split(np.arange(self.hidden_size), len(self.parts))]
        z = np.array(
            [np.concatenate([self._part(gate, m, v, sizes[m]) for m in range(len(self.parts))]) for gate in range(4)]
        )
        if self.recipe.affine_output:
            z = self._parameter("gain") * z + self._parameter("offset")
        return z

    def _part(self, gate: int, m: int, v: Array, outputs: int) -> Array:
        entries = v[list(self.parts[m])]
        inputs = np.tile(entries, (self.recipe.uploads, 1))
        if self.recipe.affine_input:
            inputs = self._parameter("scale", m)[gate] * entries + self._parameter("bias", m)[gate]
        weight = self._parameter("weight", m)[gate]
        if self.recipe.uploads == 1:
            weight = weight[np.newaxis]
        if self.recipe.rotation == "ry":
            weight = weight[..., np.newaxis]
        return measured(vqc(self.recipe, inputs, weight), outputs)

    def _parameter(self, kind: str, part: int | None = None) -> Array:
        middle = f"_{self.place}" + ("" if part is None else f"_p{part}")
        return self.parameters[f"{kind}{middle}{self.suffix}"]

    def walk(self, x: Array, h: Array, c: Array, backwards: bool) -> tuple[Array, Array, Array]:
        """One sequence: x (steps, inputs), h and c (hidden,); outputs at their own time steps, last h and c."""
        outputs = np.empty((len(x), self.hidden_size))
        for t in reversed(range(len(x))) if backwards else range(len(x)):
            h, c = update(self.gates(np.concatenate([h, x[t]])), c)
            outputs[t] = h
        return outputs, h, c


def run(stack: Sequence[Sequence[Direction]], x: Array, h0: Array, c0: Array) -> tuple[Array, Array, Array]:
    """A stack of layers of one or two directions on a batch.

    Args:
        stack: Per layer, its directions.
        x: Shape (steps, batch, inputs).
        h0: Shape (layers * directions, batch, hidden).
        c0: Shape of ``h0``.

    Returns:
        y of shape (steps, batch, directions * hidden), h_n and c_n of the shape of ``h0``.
    """
    h, c, below = h0.copy(), c0.copy(), x
    for layer, directions in enumerate(stack):
        sides = []
        for number, direction in enumerate(directions):
            row = layer * len(directions) + number
            side = np.empty((*x.shape[:2], direction.hidden_size))
            for b in range(x.shape[1]):
                side[:, b], h[row, b], c[row, b] = direction.walk(below[:, b], h[row, b], c[row, b], number == 1)
            sides.append(side)
        below = np.concatenate(sides, axis=-1)
    return below, h, c
