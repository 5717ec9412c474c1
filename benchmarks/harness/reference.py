"""The cell in plain numpy, gate by gate on the full state: slow, and independent of every contestant."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .cases import Array, Case, couplings

Complex = npt.NDArray[np.complex128]


def _rz(angle: Array) -> Complex:
    zero = np.zeros_like(angle)
    return np.array([[np.exp(-0.5j * angle), zero], [zero, np.exp(0.5j * angle)]])


def _ry(angle: Array) -> Complex:
    c, s = np.cos(angle / 2), np.sin(angle / 2)
    return np.array([[c, -s], [s, c]], dtype=complex)


def _apply(state: Complex, gate: Complex, qubit: int) -> Complex:
    """Gates of shape (2, 2, n) on one axis of n states (n, 2, ..., 2)."""
    return np.moveaxis(np.einsum("xyn,ny...->nx...", gate, np.moveaxis(state, qubit + 1, 1)), 1, qubit + 1)


def _cnot(state: Complex, control: int, target: int) -> Complex:
    moved = np.moveaxis(state, (control + 1, target + 1), (0, 1)).copy()
    moved[1] = moved[1, ::-1].copy()
    return np.moveaxis(moved, (0, 1), (control + 1, target + 1))


def expectations(v: Array, weights: Array) -> Array:
    """<Z> of every qubit of n circuits.

    Args:
        v: (n, qubits).
        weights: (n, depth, qubits, 3).

    Returns:
        (n, qubits).
    """
    n, qubits = v.shape
    state = np.full((n, *(2,) * qubits), 2 ** (-qubits / 2), dtype=complex)
    for k in range(qubits):
        state = _apply(_apply(state, _ry(np.arctan(v[:, k])), k), _rz(np.arctan(v[:, k] ** 2)), k)
    for layer in np.moveaxis(weights, 1, 0):
        for control, target in couplings(qubits):
            state = _cnot(state, control, target)
        for k, (a, b, c) in enumerate(np.moveaxis(layer, 0, 2)):
            state = _apply(_apply(_apply(state, _rz(a), k), _ry(b), k), _rz(c), k)
    probability = np.abs(state) ** 2
    margins = [np.moveaxis(probability, k + 1, 1).reshape(n, 2, -1).sum(-1) for k in range(qubits)]
    return np.stack([p[:, 0] - p[:, 1] for p in margins], axis=1)


def outputs(case: Case, weights: Array, x: Array) -> Array:
    """The h of every time step, (batch, steps, hidden_size), from h = c = 0; Eqs. 1d, 1f, 2-5, 7 of the paper."""
    batch, shape = len(x), (4, len(x), case.parts)
    every = np.broadcast_to(np.swapaxes(weights, 0, 1)[:, None], (*shape, *weights.shape[2:]))
    stacked = every.reshape(-1, *weights.shape[2:])
    h = c = np.zeros((batch, case.hidden_size))
    history = []
    for t in range(x.shape[1]):
        v = np.concatenate([h, x[:, t]], axis=1).reshape(batch, case.parts, case.qubits)
        z = expectations(np.broadcast_to(v, (4, *v.shape)).reshape(-1, case.qubits), stacked)
        z = z.reshape(4, batch, -1)[:, :, case.output_index]
        i, f, o = (1 / (1 + np.exp(-z[gate])) for gate in (0, 1, 3))
        c = f * c + i * np.tanh(z[2])
        h = o * np.tanh(c)
        history.append(h)
    return np.stack(history, axis=1)


def slope(case: Case, given: dict[str, Array], direction: Array, step: float = 3e-5) -> float:
    """Derivative of the loss along a direction in weight space, by central differences (error below 1e-9)."""
    ahead, behind = (
        float(np.mean((outputs(case, given["weights"] + sign * step * direction, given["x"]) - given["target"]) ** 2))
        for sign in (1, -1)
    )
    return (ahead - behind) / (2 * step)
