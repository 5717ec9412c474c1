"""An atom and one mode of light: population inversion that collapses and revives, without loss and with it.

Jaynes-Cummings model, on resonance unless said otherwise, with hbar = 1 and time in units of 1/g:

    H = (D/2) sigma_z + g (sigma_+ a + sigma_- a^+),   rho' = -i [H, rho] + kappa (a rho a^+ - {a^+ a, rho} / 2)

The atom starts excited and the light in a coherent state with m photons on average, so n photons have the weight
p_n = exp(-m) m^n / n!. What is seen is the inversion W = <sigma_z>. Without loss (D = kappa = 0) it is

    W(t) = sum_n p_n cos(2 g t sqrt(n + 1))

Sources: Jaynes and Cummings, Proc. IEEE 51, 89 (1963); collapse and revival: Eberly, Narozhny and Sanchez-Mondragon,
Phys. Rev. Lett. 44, 1323 (1980). Population inversion is a sequence of the literature on QLSTM (Chen and co-authors, after
arXiv 2009.01783), but their constants are not known: m, range and sampling are chosen here.

The mode is what gives the atom memory: alone, it is an open system that is not Markovian. For m = 0 it decays into a
Lorentzian of width lambda = kappa / 2 with gamma_0 = 4 g^2 / kappa, the example of Breuer and Petruccione, The Theory
of Open Quantum Systems (Oxford 2002), section 10.1.2, and the excited population revives where gamma_0 > lambda / 2.
"""

from __future__ import annotations

import math

import numpy as np

from backends.errors import InputError
from qlstm.tasks.checks import point_count, real_number
from qlstm.tasks.series import Array, Series

_LEFT_OUT = 1e-17
"""Weight of the photon numbers that are left out, at most."""
_MOST_PHOTONS = 1000.0


def inversion(*, points: int = 500, t_end: float = 50.0, photons: float = 10.0) -> Series:
    """W(t) without loss on ``linspace(0, t_end, points)``: collapse, and revivals about every 2 pi sqrt(photons).

    Args:
        points: Number of samples.
        t_end: Time of the last sample, in 1/g.
        photons: Mean number of photons at the start.

    Raises:
        InputError: For a value outside its range.
    """
    times, weights = _times(points, t_end), _weights(photons)
    frequencies = 2 * np.sqrt(np.arange(len(weights)) + 1)
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused by the series
        w = np.cos(times[:, None] * frequencies) @ weights
    return Series.univariate("inversion", w, "W", f"Jaynes-Cummings inversion from {photons:g} photons")


def damped(
    *,
    points: int = 240,
    t_end: float = 40.0,
    photons: float = 0.0,
    kappa: float = 0.1,
    detuning: float = 0.0,
) -> Series:
    """W(t) of an atom in a cavity that loses light, on ``linspace(0, t_end, points)``.

    Args:
        points: Number of samples.
        t_end: Time of the last sample, in 1/g.
        photons: Mean number of photons at the start; by default the atom decays into an empty mode.
        kappa: Photons lost per photon and time, in g.
        detuning: D, the atom's frequency less the mode's, in g.

    Raises:
        InputError: For a value outside its range.
    """
    from scipy.linalg import expm  # costs more to import than to use, and most tasks need none of it

    times, weights = _times(points, t_end), _weights(photons)
    generator = _generator(len(weights), real_number("kappa", kappa, at_least=0.0), real_number("detuning", detuning))
    step = expm(generator * (times[1] - times[0]))
    state = np.zeros((len(weights) + 1, 4))
    state[1:, 0] = weights
    seen = np.tile([1.0, -1.0, 0.0, 0.0], len(state))
    flat, w = state.ravel(), np.empty(len(times))
    for k in range(len(times)):
        w[k], flat = seen @ flat, step @ flat
    return Series.univariate(
        "jaynes-cummings-damped", w, "W", f"Jaynes-Cummings inversion from {photons:g} photons, kappa = {kappa:g} g"
    )


def _generator(largest: int, kappa: float, detuning: float) -> Array:
    """The master equation where it reaches the inversion: blocks of N = 0 .. ``largest`` quanta, (4 (largest + 1),) * 2.

    Block N holds e = <e, N-1|rho|e, N-1>, f = <g, N|rho|g, N> and the real and the imaginary part of
    c = <e, N-1|rho|g, N>. Loss carries block N to N - 1; what lies between blocks never reaches them.

        e' = -2 s Im c,   f' = 2 s Im c,   c' = -i D c - i s (f - e),   s = g sqrt(N)
    """
    blocks = np.zeros((largest + 1, 4, largest + 1, 4))
    for n in range(largest + 1):
        s = math.sqrt(n)
        own = blocks[n, :, n, :]
        own[0, 3], own[1, 3] = -2 * s, 2 * s
        own[2, 3], own[3, 2], own[3, 0], own[3, 1] = detuning, -detuning, s, -s
        own[np.diag_indices(4)] = -kappa * np.array([max(n - 1, 0), n, max(n - 0.5, 0), max(n - 0.5, 0)])
        if n < largest:
            mixed = math.sqrt(n * (n + 1))
            np.fill_diagonal(blocks[n, :, n + 1, :], kappa * np.array([n, n + 1, mixed, mixed]))
    return blocks.reshape(4 * (largest + 1), -1)


def _times(points: int, t_end: float) -> Array:
    return np.linspace(0.0, real_number("t_end", t_end, above=0.0), point_count("points", points))


def _weights(photons: float) -> Array:
    """p_0, p_1, ..., up to where the rest no longer counts."""
    mean = real_number("photons", photons, at_least=0.0)
    if mean > _MOST_PHOTONS:
        raise InputError(f"photons={mean:g} is more than the {_MOST_PHOTONS:g} that are followed: give fewer")
    if mean == 0:
        return np.ones(1)
    n = np.arange(int(mean + 12 * math.sqrt(mean) + 30))
    weights = np.exp(n * math.log(mean) - mean - np.array([math.lgamma(k + 1) for k in n]))
    return np.asarray(weights[: int(np.flatnonzero(weights > _LEFT_OUT)[-1]) + 1])
