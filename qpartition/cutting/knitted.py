"""A circuit that has been cut, and its expectations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit

from backends.checks import checked_seed
from backends.errors import InputError, shown
from qpartition.arguments import checked_shots

from .angles import Angles, FloatArray
from .bases import CutBasis
from .fragments import Fragment
from .knit import Knitter
from .observables import Observables
from .results import Difference, Estimates, Measured, Slopes
from .sharing import Sharing, Source
from .simulation import Simulation
from .units import runs

if TYPE_CHECKING:
    from qpartition.workload import Workload


class Knitted:
    """Fragments, cuts and observables; made by `cut`.

    Attributes:
        circuit: What was cut.
        fragments: What it fell into.
        cuts: The decompositions of the gates and wires that were cut.
        num_parameters: Of the circuit, in the order of ``circuit.parameters``.
        angles: All free angles of its gates as functions of these.
        local: Per fragment, the distinct Pauli strings that are read of it, and which of them each string of the
            observables needs.
        simulation: Of the fragments, without noise.
    """

    def __init__(
        self,
        circuit: QuantumCircuit,
        fragments: Sequence[Fragment],
        cuts: Sequence[CutBasis],
        angles: Angles,
        observables: Observables,
    ) -> None:
        self.circuit = circuit
        self.fragments, self.cuts = tuple(fragments), tuple(cuts)
        self.num_parameters = int(angles.slopes.shape[1])
        self.angles = angles
        self.local = [observables.local(fragment) for fragment in self.fragments]
        self.observables = observables
        self._knitter = Knitter(self.fragments, len(self.cuts))
        self._sharing = {joint: self._shared(joint) for joint in (False, True)}
        self.simulation = Simulation(self.fragments, self.cuts, self.local)

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
        return float(prod(gammas.max() ** 2 for gammas in self._gammas()))

    @property
    def least_overhead(self) -> float:
        """The same with every free angle of a cut gate where it costs least, such as a RZZ by 0."""
        return float(prod(gammas.min() ** 2 for gammas in self._gammas()))

    def _gammas(self) -> list[FloatArray]:
        """Of every cut, over all of its angles."""
        grid = np.linspace(-np.pi, np.pi, 721)[:, None]
        return [basis.gamma(np.repeat(grid, len(self.angles) or 1, axis=1)) for basis in self.cuts]

    def overhead_at(self, values: FloatArray) -> FloatArray:
        """The overhead at parameter sets of shape (n, parameters), shape (n,)."""
        angles = self.angles.at(self._checked(values))
        found = np.ones(len(angles))
        for basis in self.cuts:
            found = found * basis.gamma(angles) ** 2
        return found

    def workload(self, batch: int, copies: int = 1) -> Workload:
        """One evaluation of ``batch`` parameter sets, to plan it on devices and to make a `Dispatcher` of the plan.

        Args:
            batch: Parameter sets.
            copies: How many times each piece runs, on average: those that weigh more in the sum more often.

        Raises:
            InputError: For numbers that are not positive, more pieces than devices should be asked for, or where there is
                nothing to measure.
        """
        from .executing import checked_workload

        return checked_workload(self, batch, copies)

    def expectations(
        self, values: FloatArray, shots: int | None = None, *, executor: object = None, seed: int | None = None
    ) -> Estimates:
        """Expectations of the whole circuit from its fragments.

        Args:
            values: Parameter sets, shape (n, parameters), radians.
            shots: Per subexperiment; None for exact expectations. In simulation that is an average, more for those that
                weigh more; each distinct Pauli string of a fragment has shots of its own.
            executor: Who runs the fragments: a QPU, a list of them, a `Topology`, or a `Dispatcher` of `workload`; all
                in one round, one job per device. None simulates them here, without noise.
            seed: Makes shots reproducible.

        Raises:
            InputError: For values of another shape or not finite, shots that are not positive, or an executor that
                cannot run them.
        """
        checked = self._checked(values)
        if executor is not None:
            from .executing import expectations

            return expectations(self, checked, executor, shots, seed)
        angles = self.angles.at(checked)
        return self.estimates(angles, self.simulation.measured(angles, checked_shots(shots), _generator(seed)))

    def jacobian(
        self, values: FloatArray, shots: int | None = None, *, executor: object = None, seed: int | None = None
    ) -> Slopes:
        """Derivatives by all parameters.

        Angles of gates that are not cut are shifted by +-pi/2 in their own fragment alone; those of gates that are cut
        come from the coefficients, of the same results as the expectations: they cost no circuit.

        Args:
            values: As for `expectations`.
            shots: As for `expectations`, for every shift too.
            executor: As for `expectations`.
            seed: As for `expectations`.

        Raises:
            InputError: As for `expectations`.
        """
        checked = self._checked(values)
        if executor is not None:
            from .executing import jacobian

            return jacobian(self, checked, executor, shots, seed)
        angles = self.angles.at(checked)
        number, rng = checked_shots(shots), _generator(seed)
        measured = self.simulation.measured(angles, number, rng)
        return self.slopes(angles, measured, self.simulation.differences(angles, number, rng))

    def estimates(self, angles: FloatArray, measured: Measured) -> Estimates:
        """Expectations of the whole circuit from measured ones of the fragments.

        Args:
            angles: Shape (n, angles), see `angles`.
            measured: At these angles.
        """
        matrices, weight = self._matrices(angles), self.observables.weights
        values = self._knitter.whole(matrices, measured.tensors) @ weight.T
        if measured.variances is None:
            return Estimates(values, np.zeros_like(values))
        sharing = self._sharing[measured.joint]
        spread = self._knitter.variance(matrices, measured.tensors, measured.variances, sharing)
        return Estimates(values, np.sqrt(spread))

    def slopes(self, angles: FloatArray, measured: Measured, differences: Iterable[Difference]) -> Slopes:
        """Derivatives of the whole circuit: by angles of cut gates, and by the others where there is a difference.

        Args:
            angles: Shape (n, angles), see `angles`.
            measured: At these angles.
            differences: Of fragments.
        """
        matrices, (tensors, variances, joint) = self._matrices(angles), measured
        weight, chain, sharing = self.observables.weights, self.angles.slopes, self._sharing[joint]
        slopes = np.zeros((len(angles), len(self.angles), weight.shape[1]))
        spread = np.zeros((len(angles), len(self.angles), len(weight)))
        for k, basis in enumerate(self.cuts):
            if basis.angle is not None:
                turned = [*matrices]
                turned[k] = basis.slope(angles)
                slopes[:, basis.angle] += self._knitter.whole(turned, tensors)
                if variances is not None:
                    spread[:, basis.angle] += self._knitter.variance(turned, tensors, variances, sharing)
        around = dict[int, FloatArray]()
        for f, rows, which, difference, variance in differences:
            if not len(rows):
                continue
            if f not in around:
                around[f] = self._knitter.around(matrices, tensors, f)
            here = np.broadcast_to(around[f], (len(angles), *around[f].shape[1:]))[rows]
            slopes[rows, which] += (here * difference).reshape(len(rows), -1, slopes.shape[2]).sum(axis=1)
            if variance is not None and variances is not None:
                of_rows = [_rows(matrix, rows) for matrix in matrices]
                spreads = [variance if g == f else _rows(v, rows) for g, v in enumerate(variances)]
                shifted = [difference if g == f else _rows(t, rows) for g, t in enumerate(tensors)]
                spread[rows, which] += self._knitter.variance(of_rows, shifted, spreads, sharing)
        found = np.einsum("nas,os,ap->nop", slopes, weight, chain, optimize=True)
        error = np.einsum("nao,ap->nop", np.sqrt(spread), np.abs(chain), optimize=True)
        return Slopes(found, error)

    def _shared(self, joint: bool) -> Sharing:
        """Which strings share samples: see `Measured`."""
        sources = [Source(which, (runs(own) if joint else np.arange(len(own)))[which]) for own, which in self.local]
        return Sharing(self.observables.weights, sources)

    def _matrices(self, angles: FloatArray) -> list[FloatArray]:
        """Coefficients of the cuts."""
        return [basis.matrix(angles) for basis in self.cuts]

    def _checked(self, values: FloatArray) -> FloatArray:
        try:
            array = np.asarray(values, dtype=np.float64)
        except (TypeError, ValueError, OverflowError):
            raise InputError(f"values={shown(values)} are no numbers; give (n, parameters) in radians") from None
        if array.ndim != 2 or array.shape[1] != self.num_parameters or not len(array):
            raise InputError(
                f"values of shape {array.shape}; the circuit needs (n, {self.num_parameters}) with at least one set"
            )
        if not np.isfinite(array).all():
            raise InputError("values hold NaN or infinity; angles must be finite")
        return array


def _rows(array: FloatArray, rows: NDArray[np.intp]) -> FloatArray:
    """Some rows of an array, or its one row where it is for all."""
    return array if len(array) == 1 else array[rows]


def _generator(seed: object) -> np.random.Generator:
    return np.random.default_rng(checked_seed(seed))
