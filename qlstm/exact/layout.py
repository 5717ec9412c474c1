"""How a bank is laid out for the kernel: worked out once per bank, looked up in every call."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from math import prod
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor
from torch._utils import _flatten_dense_tensors

from qlstm.bank import Bank
from qlstm.exact.library import Model
from qlstm.exact.permutation import cnot_source

Call = tuple[int, int, int, bool, bool]
"""Steps, batch, inputs, reverse, batch_first."""
_MOST_CALLS = 64


class Layout:
    """A bank's geometry, and its parameters as one flat array for the kernel.

    Attributes:
        shapes: The parameters' shapes by name, in the order of the flat array: all weights, scales, biases, gain, offset.
        affine_output: Whether there are a gain and an offset.
    """

    def __init__(self, bank: Bank) -> None:
        part, ansatz = bank.partition, bank.ansatz
        parts = range(part.parts)
        groups = [[bank.name("weight", p) for p in parts]]
        groups += [[bank.name(kind, p) for p in parts] if ansatz.affine_input else [] for kind in ("scale", "bias")]
        groups += [[bank.name(kind)] if ansatz.affine_output else [] for kind in ("gain", "offset")]
        self.affine_output = ansatz.affine_output
        self.shapes = {name: bank.shapes[name] for names in groups for name in names}
        self._sizes = [prod(shape) for shape in self.shapes.values()]
        lengths = [sum(prod(bank.shapes[name]) for name in names) for names in groups]
        self._starts = [
            start if length else None for start, length in zip(accumulate([0, *lengths]), lengths, strict=False)
        ]
        joints = [bank.joint(p) for p in parts]
        tables = [
            part.qubits,
            [len(entries) for entries in part.inputs],
            part.outputs,
            [i for entries in part.inputs for i in entries],
            np.concatenate([cnot_source(j.couplings(ansatz), q) for j, q in zip(joints, part.qubits, strict=True)]),
            [len(joint.bridges) for joint in joints],
            [qubit for joint in joints for pair in joint.bridges for qubit in pair],
        ]
        self._tables = [np.array(table, dtype=np.int32) for table in tables]
        self._fixed = (
            bank.outputs, part.parts, len(bank.gates), ansatz.uploads, ansatz.depth,
            ansatz.encoding == "arctan", ansatz.rotation == "rot", ansatz.affine_input, ansatz.affine_output,
        )  # fmt: skip
        self._described: dict[Call, Model] = {}

    def describe(self, call: Call) -> Model:
        """What the kernel is told of the bank and of this call; it is valid as long as it exists."""
        model = self._described.get(call)
        if model is None:
            *shape, reverse, batch_first = call
            model = Model(*shape, *self._fixed, reverse, batch_first, *(table.ctypes.data for table in self._tables))
            model.tables = self._tables  # what its pointers point to
            if len(self._described) >= _MOST_CALLS:
                self._described = {}
            self._described[call] = model
        return model

    def flatten(self, tensors: Sequence[Tensor]) -> Tensor:
        """Parameters in the order of `shapes` as one flat array; a single one as it is where that is enough."""
        if len(tensors) == 1:
            return tensors[0].contiguous()
        flat: Tensor = _flatten_dense_tensors(tensors)  # type: ignore[no-untyped-call]
        return flat

    def pointers(self, flat: Tensor) -> list[int | None]:
        """Where the weights, scales, biases, gains and offsets begin in a flat array; None for those there are not."""
        base, size = flat.data_ptr(), flat.element_size()
        return [None if start is None else base + start * size for start in self._starts]

    def unflatten(self, flat: Tensor) -> list[Tensor]:
        """The inverse of `flatten`."""
        if len(self.shapes) == 1:
            return [flat]
        pieces = torch.split(flat, self._sizes)
        return [piece.view(shape) for piece, shape in zip(pieces, self.shapes.values(), strict=True)]


_LAYOUTS: WeakKeyDictionary[Bank, Layout] = WeakKeyDictionary()


def layout_of(bank: Bank) -> Layout:
    """The layout of a bank, kept as long as the bank."""
    layout = _LAYOUTS.get(bank)
    if layout is None:
        layout = _LAYOUTS[bank] = Layout(bank)
    return layout
