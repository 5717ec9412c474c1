"""A circuit that has been cut, and its expectations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from backends.checks import checked_seed
from backends.errors import InputError, shown
from backends.whole import whole

from .angles import Angles, FloatArray
from .bases import CutBasis
from .fragments import Fragment
from .knit import Knitter
from .observables import Observables
from .shots import tiered, weights
from .simulate import tensor


@dataclass(frozen=True)
class Estimates:
    """Expectations.

    Attributes:
        values: Shape (n, observables).
        stderr: Standard errors of the same shape; 0 where the expectations are exact.
    """

    values: FloatArray
    stderr: FloatArray


@dataclass(frozen=True)
class Slopes:
    """Derivatives of expectations.

    Attributes:
        values: Shape (n, observables, parameters).
        stderr: Standard errors of the same shape; 0 where they are exact.
    """

    values: FloatArray
    stderr: FloatArray


class Knitted:
    """Fragments, cuts and observables; made by `cut`.

    Attributes:
        fragments: What the circuit fell into.
        cuts: The decompositions of the gates and wires that were cut.
        num_parameters: Of the circuit that was cut, in the order of ``circuit.parameters``.
    """

    def __init__(
        self, fragments: Sequence[Fragment], cuts: Sequence[CutBasis], angles: Angles, observables: Observables
    ) -> None:
        self.fragments, self.cuts = tuple(fragments), tuple(cuts)
        self.num_parameters = int(angles.slopes.shape[1])
        self._angles, self._observables = angles, observables
        self._knitter = Knitter(self.fragments, len(self.cuts))
        self._local = [observables.local(fragment) for fragment in self.fragments]

    @property
    def widths(self) -> tuple[int, ...]:
        """Qubits of every fragment."""
        return tuple(fragment.width for fragment in self.fragments)

    @property
    def subexperiments(self) -> int:
        """Distinct circuits that are run, up to the bases that observables are read in."""
        return sum(fragment.subexperiments for fragment in self.fragments)

    @property
    def overhead(self) -> float:
        """How many times more shots the whole needs than an uncut circuit: prod over cuts of (sum |coefficient|)^2.

        Of gates with a free angle the largest, over all angles; `overhead_at` says it for given ones.
        """
        grid = np.linspace(-np.pi, np.pi, 721)[:, None]
        worst = [basis.gamma(np.repeat(grid, len(self._angles) or 1, axis=1)).max() ** 2 for basis in self.cuts]
        return float(prod(worst))

    def overhead_at(self, values: FloatArray) -> FloatArray:
        """The overhead at parameter sets of shape (n, parameters), shape (n,)."""
        angles = self._angles.at(self._checked(values))
        found = np.ones(len(angles))
        for basis in self.cuts:
            found = found * basis.gamma(angles) ** 2
        return found

    def expectations(self, values: FloatArray, shots: int | None = None, *, seed: int | None = None) -> Estimates:
        """Expectations of the whole circuit from its fragments, simulated without noise.

        Args:
            values: Parameter sets, shape (n, parameters), radians.
            shots: Per subexperiment on average, more for those that weigh more; None for exact expectations. Shots of
                different Pauli strings are drawn independently.
            seed: Makes shots reproducible.

        Raises:
            InputError: For values of another shape or not finite, or shots that are not positive.
        """
        angles = self._angles.at(self._checked(values))
        matrices, tensors, variances = self._measured(angles, _checked_shots(shots), _generator(seed))
        strings = self._knitter.whole(matrices, tensors)
        weight = self._observables.weights
        if variances is None:
            return Estimates(strings @ weight.T, np.zeros((len(strings), len(weight))))
        spread = self._knitter.variance(matrices, tensors, variances)
        return Estimates(strings @ weight.T, np.sqrt(np.maximum(spread, 0.0) @ (weight**2).T))

    def jacobian(self, values: FloatArray, shots: int | None = None, *, seed: int | None = None) -> Slopes:
        """Derivatives by all parameters.

        Angles of gates that are not cut are shifted by +-pi/2 in their own fragment alone; those of gates that are cut
        come from the coefficients, of the same results as the expectations: they cost no circuit.

        Args:
            values: As for `expectations`.
            shots: As for `expectations`, for every shift too.
            seed: As for `expectations`.

        Raises:
            InputError: As for `expectations`.
        """
        angles = self._angles.at(self._checked(values))
        number, rng = _checked_shots(shots), _generator(seed)
        matrices, tensors, variances = self._measured(angles, number, rng)
        slopes = np.zeros((len(angles), len(self._angles), self._observables.weights.shape[1]))
        spread = np.zeros_like(slopes)
        for k, basis in enumerate(self.cuts):
            if basis.angle is not None:
                turned = [*matrices]
                turned[k] = basis.slope(angles)
                slopes[:, basis.angle] += self._knitter.whole(turned, tensors)
                if variances is not None:
                    spread[:, basis.angle] += self._knitter.variance(turned, tensors, variances)
        for f, fragment in enumerate(self.fragments):
            around = self._knitter.around(matrices, tensors, f)
            others = None if variances is None else [v * (g != f) for g, v in enumerate(variances)]
            for angle in fragment.angles:
                difference, variance = self._shifted(f, angles, angle, number, rng)
                slopes[:, angle] += (around * difference).reshape(len(angles), -1, slopes.shape[2]).sum(axis=1)
                if variance is not None and others is not None:
                    mine = [variance if g == f else v for g, v in enumerate(others)]
                    shifted = [difference if g == f else t for g, t in enumerate(tensors)]
                    spread[:, angle] += self._knitter.variance(matrices, shifted, mine)
        weight, chain = self._observables.weights, self._angles.slopes
        found = np.einsum("nas,os,ap->nop", slopes, weight, chain, optimize=True)
        error = np.sqrt(np.maximum(np.einsum("nas,os,ap->nop", spread, weight**2, chain**2, optimize=True), 0.0))
        return Slopes(found, error)

    def _measured(
        self, angles: FloatArray, shots: int | None, rng: np.random.Generator
    ) -> tuple[list[FloatArray], list[FloatArray], list[FloatArray] | None]:
        """Coefficients of the cuts, and expectations of the fragments with their variances."""
        matrices = [basis.matrix(angles) for basis in self.cuts]
        pairs = [self._sampled(f, angles, shots, rng) for f in range(len(self.fragments))]
        tensors = [values for values, _ in pairs]
        return matrices, tensors, None if shots is None else [v for _, v in pairs if v is not None]

    def _sampled(
        self, f: int, angles: FloatArray, shots: int | None, rng: np.random.Generator
    ) -> tuple[FloatArray, FloatArray | None]:
        strings, which = self._local[f]
        exact = tensor(self.fragments[f], angles, strings)
        if shots is None:
            return exact[..., which], None
        each = tiered(weights(self.fragments[f], self.cuts, angles), shots)[None, ..., None]
        plus = rng.binomial(np.broadcast_to(each, exact.shape).astype(np.int64), np.clip((1 + exact) / 2, 0.0, 1.0))
        found = 2 * plus / each - 1
        certain = np.abs(exact) > 1 - 1e-12  # read from no qubit, or from one that cannot be otherwise
        variance = np.where(certain, 0.0, (1 - found**2 + 1 / each) / each)
        return found[..., which], variance[..., which]

    def _shifted(
        self, f: int, angles: FloatArray, angle: int, shots: int | None, rng: np.random.Generator
    ) -> tuple[FloatArray, FloatArray | None]:
        """Derivative of a fragment's expectations by an angle of its own, and its variance."""
        up, down = angles.copy(), angles.copy()
        up[:, angle] += np.pi / 2
        down[:, angle] -= np.pi / 2
        (above, one), (below, other) = (self._sampled(f, turned, shots, rng) for turned in (up, down))
        return (above - below) / 2, None if one is None or other is None else (one + other) / 4

    def _checked(self, values: FloatArray) -> FloatArray:
        try:
            array = np.asarray(values, dtype=np.float64)
        except (TypeError, ValueError):
            raise InputError(f"values={shown(values)} are no numbers; give (n, parameters) in radians") from None
        if array.ndim != 2 or array.shape[1] != self.num_parameters or not len(array):
            raise InputError(
                f"values of shape {array.shape}; the circuit needs (n, {self.num_parameters}) with at least one set"
            )
        if not np.isfinite(array).all():
            raise InputError("values hold NaN or infinity; angles must be finite")
        return array


def _checked_shots(shots: object) -> int | None:
    number = whole(shots, 1)
    if shots is not None and number is None:
        raise InputError(f"shots={shown(shots)} must be an integer of at least 1, or None for exact expectations")
    return number


def _generator(seed: object) -> np.random.Generator:
    return np.random.default_rng(checked_seed(seed))
