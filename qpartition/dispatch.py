"""The dispatcher: runs the rounds of a plan on its devices, one job per QPU and round, within a budget."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import numpy as np

from backends.checks import checked_seed
from backends.errors import BudgetError, InputError, check_is, shown
from backends.qpu import Expectations, FloatArray, Handle
from backends.whole import whole

from .checks import Rows, checked
from .counts import Counts, slowest
from .executor import Angles, Estimate, Jacobian, Masks, Weights
from .meter import Tallies
from .mitigation import BASIS_STATES, Readout, read_readout
from .packing import Pack, Task
from .planning import Plan
from .report import Report
from .shifts import Shifts

ROUNDING = 1e-9
"""Relative excess over a budget that is taken for a rounding error of the sums."""
_Tasks = Mapping[str, Mapping[Task, int]]
"""By QPU, parameter sets of every task."""


class Dispatcher:
    """An `Executor` on the devices of a plan; use it in a ``with`` block.

    Each call is one round. All sub-VQCs and rows that go to a QPU are one job, and all QPUs have their job
    before any result is waited for. Nothing is transpiled here, and no circuit runs that the plan has not placed.
    What a round costs is counted by the plan's own rules, also where a round differs from the planned ones (another
    batch, or derivatives with respect to x and h0, which `Workload.of` counts with ``input_gradient=True``).
    """

    def __init__(self, plan: Plan, *, budget_seconds: float | None = None, seed: int | None = None) -> None:
        """Ready to run; submits nothing yet.

        Args:
            plan: As made by `plan`; one loaded from a file has no devices.
            budget_seconds: A round that would bring the QPU seconds above this is refused.
            seed: Makes sampled results reproducible, round by round.

        Raises:
            InputError: If the plan has no devices, or the budget or seed is not a non-negative number.
        """
        check_is(plan, Plan, "make one with plan(workload, topology)")
        if plan.live is None:
            raise InputError(
                "a plan loaded from a file has no devices; make it again with plan(workload, topology, mapping=loaded.mapping)"
            )
        _check_budget(budget_seconds)
        self.plan = plan
        self.budget_seconds = budget_seconds
        self.seed = checked_seed(seed)
        self._meter = plan.live
        self._counts = Counts.of_rounds((), self._meter.qpus)
        self._sequence = 0
        self._readouts: dict[str, Readout] = {}
        self._closed = False

    def values(self, inputs: Angles, weights: Weights) -> dict[str, Estimate]:
        """<Z> for every row of every key, in one round.

        Args:
            inputs: Encoding angles by key, each of shape (rows, inputs).
            weights: Weights by key, each of shape (weights,).

        Raises:
            InputError: If the dispatcher is closed, or keys, shapes or angles do not fit the plan.
            BudgetError: If the round would exceed the budget; nothing is submitted.
        """
        rows = self._checked(inputs, weights)
        results = self._round({key: r.base for key, r in rows.items()})
        return {key: Estimate(result.values, result.stderr) for key, result in results.items()}

    def jacobian(self, inputs: Angles, weights: Weights, mask: Masks | None = None) -> dict[str, Jacobian]:
        """Derivatives for every row of every key by the parameter-shift rule, in one round.

        Args:
            inputs: As for `values`.
            weights: As for `values`.
            mask: Which derivatives are needed, see `qpartition.executor.Masks`; all by default.

        Raises:
            InputError: As for `values`.
            BudgetError: As for `values`.
        """
        rows = self._checked(inputs, weights, mask)
        shifts = {key: self._shifts(key, r) for key, r in rows.items()}
        results = self._round({key: shifts[key].values(r.base) for key, r in rows.items()})
        return {key: self._jacobian(key, shifts[key], result) for key, result in results.items()}

    def values_and_jacobian(
        self, inputs: Angles, weights: Weights, mask: Masks | None = None
    ) -> tuple[dict[str, Estimate], dict[str, Jacobian]]:
        """`values` and `jacobian` together in one round."""
        rows = self._checked(inputs, weights, mask)
        shifts = {key: self._shifts(key, r) for key, r in rows.items()}
        results = self._round({key: np.concatenate([r.base, shifts[key].values(r.base)]) for key, r in rows.items()})
        estimates, jacobians = {}, {}
        for key, result in results.items():
            plain, shifted = _split(result, len(rows[key].base))
            estimates[key] = Estimate(plain.values, plain.stderr)
            jacobians[key] = self._jacobian(key, shifts[key], shifted)
        return estimates, jacobians

    def twin_jacobian(self, inputs: Angles, weights: Weights, mask: Masks | None = None) -> dict[str, Jacobian]:
        """Derivatives of the exact noisy expectations, simulated by the devices' twins: no round, no job, no cost.

        Args:
            inputs: As for `values`.
            weights: As for `values`.
            mask: As for `jacobian`.

        Raises:
            InputError: As for `values`, or for a device that has no twin.
        """
        rows = self._checked(inputs, weights, mask)
        found: dict[str, Jacobian] = {}
        for name, group in self._meter.by_qpu({key: len(r.base) for key, r in rows.items()}).items():
            requests = [self._meter.request(key, rows[key].base) for key in group]
            wanted = [rows[key].mask & self._meter.workload.active[key] for key in group]
            slopes = self._meter.topology.qpus[name].derivatives(requests, wanted)
            for key, slope in zip(group, slopes, strict=True):
                count, zero = self._meter.workload.by_key[key].inputs, np.zeros_like(slope)
                found[key] = Jacobian(slope[..., :count], slope[..., count:], zero[..., :count], zero[..., count:])
        return {key: found[key] for key in rows if key in found}

    def report(self) -> Report:
        """What has been spent so far."""
        return Report(self._counts)

    def state_dict(self) -> dict[str, Any]:
        """What a resumed run needs to go on with the same numbers: plain numbers by name."""
        readout = {key: r.as_lists() for key, r in self._readouts.items()}
        return {**self._counts.as_dict(), "sequence": self._sequence, "readout": readout}

    def rewound(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """An earlier state, to repeat the rounds since then with the same seeds; what they cost stays spent.

        Raises:
            InputError: If the state does not say how many rounds it is from.
        """
        return {**self.state_dict(), "sequence": _sequence(state)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where `state_dict` was taken: spent seconds count against the budget, seeds continue.

        Raises:
            InputError: If the state cannot be read or does not fit this plan.
        """
        counts, sequence = Counts.from_dict(state), _sequence(state)
        strange = sorted(set(counts.per_qpu) - set(self._meter.qpus))
        if strange:
            raise InputError(
                f"the saved state spent time on {strange[0]!r}, which this plan does not use; resume with the same devices"
            )
        self._readouts = self._known_readouts(state.get("readout", {}))
        self._sequence = sequence
        self._counts = Counts.of_rounds((), self._meter.qpus) + counts

    def _known_readouts(self, saved: object) -> dict[str, Readout]:
        """A saved calibration: of every sub-VQC and all its outputs, or none."""
        found, known = read_readout(saved), self._meter.workload.by_key
        if found and {key: r.zero.shape for key, r in found.items()} != {k: (s.outputs,) for k, s in known.items()}:
            raise InputError(
                "the saved readout calibration is not of all outputs of this plan's sub-VQCs; use an intact file"
            )
        return found

    def close(self) -> None:
        """Run nothing more; the report stays. Closing twice is fine."""
        self._closed = True

    def __enter__(self) -> Self:
        """The dispatcher itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def _checked(self, inputs: Angles, weights: Weights, mask: Masks | None = None) -> dict[str, Rows]:
        if self._closed:
            raise InputError("this dispatcher is closed; make another one with Dispatcher(plan)")
        return checked(self._meter.workload.by_key, inputs, weights, mask)

    def _shifts(self, key: str, rows: Rows) -> Shifts:
        return Shifts.of(rows.mask & self._meter.workload.active[key])

    def _jacobian(self, key: str, shifts: Shifts, shifted: Expectations) -> Jacobian:
        slope, error = shifts.fold(shifted.values, shifted.stderr)
        inputs = self._meter.workload.by_key[key].inputs
        return Jacobian(slope[..., :inputs], slope[..., inputs:], error[..., :inputs], error[..., inputs:])

    def _round(self, values: Mapping[str, FloatArray]) -> dict[str, Expectations]:
        """Run parameter sets by key, each of shape (sets, parameters)."""
        self._calibrate()
        sets = {key: len(array) for key, array in values.items()}
        tallies = self._meter.round(sets)
        self._check_budget(tallies)
        tasks = {name: self._meter.tasks(group) for name, group in self._meter.by_qpu(sets).items()}
        found = self._run(tasks, values, tallies)
        results = {key: self._nothing(key) for key in values}
        for key in results:
            if sets[key]:
                variants = {variant: found[key, variant] for variant in self._meter.mitigation.variants}
                readout = self._readouts[key] if self._meter.mitigation.readout else None
                results[key] = self._meter.mitigation.combined(variants, readout)
        return results

    def _calibrate(self) -> None:
        """Run the calibration of the mitigation, once, before the first round."""
        tasks = self._meter.calibration_tasks()
        if not tasks or self._readouts:
            return
        tallies = self._meter.calibration()
        self._check_budget(tallies)
        found = self._run(
            tasks, {key: self._blank(key) for key in self._meter.workload.keys}, tallies, calibration=True
        )
        zero, one = BASIS_STATES
        self._readouts = {key: Readout.of(found[key, zero], found[key, one]) for key in self._meter.workload.keys}

    def _run(
        self, tasks: _Tasks, values: Mapping[str, FloatArray], tallies: Tallies, calibration: bool = False
    ) -> dict[Task, Expectations]:
        """One round: a job per QPU, all submitted before any is waited for."""
        submitted = []
        for name, group in tasks.items():
            packs = self._meter.packs(group)
            shots = self._meter.calibration_shots(name) if calibration else self._meter.shots
            handle = self._meter.topology.qpus[name].run(
                self._meter.bundles(packs, values), shots, seed=self._seed(name)
            )
            self._counts = self._counts.plus({name: tallies[name]})  # it counts as soon as it is accepted
            submitted.append((name, packs, handle))
        found: dict[Task, Expectations] = {}
        for name, packs, handle in submitted:
            found |= self._collect(name, packs, handle)
        self._counts = self._counts.plus({}, rounds=1 if tallies else 0, makespan=slowest(tallies))
        self._sequence += 1 if tallies else 0
        return found

    def _collect(self, name: str, packs: list[Pack], handle: Handle) -> dict[Task, Expectations]:
        """The results of a job by task, put together from their pieces."""
        pieces, results = [piece for one in packs for piece in one], handle.result()
        expected = [(piece.sets, self._meter.workload.by_key[piece.task[0]].outputs) for piece in pieces]
        if [result.values.shape for result in results] != expected:
            raise RuntimeError(
                f"{name} returned job {handle.job_id} with shapes other than the (sets, outputs) asked for"
            )
        found: dict[Task, list[Expectations]] = {}
        for piece, result in zip(pieces, results, strict=True):  # the pieces of a task are in order
            found.setdefault(piece.task, []).append(result)
        return {task: _joined(parts) for task, parts in found.items()}

    def _check_budget(self, tallies: Tallies) -> None:
        spent, budget = self._counts.qpu_seconds, self.budget_seconds
        after = self._counts.plus(tallies).qpu_seconds
        if budget is not None and after > budget * (1 + ROUNDING):
            raise BudgetError(
                f"{spent:.1f} QPU seconds spent, the next round would take {after - spent:.1f}, "
                f"the budget is {budget:.1f}; raise the budget, or use fewer shots, rows or parts"
            )

    def _seed(self, name: str) -> int | None:
        """The seed of one QPU's job in the coming round, a function of `seed` and the number of the round."""
        if self.seed is None:
            return None
        number = list(self._meter.topology.qpus).index(name)
        sequence = np.random.SeedSequence(self.seed, spawn_key=(self._sequence, number))
        return int(sequence.generate_state(1)[0] >> 1)

    def _blank(self, key: str) -> FloatArray:
        return np.zeros((1, self._meter.workload.by_key[key].circuit.num_parameters))

    def _nothing(self, key: str) -> Expectations:
        empty = np.empty((0, self._meter.workload.by_key[key].outputs))
        return Expectations(empty, empty)


def _joined(parts: list[Expectations]) -> Expectations:
    if len(parts) == 1:
        return parts[0]
    return Expectations(np.concatenate([p.values for p in parts]), np.concatenate([p.stderr for p in parts]))


def _split(result: Expectations, rows: int) -> tuple[Expectations, Expectations]:
    """The first ``rows`` sets, and the others."""
    return (
        Expectations(result.values[:rows], result.stderr[:rows]),
        Expectations(result.values[rows:], result.stderr[rows:]),
    )


def _sequence(state: object) -> int:
    """The number of rounds that a saved state was taken after."""
    given = state.get("sequence") if isinstance(state, Mapping) else None
    number = whole(given)
    if number is None:
        raise InputError(f"saved state: sequence={shown(given)} is not a number of rounds; use an intact file")
    return number


def _check_budget(budget_seconds: object) -> None:
    if budget_seconds is None:
        return
    if isinstance(budget_seconds, bool) or not isinstance(budget_seconds, int | float) or not budget_seconds >= 0:
        raise InputError(f"budget_seconds={shown(budget_seconds)} must be a number of at least 0, or None for no limit")
