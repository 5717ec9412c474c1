"""Exact expectations in plain torch: any device, any dtype, differentiable; the oracle of the compiled kernel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from qlstm.bank import Bank, Pair
from qlstm.exact.permutation import cnot_source
from qlstm.exact.turns import ry, rz
from qlstm.noise import estimated


def bank_expectations(bank: Bank, v: Tensor, parameters: Mapping[str, Tensor], noise: Tensor | None = None) -> Tensor:
    """What every gate of a bank measures on v (Eq. 7), parts concatenated, affine map included.

    Args:
        bank: The sub-VQCs.
        v: Shape (batch, D).
        parameters: The model's parameters by name.
        noise: One step of `draw_noise`, shape (gates, batch, outputs), added before the affine map; none by default.

    Returns:
        Shape (gates, batch, outputs).
    """
    parts = [
        circuit_expectations(bank, part, bank.angles(part, v, parameters), bank.weights(part, parameters))
        for part in range(bank.partition.parts)
    ]
    z = torch.cat(parts, -1)
    return bank.affine(z if noise is None else estimated(z, noise), parameters)


def circuit_expectations(bank: Bank, part: int, angles: Tensor, weights: Tensor) -> Tensor:
    """<Z> of the first qubits of one part's circuit, for all gates and samples at once.

    Args:
        bank: The sub-VQCs.
        part: Number of the part.
        angles: Encoding angles, shape (gates or 1, batch, uploads, encodings, inputs), radians.
        weights: In the order of `Bank.weights`, shape (gates, weights), radians.

    Returns:
        Shape (gates, batch, outputs of the part).
    """
    qubits, ansatz, joint = bank.partition.qubits[part], bank.ansatz, bank.joint(part)
    source = torch.from_numpy(cnot_source(joint.couplings(ansatz), qubits).astype("int64")).to(angles.device)
    layers = (len(weights), ansatz.uploads, ansatz.depth)
    turns = ansatz.uploads * ansatz.depth * qubits * ansatz.angles_per_qubit
    rotations = weights[:, :turns].reshape(*layers, qubits, ansatz.angles_per_qubit)
    bridges = weights[:, turns:].reshape(*layers, len(joint.bridges)) if joint.bridges else None
    state = angles.new_full((1, angles.shape[1], 2**qubits), 2 ** (-qubits / 2))
    for upload in range(ansatz.uploads):
        for k in range(angles.shape[-1]):
            state = ry(state, qubits, k, angles[:, :, upload, 0, k])
            if ansatz.encoding == "arctan":
                state = rz(state, qubits, k, angles[:, :, upload, 1, k])
        for layer in range(ansatz.depth):
            state = state[..., source]
            if bridges is not None:
                state = state * _bridged(qubits, joint.bridges, bridges[:, upload, layer])[:, None]
            for k in range(qubits):
                rotation = rotations[:, None, upload, layer, k]
                if ansatz.rotation == "rot":
                    state = rz(state, qubits, k, rotation[..., 0])
                    state = ry(state, qubits, k, rotation[..., 1])
                    state = rz(state, qubits, k, rotation[..., 2])
                else:
                    state = ry(state, qubits, k, rotation[..., 0])
    probabilities = state.abs().square() if state.is_complex() else state.square()
    return probabilities @ _signs(qubits, bank.partition.outputs[part]).to(probabilities)


def _bridged(qubits: int, pairs: Sequence[Pair], angles: Tensor) -> Tensor:
    """The diagonal of RZZ on every pair, exp(-i angle ZZ / 2); angles (gates, pairs), result (gates, 2^q)."""
    z = _signs(qubits, qubits).to(angles)
    phase = angles @ torch.stack([z[:, a] * z[:, b] for a, b in pairs]) / 2
    return torch.complex(phase.cos(), -phase.sin())


def _signs(qubits: int, outputs: int) -> Tensor:
    index = torch.arange(2**qubits)
    return torch.stack([1.0 - 2.0 * ((index >> k) & 1) for k in range(outputs)], -1)
