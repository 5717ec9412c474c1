"""Who simulates a core. An engine turns a compact circuit into the distribution of what would be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from qiskit.transpiler import Target

from .isa import CompactCircuit

FloatArray = NDArray[np.float64]


class Engine(Protocol):
    """Simulates the qubits of one target, noise and readout error included."""

    def distribution(self, compact: CompactCircuit, values: FloatArray, outputs: int) -> Iterator[FloatArray]:
        """Exact joint probabilities of the outcomes of source qubits 0..outputs-1.

        Args:
            compact: Its qubits are the qubits of the engine's target.
            values: Parameter sets, shape (sets, parameters), radians.
            outputs: How many qubits are read; bit k of an outcome is output k.

        Yields:
            Chunks of the sets, in order, shape (some sets, 2^outputs).
        """
        ...


def _aer(target: Target | None) -> Engine:
    from .aer import AerEngine

    return AerEngine(target)


ENGINES: dict[str, Callable[[Target | None], Engine]] = {"aer": _aer}
"""Engine name -> its maker, given the cropped target (None: no noise). A new engine is one line here."""
DEFAULT_ENGINE = "aer"
