"""What is read of a final state, readout error included: linear forms on Z strings of the output qubits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .observable import Observable
from .pauli import FloatArray

I_AND_Z = (0, 3)
EXACT = (0.0, 1.0)
"""Of an output that is read as it is; see `_read_z`."""


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
    def distribution(cls, wires: tuple[int, ...], confusions: FloatArray | None, sign: int | None = None) -> Reading:
        """Probabilities of the joint outcomes; bit k of an outcome is output k, the last one the sign where there is one."""
        product: FloatArray = np.ones((1, 1))
        for offset, slope in _read_z(wires, confusions) + ([] if sign is None else [EXACT]):
            one = np.array([[1 + offset, slope], [1 - offset, -slope]], dtype=np.float64) / 2
            product = np.asarray(np.kron(one, product), dtype=np.float64)
        return cls(_with(wires, sign), product)

    @classmethod
    def expectations(cls, wires: tuple[int, ...], confusions: FloatArray | None, sign: int | None = None) -> Reading:
        """<Z> of every output; times the sign where there is one, and last the sign."""
        read = _with(wires, sign)
        matrix = np.zeros((len(read), 2 ** len(read)))
        common = 0 if sign is None else 1 << len(wires)  # this Z is in every string
        for k, (offset, slope) in enumerate(_read_z(wires, confusions)):
            matrix[k, common], matrix[k, common | 1 << k] = offset, slope
        if sign is not None:
            matrix[-1, common] = 1.0
        return cls(read, matrix)

    def observable(self, qubits: int) -> Observable:
        """The forms as observables at the end of a circuit."""
        outputs = len(self.wires)
        tensor = self.matrix.T.reshape((2,) * outputs + (len(self.matrix), 1))
        wires = self.wires[::-1]  # the highest bit is the first axis
        tensor = tensor.transpose([*np.argsort(wires), outputs, outputs + 1])
        letters = tuple(I_AND_Z if q in wires else (0,) for q in range(qubits))
        return Observable(letters, tensor.reshape(*map(len, letters), len(self.matrix), 1))


def _with(wires: tuple[int, ...], sign: int | None) -> tuple[int, ...]:
    return wires if sign is None else (*wires, sign)


def _read_z(wires: tuple[int, ...], confusions: FloatArray | None) -> list[tuple[float, float]]:
    """(a, b) of every output, where what is read for Z is a + b Z; confusions[q, i, j] is P(read j | state i)."""
    if confusions is None:
        return [EXACT] * len(wires)
    means = confusions[list(wires)] @ np.array([1.0, -1.0])
    return [(float(up + down) / 2, float(up - down) / 2) for up, down in means]
