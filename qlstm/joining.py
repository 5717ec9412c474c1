"""Parts of a split joined by bridges: the circuits that they make, and their weights from those of the parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate
from math import prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from backends.errors import InputError
from qlstm.bank import Bank, Joint, Pair
from qlstm.bridges import Bridges, bridge_pairs, joined_parts
from qpartition.partition import Partition

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Joining:
    """A split and its bridges.

    The model's parameters are those of the split and ``bridge_l{layer}``; those of the joined circuits are made of
    them, every entry of the one is an entry of the other.

    Attributes:
        split: The bank of the split.
        joint: The bank of what is evaluated: joined parts are one part.
        members: Per part of ``joint`` the parts of the split in it.
        pairs: Qubits of the bridges, counted part after part of the split.
    """

    split: Bank
    joint: Bank
    members: tuple[range, ...]
    pairs: tuple[Pair, ...]

    @classmethod
    def of(cls, split: Bank, bridges: Bridges) -> Joining | None:
        """Join the parts of a split; None where there are no bridges.

        Raises:
            InputError: For bridges that cannot be built.
        """
        partition = split.partition
        pairs = bridge_pairs(bridges, partition.qubits)
        if not pairs:
            return None
        first = [0, *accumulate(partition.qubits)]
        owner = [m for m, width in enumerate(partition.qubits) for _ in range(width)]
        members = joined_parts(pairs, partition.qubits)
        orders = [_order(partition, parts) for parts in members]
        place = {qubit: at for order in orders for at, qubit in enumerate(order)}
        joints = []
        for parts in members:
            blocks = tuple(tuple(place[q] for q in range(first[m], first[m + 1])) for m in parts)
            joints.append(Joint(blocks, tuple((place[a], place[b]) for a, b in pairs if owner[a] in parts)))
        entry = {first[m] + k: i for m, entries in enumerate(partition.inputs) for k, i in enumerate(entries)}
        merged = Partition(
            tuple(tuple(entry[q] for q in order if q in entry) for order in orders),
            tuple(sum(partition.outputs[m] for m in parts) for parts in members),
            tuple(map(len, orders)),
        )
        return cls(split, replace(split, partition=merged, joints=tuple(joints)), members, pairs)

    @property
    def name(self) -> str:
        """Name of the parameter that holds the bridges' angles."""
        return self.split.name("bridge")

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of that parameter: (gates[, uploads], depth, bridges)."""
        ansatz = self.split.ansatz
        uploads = (ansatz.uploads,) if ansatz.uploads > 1 else ()
        return (len(self.split.gates), *uploads, ansatz.depth, len(self.pairs))

    def initial(self, factory: Mapping[str, Any]) -> dict[str, Tensor]:
        """Fresh angles of the bridges by name, 0.01 N(0, 1): at 0 the slope by them may vanish for reasons of symmetry."""
        return {self.name: 0.01 * torch.randn(self.shape, **factory)}

    def parameters(self, module: nn.Module) -> dict[str, Tensor]:
        """Parameters of the joined circuits by name, differentiable functions of those of the module."""
        split, joint, found = self.split, self.joint, {}
        gates = len(split.gates)
        own = [getattr(module, name) for name in self._weights]
        flat = torch.cat([weight.reshape(gates, -1) for weight in own], 1)
        for part, parts in enumerate(self.members):
            found[joint.name("weight", part)] = flat.index_select(1, self._weight_order[part].to(flat.device))
            for kind in ("scale", "bias") if split.ansatz.affine_input else ():
                rows = torch.cat([getattr(module, split.name(kind, m)) for m in parts], -1)
                found[joint.name(kind, part)] = rows.index_select(-1, self._input_order[part].to(rows.device))
        for kind in ("gain", "offset") if split.ansatz.affine_output else ():
            found[joint.name(kind)] = getattr(module, split.name(kind))
        return found

    def separate(self, rows: Mapping[str, Array]) -> dict[str, Array]:
        """What belongs to the weights of the joined circuits, by the model's own names.

        Args:
            rows: By name of a joined part's weights, shape (gates, weights); parts that are missing count as zero.

        Returns:
            By name of the split's weights and of the bridges, shape (gates, weights).
        """
        sizes = [prod(self._shape(name)[1:]) for name in self._weights]
        flat = np.zeros((len(self.split.gates), sum(sizes)))
        for part, order in enumerate(self._weight_order):
            name = self.joint.name("weight", part)
            if name in rows:
                flat[:, order.numpy()] = rows[name]
        return dict(zip(self._weights, np.split(flat, np.cumsum(sizes)[:-1], axis=1), strict=True))

    @cached_property
    def _weights(self) -> list[str]:
        """Names of all angles."""
        return [*(self.split.name("weight", m) for m in range(self.split.partition.parts)), self.name]

    def _shape(self, name: str) -> tuple[int, ...]:
        return self.shape if name == self.name else self.split.shapes[name]

    @cached_property
    def _weight_order(self) -> list[Tensor]:
        """Per joined part, where its weights stand among all angles of a gate, shape (weights,)."""
        ansatz, qubits = self.split.ansatz, self.split.partition.qubits
        layers, turns = ansatz.uploads * ansatz.depth, ansatz.angles_per_qubit
        starts = [0, *accumulate(layers * q * turns for q in qubits)]
        angles = [starts[m] + np.arange(layers * q * turns).reshape(layers, q, turns) for m, q in enumerate(qubits)]
        bridges = starts[-1] + np.arange(layers * len(self.pairs)).reshape(layers, -1)
        owner = np.repeat(np.arange(len(qubits)), qubits)
        orders = []
        for parts, joint, width in zip(self.members, self.joint.joints, self.joint.partition.qubits, strict=True):
            rotations = np.empty((layers, width, turns), np.int64)
            for m, block in zip(parts, joint.blocks, strict=True):
                rotations[:, list(block)] = angles[m]
            mine = [n for n, (a, _) in enumerate(self.pairs) if owner[a] in parts]
            orders.append(torch.from_numpy(np.concatenate([rotations.ravel(), bridges[:, mine].ravel()])))
        return orders

    @cached_property
    def _input_order(self) -> list[Tensor]:
        """Per joined part, where the inputs of its qubits stand among those of its parts, shape (inputs,)."""
        orders = []
        for parts, joint in zip(self.members, self.joint.joints, strict=True):
            carrying = [
                block[k]
                for m, block in zip(parts, joint.blocks, strict=True)
                for k in range(len(self.split.partition.inputs[m]))
            ]
            orders.append(torch.from_numpy(np.argsort(carrying)))
        return orders


def separated(module: nn.Module, rows: Mapping[str, Array]) -> dict[str, Array]:
    """What belongs to the weights of circuits, by the names of a module's own parameters; see `Joining.separate`."""
    joinings: Mapping[Any, Joining] = getattr(module, "joinings", {})
    found = dict(rows)
    for joining in joinings.values():
        found |= joining.separate(rows)
    return found


def _order(partition: Partition, parts: range) -> list[int]:
    """The qubits of joined parts: those that give outputs, part after part, those with an input, the others.

    Raises:
        InputError: If the qubits with an input would not be the first ones.
    """
    first = [0, *accumulate(partition.qubits)]
    qubits = [(m, k) for m in parts for k in range(partition.qubits[m])]

    def rank(qubit: Pair) -> int:
        m, k = qubit
        return 0 if k < partition.outputs[m] else 1 if k < len(partition.inputs[m]) else 2

    ordered = sorted(qubits, key=rank)
    carries = [k < len(partition.inputs[m]) for m, k in ordered]
    if not all(carries[: sum(carries)]):
        m = next(m for m in parts if partition.outputs[m] > len(partition.inputs[m]))
        raise InputError(
            f"bridges cannot join part {m}, which has {partition.outputs[m]} outputs and "
            f"{len(partition.inputs[m])} inputs, with the parts after it; give it as many inputs as outputs"
        )
    return [first[m] + k for m, k in ordered]
