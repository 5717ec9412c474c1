"""A bank of sub-VQCs: the gates of a cell (or one extra block), each split into parts that share an input vector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from qlstm.ansatz import Ansatz, couplings
from qpartition.partition import Partition

GATES = ("i", "f", "g", "o")
Pair = tuple[int, int]
"""Two qubits."""


@dataclass(frozen=True)
class Joint:
    """Parts of a split in one circuit: entangled each in itself, and with each other by bridges only.

    Attributes:
        blocks: Per part the numbers of its qubits in the circuit, in the part's own order.
        bridges: In every layer an RZZ of its own on each of these pairs, after the entangler, before the rotations.
    """

    blocks: tuple[tuple[int, ...], ...]
    bridges: tuple[Pair, ...] = ()

    def couplings(self, ansatz: Ansatz) -> tuple[Pair, ...]:
        """The CNOTs of one layer as (control, target), block by block."""
        return tuple((block[a], block[b]) for block in self.blocks for a, b in couplings(ansatz.entangler, len(block)))


@dataclass(frozen=True, eq=False)
class Bank:
    """Which sub-VQCs turn a vector v into ``len(gates)`` vectors of expectations (Eq. 7), and what their weights are called.

    Attributes:
        partition: Entries of v and outputs per part.
        ansatz: The circuit of every sub-VQC.
        gates: Names of the gates, in the order of the first axis of every weight tensor.
        tag: Middle of the parameter names, such as ``"l0"``.
        suffix: End of the parameter names, ``"_reverse"`` for the backward direction.
        hidden_size: Entries of v below it come from the hidden state, the others are data.
        layer: Layer of a stacked model.
        made: Whether a trainable layer makes v of hidden state and data.
        joints: Per part what it is made of, where parts of a split are joined by bridges; none in a split.
    """

    partition: Partition
    ansatz: Ansatz
    gates: tuple[str, ...] = GATES
    tag: str = "l0"
    suffix: str = ""
    hidden_size: int = 0
    layer: int = 0
    made: bool = False
    joints: tuple[Joint, ...] = ()

    @property
    def outputs(self) -> int:
        """Length of each gate's vector of expectations."""
        return sum(self.partition.outputs)

    def key(self, gate: int, part: int) -> str:
        """Name of a sub-VQC, such as ``"l0.f.p1"``; ``"l0r.f.p1"`` in the backward direction."""
        return f"{self.tag or 'cell'}{'r' if self.suffix else ''}.{self.gates[gate]}.p{part}"

    def name(self, kind: str, part: int | None = None) -> str:
        """Name of a parameter, such as ``weight_l0_p1_reverse``; ``weight_l0_j1`` is made of those of joined parts."""
        place = "" if part is None else f"_{'j' if self.joints else 'p'}{part}"
        return f"{kind}{self.tag and '_' + self.tag}{place}{self.suffix}"

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes of the parameters by name."""
        gates, ansatz, shapes = len(self.gates), self.ansatz, {}
        for p, (inputs, qubits) in enumerate(zip(self.partition.inputs, self.partition.qubits, strict=True)):
            shapes[self.name("weight", p)] = (
                (gates, self.n_weights(p)) if self.joints else ansatz.weight_shape(gates, qubits)
            )
            if ansatz.affine_input:
                shapes[self.name("scale", p)] = shapes[self.name("bias", p)] = (gates, ansatz.uploads, len(inputs))
        if ansatz.affine_output:
            shapes[self.name("gain")] = shapes[self.name("offset")] = (gates, self.outputs)
        return shapes

    def joint(self, part: int) -> Joint:
        """What the circuit of a part is made of: in a split one block, and no bridges."""
        return self.joints[part] if self.joints else Joint((tuple(range(self.partition.qubits[part])),))

    def n_weights(self, part: int) -> int:
        """Weights of one gate's circuit: rotations, then bridges."""
        ansatz = self.ansatz
        a_layer = self.partition.qubits[part] * ansatz.angles_per_qubit + len(self.joint(part).bridges)
        return ansatz.uploads * ansatz.depth * a_layer

    def initial(self, factory: Mapping[str, Any]) -> dict[str, Tensor]:
        """Fresh parameters by name: weights 0.01 N(0, 1), scales 1, biases and offsets 0, gains 2 for gates, else 1."""
        constants = {"scale": 1.0, "bias": 0.0, "gain": 2.0 if self.gates == GATES else 1.0, "offset": 0.0}
        fresh = {}
        for name, shape in self.shapes.items():
            kind = name.split("_", 1)[0]
            constant = constants.get(kind)
            fresh[name] = (
                0.01 * torch.randn(shape, **factory) if constant is None else torch.full(shape, constant, **factory)
            )
        return fresh

    def angles(self, part: int, v: Tensor, parameters: Mapping[str, Tensor]) -> Tensor:
        """Encoding angles of one part, in the order of the circuit's ``phi``.

        Args:
            part: Number of the part.
            v: Shape (batch, D).
            parameters: The model's parameters by name.

        Returns:
            Shape (gates or 1, batch, uploads, encodings, inputs): 1 when all gates encode alike. Radians.
        """
        x = v[:, self.partition.inputs[part]][None, :, None, :]
        if self.ansatz.affine_input:
            scale, bias = parameters[self.name("scale", part)], parameters[self.name("bias", part)]
            x = scale[:, None] * x + bias[:, None]
        else:
            x = x.expand(1, -1, self.ansatz.uploads, -1)
        return torch.stack([x.atan(), x.square().atan()], -2) if self.ansatz.encoding == "arctan" else x[..., None, :]

    def weights(self, part: int, parameters: Mapping[str, Tensor]) -> Tensor:
        """Weights of one part in the order of the circuit's ``theta``, shape (gates, weights)."""
        return parameters[self.name("weight", part)].flatten(1)

    def affine(self, z: Tensor, parameters: Mapping[str, Tensor]) -> Tensor:
        """Gain * <Z> + offset where the ansatz has it; z of shape (gates, batch, outputs)."""
        if not self.ansatz.affine_output:
            return z
        return parameters[self.name("gain")][:, None] * z + parameters[self.name("offset")][:, None]
