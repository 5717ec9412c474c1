"""The training step shared by the jax peers: a cell scanned over time, Adam, all in one jitted function."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from .cases import LEARNING_RATE, Array, Case, data, signs

jax.config.update("jax_enable_x64", True)


class JaxContestant:
    """A QLSTM whose subclass says how <Z> of all gates, parts and samples are computed at once."""

    def __init__(self, case: Case) -> None:
        self.case = case
        given = data(case)
        self.x, self.target = jnp.asarray(given["x"]), jnp.asarray(given["target"])
        self.weights = jnp.asarray(given["weights"])
        self.optimiser = optax.adam(LEARNING_RATE)
        self.state = self.optimiser.init(self.weights)
        self.signs = jnp.asarray(signs(case.qubits))
        self.jitted = jax.jit(self.step)

    def prepare(self, weights: Any) -> Any:
        """What can be computed once per training step from weights (parts, 4, depth, qubits, 3)."""
        return weights

    def expectations(self, prepared: Any, angles: Any) -> Any:
        """<Z> of every qubit: angles (batch, parts, 2, qubits) of RY and RZ -> (4, batch, parts, qubits)."""
        raise NotImplementedError

    def forward(self, weights: Any, x: Any) -> Any:
        """The h of every time step, (batch, steps, hidden_size)."""
        case, prepared = self.case, self.prepare(weights)

        def cell(carry: tuple[Any, Any], x_t: Any) -> tuple[tuple[Any, Any], Any]:
            h, c = carry
            v = jnp.concatenate([h, x_t], axis=1).reshape(case.batch, case.parts, case.qubits)
            z = self.expectations(prepared, jnp.stack([jnp.arctan(v), jnp.arctan(v * v)], axis=2))
            i, f, g, o = z.reshape(4, case.batch, -1)[:, :, case.output_index]
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            h = jax.nn.sigmoid(o) * jnp.tanh(c)
            return (h, c), h

        zero = jnp.zeros((case.batch, case.hidden_size))
        _, history = jax.lax.scan(cell, (zero, zero), jnp.swapaxes(x, 0, 1))
        return jnp.swapaxes(history, 0, 1)

    def step(self, weights: Any, state: Any, x: Any, target: Any) -> tuple[Any, ...]:
        """New weights and optimiser state; output and gradient before the step (for the check)."""

        def loss(weights: Any) -> tuple[Any, Any]:
            y = self.forward(weights, x)
            return jnp.mean((y - target) ** 2), y

        gradient, y = jax.grad(loss, has_aux=True)(weights)
        updates, state = self.optimiser.update(gradient, state)
        return optax.apply_updates(weights, updates), state, y, gradient

    def first(self) -> tuple[Array, Array]:
        """See `contestant.Contestant`; compiles."""
        self.weights, self.state, y, gradient = self.jitted(self.weights, self.state, self.x, self.target)
        return np.asarray(y), np.asarray(gradient)

    def run(self, steps: int) -> None:
        """See `contestant.Contestant`; steps are dispatched asynchronously, as in a training loop."""
        for _ in range(steps):
            self.weights, self.state, _, _ = self.jitted(self.weights, self.state, self.x, self.target)
        self.weights.block_until_ready()
