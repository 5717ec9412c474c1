"""What a contestant is: something that trains on a `Case`, one optimiser step at a time."""

from __future__ import annotations

import importlib
from typing import Protocol

from .cases import Array, Case


class Contestant(Protocol):
    """A model with its optimiser, built from (case, threads) with the weights and data of `cases.data`."""

    def first(self) -> tuple[Array, Array | None]:
        """One training step from the initial weights, compilation included.

        Returns:
            h of every step, (batch, steps, hidden_size), and the gradient of the loss, (parts, 4, depth, qubits, 3),
            both at the weights before the step; no gradient where the function is another one (nn.LSTM).
        """
        ...

    def run(self, steps: int) -> None:
        """That many training steps, returning when the last one is done."""
        ...


# name -> (module, class, import whose absence means "not installed", name in the tables)
CONTESTANTS = {
    "ours": ("torch_models", "Ours", "qlstm", "QLSTM"),
    "lstm": ("torch_models", "Lstm", "torch", "nn.LSTM"),
    "tensorcircuit": ("peer_tensorcircuit", "TensorCircuit", "tensorcircuit", "tensorcircuit-ng"),
    "tensorcircuit-state": (
        "peer_tensorcircuit",
        "TensorCircuitState",
        "tensorcircuit",
        "tensorcircuit-ng, one state",
    ),
    "tensorcircuit-matrix": (
        "peer_tensorcircuit",
        "TensorCircuitMatrix",
        "tensorcircuit",
        "tensorcircuit-ng, matrices",
    ),
    "pennylane-jax": ("peer_pennylane_jax", "PennyLaneJax", "pennylane", "PennyLane, jax"),
    "pennylane": ("peer_pennylane", "PennyLaneTorch", "pennylane", "PennyLane, torch"),
}
SELF = ("ours", "lstm")
PEERS = ("tensorcircuit", "tensorcircuit-state", "pennylane")  # by default; the others on request
OTHERS = tuple(name for name in CONTESTANTS if name not in SELF)


def build(name: str, case: Case) -> Contestant:
    """The contestant of that name, ready for `Contestant.first`; its heavy imports happen here."""
    module, cls, *_ = CONTESTANTS[name]
    made: Contestant = getattr(importlib.import_module(f".{module}", __package__), cls)(case)
    return made
