"""The same PennyLane circuit with the jax interface, inside one jitted training step."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from .cases import Case
from .jax_step import JaxContestant
from .pennylane_circuit import circuit


class PennyLaneJax(JaxContestant):
    """PennyLane traced by jax: jit + scan over time, gates x parts x samples in one broadcast dimension."""

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        self.circuit = circuit(case, "jax")

    def prepare(self, weights: Any) -> Any:
        """Weights broadcast to (depth, qubits, 3, 4 * parts * batch)."""
        case = self.case
        shape = (case.depth, case.qubits, 3, 4, case.parts, case.batch)
        return jnp.broadcast_to(jnp.transpose(weights, (2, 3, 4, 1, 0))[..., None], shape).reshape(*shape[:3], -1)

    def expectations(self, prepared: Any, angles: Any) -> Any:
        """See `JaxContestant`."""
        case = self.case
        shape = (2, case.qubits, 4, case.parts, case.batch)
        stacked = jnp.broadcast_to(jnp.transpose(angles, (2, 3, 1, 0))[:, :, None], shape).reshape(2, case.qubits, -1)
        z = self.circuit(stacked, prepared) @ self.signs
        return jnp.swapaxes(z.reshape(4, case.parts, case.batch, case.qubits), 1, 2)
