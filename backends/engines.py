"""Who simulates a core. An engine turns a compact circuit into what would be read of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from qiskit.transpiler import Target

from .isa import CompactCircuit
from .qpu import Expectations

FloatArray = NDArray[np.float64]


class Engine(Protocol):
    """Simulates the qubits of one target, noise and readout error included."""

    def run(
        self, compact: CompactCircuit, values: FloatArray, outputs: int, shots: int | None, rng: np.random.Generator
    ) -> Expectations:
        """<Z> of source qubits 0..outputs-1.

        Args:
            compact: Its qubits are the qubits of the engine's target.
            values: Parameter sets, shape (sets, parameters), radians.
            outputs: How many qubits are read.
            shots: Per parameter set, all outputs read from the same shots; None for the exact values.
            rng: Draws the shots.
        """
        ...


def _aer(target: Target | None) -> Engine:
    from .aer import AerEngine

    return AerEngine(target)


def _twin(target: Target | None) -> Engine:
    from .twin.engine import TwinEngine

    return TwinEngine(target)


ENGINES: dict[str, Callable[[Target | None], Engine]] = {"twin": _twin, "aer": _aer}
"""Engine name -> its maker, given the cropped target (None: no noise). A new engine is one line here."""
DEFAULT_ENGINE = "twin"
