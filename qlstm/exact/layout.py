"""How a bank is laid out for the kernel: worked out once per bank, looked up in every call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Size, Tensor

from qlstm.bank import Bank
from qlstm.exact.library import Model
from qlstm.exact.permutation import cnot_source

Call = tuple[int, int, int, bool, bool]
"""Steps, batch, inputs, reverse, batch_first."""
_MOST_CALLS = 64


class Layout:
    """A bank's geometry, and its parameters as the kernel's flat arrays.

    Attributes:
        groups: Per flat array the names of the parameters in it, in order.
        names: The parameters of all groups, in order.
    """

    def __init__(self, bank: Bank) -> None:
        part, ansatz = bank.partition, bank.ansatz
        parts = range(part.parts)
        self.groups = {"weights": [bank.name("weight", p) for p in parts]}
        if ansatz.affine_input:
            self.groups |= {kind: [bank.name(kind, p) for p in parts] for kind in ("scale", "bias")}
        if ansatz.affine_output:
            self.groups |= {kind: [bank.name(kind)] for kind in ("gain", "offset")}
        self.names = [name for names in self.groups.values() for name in names]
        tables = [
            part.qubits,
            [len(entries) for entries in part.inputs],
            part.outputs,
            [i for entries in part.inputs for i in entries],
            np.concatenate([cnot_source(ansatz.entangler, q) for q in part.qubits]),
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

    def flatten(self, tensors: Sequence[Tensor]) -> dict[str, Tensor]:
        """Parameters in the order of `names` as flat arrays by group."""
        flat, start = {}, 0
        for group, names in self.groups.items():
            some = tensors[start : start + len(names)]
            start += len(names)
            flat[group] = (
                torch.cat([t.reshape(-1) for t in some]) if len(some) > 1 else some[0].reshape(-1).contiguous()
            )
        return flat

    def unflatten(self, flat: Mapping[str, Tensor], shapes: Sequence[Size]) -> list[Tensor]:
        """The inverse of `flatten`, for parameters of these shapes."""
        pieces: list[Tensor] = []
        start = 0
        for group, names in self.groups.items():
            some = shapes[start : start + len(names)]
            start += len(names)
            pieces += torch.split(flat[group], [shape.numel() for shape in some])
        return [piece.view(shape) for piece, shape in zip(pieces, shapes, strict=True)]


_LAYOUTS: WeakKeyDictionary[Bank, Layout] = WeakKeyDictionary()


def layout_of(bank: Bank) -> Layout:
    """The layout of a bank, kept as long as the bank."""
    layout = _LAYOUTS.get(bank)
    if layout is None:
        layout = _LAYOUTS[bank] = Layout(bank)
    return layout
