"""Matrices of gates whose angles are arrays: one matrix per parameter set, entry by entry.

An entry is a number or an array of shape (sets,). Basis order is Qiskit's: the first qubit of a gate is the
least significant bit. Zero entries are the number 0, so that they can be skipped.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Angle = NDArray[np.float64] | float
Entry = NDArray[Any] | complex
Matrix = list[list[Entry]]


def _half(angle: Angle) -> tuple[Entry, Entry]:
    return np.cos(angle / 2), np.sin(angle / 2)


def _phase(angle: Angle) -> Entry:
    return np.exp(1j * np.asarray(angle))


def _diagonal(*entries: Entry) -> Matrix:
    return [[entry if i == j else 0 for j in range(len(entries))] for i, entry in enumerate(entries)]


def _antidiagonal_mix(c: Entry, corners: Entry, middle: Entry) -> Matrix:
    return [[c, 0, 0, corners], [0, c, middle, 0], [0, middle, c, 0], [corners, 0, 0, c]]


def _controlled(gate: Matrix) -> Matrix:
    """Control on the first qubit (bit 0), target on the second."""
    (a, b), (c, d) = gate
    return [[1, 0, 0, 0], [0, a, 0, b], [0, 0, 1, 0], [0, c, 0, d]]


def rx(t: Angle) -> Matrix:
    """exp(-i t X / 2)."""
    c, s = _half(t)
    return [[c, -1j * s], [-1j * s, c]]


def ry(t: Angle) -> Matrix:
    """exp(-i t Y / 2)."""
    c, s = _half(t)
    return [[c, -s], [s, c]]


def rz(t: Angle) -> Matrix:
    """exp(-i t Z / 2)."""
    return _diagonal(_phase(-t / 2), _phase(t / 2))


def p(t: Angle) -> Matrix:
    """diag(1, exp(i t))."""
    return _diagonal(1, _phase(t))


def u(t: Angle, phi: Angle, lam: Angle) -> Matrix:
    """Qiskit's ``UGate``."""
    c, s = _half(t)
    return [[c, -_phase(lam) * s], [_phase(phi) * s, _phase(phi + lam) * c]]


def rzz(t: Angle) -> Matrix:
    """exp(-i t ZZ / 2)."""
    minus, plus = _phase(-t / 2), _phase(t / 2)
    return _diagonal(minus, plus, plus, minus)


def rxx(t: Angle) -> Matrix:
    """exp(-i t XX / 2)."""
    c, s = _half(t)
    return _antidiagonal_mix(c, -1j * s, -1j * s)


def ryy(t: Angle) -> Matrix:
    """exp(-i t YY / 2)."""
    c, s = _half(t)
    return _antidiagonal_mix(c, 1j * s, -1j * s)


def rzx(t: Angle) -> Matrix:
    """exp(-i t ZX / 2), Z on the first qubit."""
    c, s = _half(t)
    m = -1j * s
    return [[c, 0, m, 0], [0, c, 0, -m], [m, 0, c, 0], [0, -m, 0, c]]


PARAMETERISED: dict[str, Callable[..., Matrix]] = {
    "rx": rx, "ry": ry, "rz": rz, "p": p, "u": u, "rzz": rzz, "rxx": rxx, "ryy": ryy, "rzx": rzx,
    "crx": lambda t: _controlled(rx(t)), "cry": lambda t: _controlled(ry(t)), "crz": lambda t: _controlled(rz(t)),
    "cp": lambda t: _controlled(p(t)),
}  # fmt: skip
"""Gate name -> its matrix at arrays of angles. Other parameterised gates are expanded into these."""
