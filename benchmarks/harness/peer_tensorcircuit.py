"""tensorcircuit-ng on jax: one circuit, vmapped over batch, parts and gates."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import tensorcircuit as tc

from .cases import couplings
from .jax_step import JaxContestant

tc.set_backend("jax")
tc.set_dtype("complex128")


class TensorCircuit(JaxContestant):
    """As its documentation writes it: the whole circuit for every sample, ``expectation_ps`` for every output."""

    def variational(self, circuit: Any, weights: Any) -> Any:
        """Append the trainable layers, weights (depth, qubits, 3)."""
        for layer in range(self.case.depth):
            for control, target in couplings(self.case.qubits):
                circuit.cnot(control, target)
            for k in range(self.case.qubits):
                circuit.rz(k, theta=weights[layer, k, 0])
                circuit.ry(k, theta=weights[layer, k, 1])
                circuit.rz(k, theta=weights[layer, k, 2])
        return circuit

    def encoded(self, angles: Any) -> Any:
        """The circuit that encodes angles (2, qubits)."""
        circuit = tc.Circuit(self.case.qubits)
        for k in range(self.case.qubits):
            circuit.h(k)
            circuit.ry(k, theta=angles[0, k])
            circuit.rz(k, theta=angles[1, k])
        return circuit

    def measured(self, state: Any) -> Any:
        """<Z> of every qubit of states (..., 2**qubits)."""
        return (state.real**2 + state.imag**2) @ self.signs

    def circuit(self, angles: Any, weights: Any) -> Any:
        """<Z> of one circuit's outputs, zero for its other qubits, (qubits,)."""
        circuit = self.variational(self.encoded(angles), weights)
        outputs = -(-self.case.hidden_size // self.case.parts)
        measured = [jnp.real(circuit.expectation_ps(z=[k])) for k in range(outputs)]
        return jnp.concatenate([jnp.stack(measured), jnp.zeros(self.case.qubits - outputs)])

    def expectations(self, prepared: Any, angles: Any) -> Any:
        """See `JaxContestant`."""
        gates = jax.vmap(self.circuit, in_axes=(None, 0))
        parts = jax.vmap(gates, in_axes=(0, 0), out_axes=1)
        return jax.vmap(parts, in_axes=(0, None), out_axes=1)(angles, prepared)


class TensorCircuitState(TensorCircuit):
    """The same with all <Z> read from one state by hand."""

    def circuit(self, angles: Any, weights: Any) -> Any:
        """<Z> of one circuit, (qubits,)."""
        return self.measured(self.variational(self.encoded(angles), weights).state())


class TensorCircuitMatrix(TensorCircuit):
    """The same with each gate's circuit turned into a dense matrix once per step: the fastest form found."""

    def prepare(self, weights: Any) -> Any:
        """Unitaries (parts, 4, 2**qubits, 2**qubits)."""
        qubits = self.case.qubits
        basis = jnp.eye(2**qubits, dtype=complex)

        def unitary(gate: Any) -> Any:
            return jax.vmap(lambda state: self.variational(tc.Circuit(qubits, inputs=state), gate).state())(basis).T

        return jax.vmap(jax.vmap(unitary))(weights)

    def expectations(self, prepared: Any, angles: Any) -> Any:
        """See `JaxContestant`."""
        states = jax.vmap(jax.vmap(lambda a: self.encoded(a).state()))(angles)
        return self.measured(jnp.einsum("mgij,bmj->gbmi", prepared, states))
