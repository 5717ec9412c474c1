"""Observables in the Heisenberg picture: pulled back through a circuit, many of them and for many angles at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from .fusion import Map
from .pauli import FloatArray
from .rows import Indices
from .tensors import apply

ALL = (0, 1, 2, 3)


@dataclass(frozen=True)
class Observable:
    """Coefficients of Pauli strings.

    Attributes:
        letters: Per qubit the letters that may stand there; axis q of ``tensor`` runs over them.
        tensor: Shape (letters of qubit 0, ..., letters of qubit n-1, observables, rows); one row for each angle set.
    """

    letters: tuple[tuple[int, ...], ...]
    tensor: FloatArray

    def touches(self, one: Map) -> bool:
        """Whether a map can change it: no channel changes an identity."""
        return any(self.letters[q] != (0,) for q in one.qubits)

    def at_rows(self, parents: Indices) -> Observable:
        """With the given rows."""
        return Observable(self.letters, self.tensor if self.tensor.shape[-1] == 1 else self.tensor[..., parents])

    def before(self, one: Map, matrix: FloatArray) -> Observable:
        """Pulled back through a map of matrix (4^k, 4^k, 1 or rows)."""
        if not self.touches(one):
            return self
        pulled = apply(matrix[self.positions(one)].swapaxes(0, 1), self.tensor, one.qubits)
        letters = tuple(ALL if q in one.qubits else known for q, known in enumerate(self.letters))
        return Observable(letters, pulled)

    def positions(self, one: Map) -> list[int]:
        """Rows of a map's matrix that the observable has letters for."""
        return [_index(string) for string in product(*(self.letters[q] for q in one.qubits))]


def sliced(tensor: FloatArray, letters: Sequence[tuple[int, ...]]) -> FloatArray:
    """A state's components for the given letters, axis by axis."""
    for axis, known in enumerate(letters):
        if known != ALL:
            tensor = np.take(tensor, known, axis=axis)
    return tensor


def _index(string: tuple[int, ...]) -> int:
    index = 0
    for letter in string:
        index = 4 * index + letter
    return index
