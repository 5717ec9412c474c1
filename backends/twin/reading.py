"""What is read of a final state, readout error included: linear forms on Z strings of the output qubits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .observable import Observable
from .pauli import FloatArray

I_AND_Z = (0, 3)


@dataclass(frozen=True)
class Reading:
    """Numbers read from the outputs.

    Attributes:
        wires: Qubit of every output.
        matrix: Shape (numbers, 2^outputs); bit k of a column says whether Z of output k is in the string.
    """

    wires: tuple[int, ...]
    matrix: FloatArray

    @cached_property
    def key(self) -> tuple[tuple[int, ...], bytes]:
        """Equal for readings of the same numbers."""
        return self.wires, self.matrix.tobytes()

    @classmethod
    def distribution(cls, wires: tuple[int, ...], confusions: FloatArray | None) -> Reading:
        """Probabilities of the joint outcomes; bit k of an outcome is output k."""
        product: FloatArray = np.ones((1, 1))
        for offset, slope in _read_z(wires, confusions):
            one = np.array([[1 + offset, slope], [1 - offset, -slope]], dtype=np.float64) / 2
            product = np.asarray(np.kron(one, product), dtype=np.float64)
        return cls(wires, product)

    @classmethod
    def expectations(cls, wires: tuple[int, ...], confusions: FloatArray | None) -> Reading:
        """<Z> of every output."""
        matrix = np.zeros((len(wires), 2 ** len(wires)))
        for k, (offset, slope) in enumerate(_read_z(wires, confusions)):
            matrix[k, 0], matrix[k, 1 << k] = offset, slope
        return cls(wires, matrix)

    def observable(self, qubits: int) -> Observable:
        """The forms as observables at the end of a circuit."""
        outputs = len(self.wires)
        tensor = self.matrix.T.reshape((2,) * outputs + (len(self.matrix), 1))
        wires = self.wires[::-1]  # the highest bit is the first axis
        tensor = tensor.transpose([*np.argsort(wires), outputs, outputs + 1])
        letters = tuple(I_AND_Z if q in wires else (0,) for q in range(qubits))
        return Observable(letters, tensor.reshape(*map(len, letters), len(self.matrix), 1))


def _read_z(wires: tuple[int, ...], confusions: FloatArray | None) -> list[tuple[float, float]]:
    """(a, b) of every output, where what is read for Z is a + b Z; confusions[q, i, j] is P(read j | state i)."""
    if confusions is None:
        return [(0.0, 1.0)] * len(wires)
    means = confusions[list(wires)] @ np.array([1.0, -1.0])
    return [(float(up + down) / 2, float(up - down) / 2) for up, down in means]
