"""Error mitigation: what else has to be run, and the mitigated expectations from it. Never on unless asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from backends.errors import InputError, check_name, shown
from backends.qpu import PLAIN, Expectations, FloatArray, Variant
from backends.whole import whole

METHODS = ("readout", "zne")
"""``"readout"``: calibrated readout errors are inverted; ``"zne"``: zero-noise extrapolation by gate folding."""
FOLDS = (1, 3)
"""Noise factors of zero-noise extrapolation."""
LARGEST = 99
"""Largest noise factor; a circuit grows with it, and nothing is left of <Z> long before."""
CALIBRATION_SHOTS = 10_000
"""Shots of each of the two calibration circuits of a core."""
BASIS_STATES = (Variant(prepare=0), Variant(prepare=1))
"""The calibration circuits."""


@dataclass(frozen=True)
class Readout:
    """Readout of the outputs of one sub-VQC, from its calibration circuits.

    What is read is the affine function <Z>_read = offset + slope <Z>: the errors of different qubits are taken to be
    independent, as in the calibration data of the devices. Then the inverse is exact for single-qubit <Z>, and the
    joint inversion of libraries such as mthree, which needs whole counts, gives the same.

    Attributes:
        zero: <Z> read after |0>, shape (outputs,).
        one: <Z> read after |1>, shape (outputs,).
        stderr: Standard error of both, shape (outputs,).
    """

    zero: FloatArray
    one: FloatArray
    stderr: FloatArray

    @classmethod
    def of(cls, zero: Expectations, one: Expectations) -> Readout:
        """From the results of `BASIS_STATES`, one parameter set each."""
        return cls(zero.values[0], one.values[0], np.hypot(zero.stderr[0], one.stderr[0]) / np.sqrt(2))

    def corrected(self, read: Expectations) -> Expectations:
        """<Z> before the readout; the uncertainty of the calibration is added to the standard errors.

        Raises:
            InputError: If a qubit reads the same whatever its state.
        """
        slope, offset = (self.zero - self.one) / 2, (self.zero + self.one) / 2
        if (slope <= 3 * self.stderr).any() or (slope < 0.05).any():
            raise InputError(
                f"readout mitigation: an output reads <Z>={self.zero.min():.2f} for |0> and {self.one.max():.2f} for |1>, "
                "which cannot be told apart; use another core or --mapping noise-aware"
            )
        values = (read.values - offset) / slope
        # d values / d offset = -1/slope, d values / d slope = -values/slope
        calibration = self.stderr * np.sqrt((1 + values**2) / 2) / slope
        return Expectations(values, np.hypot(read.stderr / slope, calibration))

    def as_lists(self) -> list[list[float]]:
        """Plain numbers."""
        return [self.zero.tolist(), self.one.tolist(), self.stderr.tolist()]


@dataclass(frozen=True)
class Mitigation:
    """What is asked for.

    Attributes:
        readout: Invert calibrated readout errors; two circuits per core are run once.
        folds: Noise factors to extrapolate from; (1,) for no extrapolation.
    """

    readout: bool = False
    folds: tuple[int, ...] = (1,)

    def __post_init__(self) -> None:
        if not isinstance(self.readout, bool):
            raise InputError(f"readout={shown(self.readout)} must be True or False")
        object.__setattr__(self, "folds", _checked_folds(self.folds))

    @classmethod
    def of(cls, methods: Sequence[str], folds: Sequence[int] = FOLDS) -> Mitigation:
        """From names in `METHODS`.

        Args:
            methods: Names.
            folds: Noise factors of ``"zne"``: odd numbers that begin with 1 and grow.

        Raises:
            InputError: For an unknown name, or noise factors that cannot be extrapolated from.
        """
        methods = (methods,) if isinstance(methods, str) else methods
        if not isinstance(methods, Sequence):
            raise InputError(f"mitigation={shown(methods)} must be a list of names ({', '.join(METHODS)})")
        for name in methods:
            check_name("mitigation", name, METHODS)
        given = _checked_folds(folds)
        if len(given) < 2:
            raise InputError(f"folds={given}: an extrapolation needs at least two noise factors, such as (1, 3)")
        return cls("readout" in methods, given if "zne" in methods else (1,))

    @property
    def methods(self) -> tuple[str, ...]:
        """Names in `METHODS`."""
        chosen = {"readout": self.readout, "zne": len(self.folds) > 1}
        return tuple(name for name in METHODS if chosen[name])

    @property
    def variants(self) -> tuple[Variant, ...]:
        """What every parameter set is run as."""
        return tuple(PLAIN if fold == 1 else Variant(fold=fold) for fold in self.folds)

    @property
    def coefficients(self) -> tuple[float, ...]:
        """Weights of the noise factors in the extrapolation to zero (Richardson: the polynomial through all points)."""
        return tuple(prod(other / (other - own) for other in self.folds if other != own) for own in self.folds)

    def combined(self, found: Mapping[Variant, Expectations], readout: Readout | None) -> Expectations:
        """The mitigated expectations of one sub-VQC from the results of its `variants`."""
        if self.variants == (PLAIN,) and readout is None:
            return found[PLAIN]
        results = [found[variant] for variant in self.variants]
        if readout is not None:
            results = [readout.corrected(result) for result in results]
        weights = self.coefficients
        values = sum(weight * result.values for weight, result in zip(weights, results, strict=True))
        variance = sum((weight * result.stderr) ** 2 for weight, result in zip(weights, results, strict=True))
        return Expectations(np.asarray(values), np.sqrt(variance))


def _checked_folds(folds: object) -> tuple[int, ...]:
    given = tuple(whole(fold, 1, LARGEST) or 0 for fold in folds) if isinstance(folds, Sequence) else ()
    if given[:1] != (1,) or any(fold % 2 == 0 for fold in given) or list(given) != sorted(set(given)):
        raise InputError(
            f"folds={shown(folds)} must be growing odd numbers of at most {LARGEST} that begin with 1, such as (1, 3)"
        )
    return given


NONE = Mitigation()
"""Expectations as they are measured."""


def read_readout(saved: Any) -> dict[str, Readout]:
    """Readouts by sub-VQC key from the plain numbers of `Readout.as_lists`.

    Raises:
        InputError: If they are not such numbers.
    """
    try:
        found = {
            str(key): Readout(*(np.array(column, dtype=np.float64) for column in lists)) for key, lists in saved.items()
        }
        valid = all(
            np.isfinite(a).all() and a.shape == r.zero.shape for r in found.values() for a in (r.zero, r.one, r.stderr)
        )
    except (AttributeError, TypeError, ValueError) as error:
        raise InputError(
            f"a saved readout calibration cannot be read: {error}; give what state_dict returned"
        ) from None
    if not valid:
        raise InputError("a saved readout calibration holds numbers that are not finite; use an intact file")
    return found
