"""A cut circuit as circuits to run: which parameter sets each of them takes, and expectations from their results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from backends.errors import InputError, shown
from backends.qpu import Expectations
from backends.whole import whole
from qpartition.shifts import BoolArray

from .angles import FloatArray
from .knitted import Knitted
from .results import Measured
from .shots import allotted, weights
from .units import CONSTANT, Unit, units

Indices = NDArray[np.intp]
MOST_PIECES = 4096
"""Subexperiments of one circuit on devices: each is a parameter set of its own for every row."""
MOST_COPIES = 100


def checked_copies(copies: object) -> int:
    """How many times each piece runs, as an int.

    Raises:
        InputError: For anything else than 1 to `MOST_COPIES`.
    """
    number = whole(copies, 1, MOST_COPIES)
    if number is None:
        raise InputError(f"copies={shown(copies)} must be an integer 1..{MOST_COPIES}: runs of each piece, on average")
    return number


def check_pieces(knitted: Knitted, where: str = "") -> None:
    """Refuse what would ask devices for too much.

    Raises:
        InputError: For more subexperiments than `MOST_PIECES`.
    """
    if knitted.subexperiments > MOST_PIECES:
        raise InputError(
            f"{where}{len(knitted.cuts)} cuts make {knitted.subexperiments:,} subexperiments of it, more than "
            f"{MOST_PIECES:,}; use fewer entangling gates across (the linear entangler, a smaller depth), fewer bridges, "
            "or wider cores"
        )


@dataclass(frozen=True, eq=False)
class CutCircuit:
    """A circuit that runs in pieces.

    Attributes:
        knitted: The fragments and how they are put together.
        copies: How many times each subexperiment is run, on average: the heavier ones more often, see `shots.allotted`.
    """

    knitted: Knitted
    copies: int = 1

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        """The circuits that are run, fragment by fragment."""
        return tuple(unit for unit in self._all_units if unit.runs)

    @cached_property
    def _all_units(self) -> tuple[Unit, ...]:
        """With those of which nothing is read: their expectations are 1."""
        local = self.knitted.local
        pieces = enumerate(self.knitted.fragments)
        return tuple(unit for f, fragment in pieces for unit in units(f, fragment, local[f][0]))

    def name(self, key: str, unit: int) -> str:
        """Name of a piece of the circuit ``key``: its fragment A, B, ... and the number of the circuit that it runs as."""
        fragment = self.units[unit].fragment
        number = sum(other.fragment == fragment for other in self.units[:unit])
        letter = chr(ord("A") + fragment) if fragment < 26 else f"F{fragment}."
        return f"{key}/{letter}{number}"

    def wanted(self, parameters: BoolArray) -> BoolArray:
        """Which angles of gates have to be looked at for derivatives by parameters, both of shape (rows, ...)."""
        depends = (self.knitted.angles.slopes != 0).astype(np.int64)
        return np.asarray(parameters.astype(np.int64) @ depends.T > 0)

    def sets(self, unit: int) -> int:
        """Parameter sets that one row takes."""
        return self.copies * len(self.units[unit].settings)

    def shares(self, angles: FloatArray) -> list[Indices]:
        """Per unit, the setting of each of the sets of a row; the same for all rows.

        Args:
            angles: All free angles of the whole circuit, shape (rows, angles).
        """
        found = []
        for k, unit in enumerate(self.units):
            weight = weights(self.knitted.fragments[unit.fragment], self.knitted.cuts, angles)
            found.append(allotted(weight.reshape(-1)[_flat(unit, weight.shape)], self.sets(k)))
        return found

    def values(self, unit: int, own: FloatArray, share: Indices) -> FloatArray:
        """Parameter sets of a unit: every row in all settings.

        Args:
            unit: Its number.
            own: Own angles of the fragment, shape (rows, own angles).
            share: From `shares`.

        Returns:
            Shape (rows x sets, parameters), the sets of a row one after the other.
        """
        settings = self.units[unit].settings[share]
        return np.hstack([np.repeat(own, len(share), axis=0), np.tile(settings, (len(own), 1))])

    def own(self, unit: int, angles: FloatArray) -> FloatArray:
        """Own angles of a unit's fragment from those of the whole circuit."""
        return angles[:, list(self.units[unit].own)]

    def read(
        self, fragment: int, rows: int, results: Mapping[int, Expectations], shares: Sequence[Indices]
    ) -> tuple[FloatArray, FloatArray]:
        """Expectations of a fragment and their variances, each of shape (rows, one axis per slot, strings).

        Args:
            fragment: Its number.
            rows: How many.
            results: Of its units, by their numbers, in the order of `values`; what is missing is 0.
            shares: From `shares`.
        """
        shape = tuple(len(slot.operations) for slot in self.knitted.fragments[fragment].slots)
        strings = len(self.knitted.local[fragment][0])
        tensor, variance = np.zeros((2, rows, int(np.prod(shape, dtype=np.intp)), strings))
        for unit in self._all_units:
            if unit.fragment == fragment:
                for string in (s for s, column in unit.columns if column == CONSTANT):
                    tensor[:, _flat(unit, shape), string] = 1.0
        for number, result in results.items():
            unit, share = self.units[number], shares[number]
            times = np.bincount(share, minlength=len(unit.settings))
            for string, column in unit.columns:
                if column == CONSTANT:
                    continue
                mean = _summed(result.values[:, column].reshape(rows, len(share)), share, len(times)) / times
                spread = _summed(result.stderr[:, column].reshape(rows, len(share)) ** 2, share, len(times)) / times**2
                here = _flat(unit, shape)
                tensor[:, here, string], variance[:, here, string] = mean, spread
        return tensor.reshape(rows, *shape, strings), variance.reshape(rows, *shape, strings)

    def measured(self, rows: int, results: Mapping[int, Expectations], shares: Sequence[Indices]) -> Measured:
        """Of all fragments; as for `read`, with the results of all units."""
        pairs = []
        for f in range(len(self.knitted.fragments)):
            mine = {k: result for k, result in results.items() if self.units[k].fragment == f}
            tensor, variance = self.read(f, rows, mine, shares)
            which = self.knitted.local[f][1]
            pairs.append((tensor[..., which], variance[..., which]))
        exact = not any(spread.any() for _, spread in pairs)
        return Measured([t for t, _ in pairs], None if exact else [v for _, v in pairs], joint=True)


def _flat(unit: Unit, shape: tuple[int, ...]) -> Indices:
    """Where a unit's settings are in an array over all choices, its axes made one."""
    return np.asarray(np.ravel_multi_index(tuple(unit.choices.T), shape) if shape else np.zeros(1, dtype=np.intp))


def _summed(array: FloatArray, share: Indices, settings: int) -> FloatArray:
    """Columns of the same setting added up: shape (rows, settings)."""
    found = np.zeros((len(array), settings))
    np.add.at(found.T, share, array.T)
    return found
