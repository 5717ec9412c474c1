"""States pushed through a circuit, for many angle sets at once: a product of Bloch vectors until gates entangle it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .fusion import Map
from .observable import ALL, sliced
from .pauli import FloatArray
from .rows import Indices
from .tensors import apply
from .turns import Turns

_GROUND = np.array([[1.0], [0.0], [0.0], [1.0]])
"""I, X, Y, Z of |0>."""


@dataclass(frozen=True)
class State:
    """Pauli expectations, the identity's included.

    Attributes:
        vectors: While it is a product: of every qubit, shape (4, 1 or rows); otherwise empty.
        tensor: Once it is not: shape (4, ..., 4, 1 or rows).
    """

    vectors: tuple[FloatArray, ...]
    tensor: FloatArray | None = None

    @classmethod
    def ground(cls, qubits: int) -> State:
        """All qubits in |0>."""
        return cls((_GROUND,) * qubits)

    def at_rows(self, parents: Indices) -> State:
        """With the given rows."""
        return State(
            tuple(v if v.shape[1] == 1 else v[:, parents] for v in self.vectors),
            self.tensor if self.tensor is None or self.tensor.shape[-1] == 1 else self.tensor[..., parents],
        )

    def after(self, one: Map, turns: Turns) -> State:
        """Pushed through a map."""
        if self.tensor is None and len(one.qubits) == 1:
            (q,) = one.qubits
            vector = one.times(turns, self.vectors[q][:, None])[:, 0]
            return State((*self.vectors[:q], vector, *self.vectors[q + 1 :]))
        return State((), apply(one.matrix(turns), self.components(), one.qubits))

    def components(self, letters: Sequence[tuple[int, ...]] = ()) -> FloatArray:
        """Components for the given letters of every qubit (all by default), shape (letters, ..., 1 or rows)."""
        if self.tensor is not None:
            return sliced(self.tensor, letters)
        chosen = letters or (ALL,) * len(self.vectors)
        dense = np.ones((1, 1))
        for vector, known in zip(self.vectors, chosen, strict=True):
            piece = vector if known == ALL else vector[list(known)]
            joined = dense[:, None] * piece
            dense = joined.reshape(-1, joined.shape[-1])
        return dense.reshape(*map(len, chosen), dense.shape[-1])
