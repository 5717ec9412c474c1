"""What one round of a forward pass asks of an executor, in the executor's own terms: numpy arrays by sub-VQC key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from qlstm.bank import Bank
from qlstm.evaluate import Query
from qpartition.executor import Angles, Masks, Weights

Array = NDArray[Any]


@dataclass(frozen=True)
class Round:
    """Independent sub-VQCs with their angles.

    Attributes:
        banks: Where they belong, in the order of the questions.
        inputs: Encoding angles by key, shape (rows, inputs).
        weights: Weights by key, shape (weights,).
        mask: Which derivatives backward may need, by key, as `qpartition.executor.Masks`.
    """

    banks: tuple[Bank, ...]
    inputs: Angles
    weights: Weights
    mask: Masks

    @classmethod
    def of(cls, queries: Sequence[Query], pieces: Sequence[Tensor], *, sampled: bool = False) -> Round:
        """The round that answers ``queries``.

        Args:
            queries: Independent questions.
            pieces: Encoding angles and weights of every part, alternating, as the model has them.
            sampled: The derivatives by weights are drawn later, so the mask leaves them out.
        """
        inputs, weights, mask = {}, {}, {}
        tensors = iter(pieces)
        for query in queries:
            bank = query.bank
            for part, columns in enumerate(_columns(query)):
                angle, weight = next(tensors), next(tensors)
                angles, values = to_numpy(angle), to_numpy(weight)
                for gate in range(len(bank.gates)):
                    key = bank.key(gate, part)
                    rows = angles[gate if len(angles) > 1 else 0]
                    inputs[key] = rows.reshape(len(rows), -1)
                    weights[key] = values[gate].reshape(-1)
                    wanted = columns
                    if sampled or not weight.requires_grad:  # a mask as wide as the inputs asks for all weights
                        wanted = np.concatenate([columns, np.zeros(weights[key].size, bool)])
                    mask[key] = np.broadcast_to(wanted, (len(rows), wanted.size))
        return cls(tuple(query.bank for query in queries), inputs, weights, mask)

    @property
    def parts(self) -> Iterator[tuple[Bank, int, list[str]]]:
        """Bank, number of the part and keys (one per gate), in the order of the pieces."""
        for bank in self.banks:
            for part in range(bank.partition.parts):
                yield bank, part, [bank.key(gate, part) for gate in range(len(bank.gates))]


def to_numpy(tensor: Tensor) -> Array:
    """A float64 copy: what an executor keeps or writes into is not the model."""
    return np.array(tensor.detach().to("cpu", torch.float64).numpy())


def _columns(query: Query) -> list[Array]:
    """Per part, which encoding angles need a derivative: all with trainable encodings, else those of h or x that do."""
    bank, ansatz = query.bank, query.bank.ansatz
    from_h, from_x = query.h.requires_grad, query.x is not None and query.x.requires_grad
    repeats = ansatz.uploads * ansatz.encodings_per_input
    return [
        np.tile([ansatz.affine_input or (from_h if i < bank.hidden_size else from_x) for i in entries], repeats).astype(
            bool
        )
        for entries in bank.partition.inputs
    ]
