"""A CNOT layer as an index permutation of the state vector."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


@lru_cache(maxsize=256)
def cnot_source(cnots: tuple[tuple[int, int], ...], qubits: int) -> NDArray[np.int32]:
    """``source`` of shape (2^qubits,) with ``new[i] = old[source[i]]``; bit k of an index is qubit k.

    Args:
        cnots: (control, target), in the order they are applied.
        qubits: Width of the circuit.
    """
    source = np.arange(2**qubits, dtype=np.int32)
    for control, target in cnots:
        index = np.arange(2**qubits, dtype=np.int32)
        source = source[index ^ (((index >> control) & 1) << target)]
    return source
