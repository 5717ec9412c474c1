"""The dispatcher: runs the rounds of a plan on its devices, one job per QPU and round, within a budget."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

import numpy as np

from backends.checks import checked_seed
from backends.errors import BudgetError, InputError, PausedError, check_is, shown
from backends.qpu import Expectations, FloatArray
from backends.remote.errors import Offline
from backends.remote.qpu import RemoteQPU
from backends.remote.retry import RetryPolicy
from backends.whole import whole

from .asking import divided
from .checks import Rows, checked
from .counts import Counts, slowest
from .courier import Courier, Started, abandon, settle_bills
from .executor import Angles, Estimate, Jacobian, Masks, Weights
from .jobs import Job, JobMaker, joined
from .journal import Journal, JournalReader, Move
from .meter import Meter, Tallies
from .mitigation import BASIS_STATES, Readout, read_readout
from .packing import Task
from .planning import Plan
from .report import Report

log = logging.getLogger("qpartition.jobs")

MOVED = 1000
"""Numbers of jobs within a round and device: from here on for work that came from another device."""
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

    def __init__(
        self,
        plan: Plan,
        *,
        journal: Journal | JournalReader | None = None,
        budget_seconds: float | None = None,
        seed: int | None = None,
        retry: RetryPolicy | None = None,
        keep_local: bool = True,
    ) -> None:
        """Ready to run; submits nothing yet.

        Args:
            plan: As made by `plan`; one loaded from a file has no devices.
            journal: Where every job is written down, so that after any failure the same rounds cost nothing again. A
                `JournalReader` answers from an earlier run alone, and submits nothing to devices behind a network.
                None keeps the jobs of such devices in memory.
            budget_seconds: A round that would bring the QPU seconds above this is refused.
            seed: Makes sampled results reproducible, round by round, on simulated devices.
            retry: How long to wait for devices behind a network, and how often to try.
            keep_local: The journal also keeps the results of simulated devices.

        Raises:
            InputError: If the plan has no devices, or the budget or seed is not a non-negative number.
        """
        check_is(plan, Plan, "make one with plan(workload, topology)")
        if plan.live is None:
            raise InputError(
                "a plan loaded from a file has no devices; make it again with plan(workload, topology, mapping=loaded.mapping)"
            )
        if journal is not None and not isinstance(journal, Journal | JournalReader):
            raise InputError(f"journal={shown(journal)} must be a Journal; make one with Journal('run.sqlite')")
        if retry is not None:
            check_is(retry, RetryPolicy, "make one with RetryPolicy(...)")
        _check_budget(budget_seconds)
        self.plan = plan
        self.budget_seconds = budget_seconds
        self.seed = checked_seed(seed)
        self._meter = plan.live
        self._asker = plan.live.workload.asker()
        devices = self._meter.topology.qpus
        if journal is None and any(isinstance(qpu, RemoteQPU) for qpu in devices.values()):
            journal = Journal.in_memory()
        self._journal = journal
        self._courier = Courier(journal, retry or RetryPolicy(), keep_local)
        self._maker = JobMaker(None if journal is None else journal.run, self.seed, tuple(devices))
        self._moves = [] if journal is None else journal.moves()
        self._counts = Counts.of_rounds((), self._meter.qpus)
        self._sequence = 0
        self._carried = 0.0  # spent, and not in the journal
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
        question = self._asker.ask(self._checked(inputs, weights), values=True, slopes=False)
        return question.estimates(self._round(question.sets))

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
        question = self._asker.ask(self._checked(inputs, weights, mask), values=False, slopes=True)
        return question.jacobians(self._round(question.sets))

    def values_and_jacobian(
        self, inputs: Angles, weights: Weights, mask: Masks | None = None
    ) -> tuple[dict[str, Estimate], dict[str, Jacobian]]:
        """`values` and `jacobian` together in one round."""
        question = self._asker.ask(self._checked(inputs, weights, mask), values=True, slopes=True)
        results = self._round(question.sets)
        return question.estimates(results), question.jacobians(results)

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
        if self._meter.workload.cuts:
            raise InputError("derivatives by the twin are not known for cut circuits; use gradient='parameter-shift'")
        found: dict[str, Jacobian] = {}
        for name, group in self._meter.by_qpu({key: len(r.base) for key, r in rows.items()}).items():
            requests = [self._meter.request(key, rows[key].base) for key in group]
            wanted = [rows[key].mask & self._meter.workload.active[key] for key in group]
            slopes = self._meter.topology.qpus[name].derivatives(requests, wanted)
            for key, slope in zip(group, slopes, strict=True):
                found[key] = divided(slope, np.zeros_like(slope), self._meter.workload.by_key[key].inputs)
        return {key: found[key] for key in rows if key in found}

    def report(self) -> Report:
        """What has been spent so far."""
        if self._journal is None:
            return Report(self._counts)
        spent = self._journal.spent()
        return Report(self._counts, spent.retries, spent.billed, spent.wasted)

    def state_dict(self) -> dict[str, Any]:
        """What a resumed run needs to go on with the same numbers: plain numbers by name."""
        readout = {key: r.as_lists() for key, r in self._readouts.items()}
        return {**self._counts.as_dict(), "sequence": self._sequence, "readout": readout}

    def rewound(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """An earlier state, to repeat the rounds since then with the same seeds.

        What they cost stays spent; with a journal they cost nothing again, so the state is taken as it is.

        Raises:
            InputError: If the state does not say how many rounds it is from.
        """
        if self._journal is not None:
            return {**state, "sequence": _sequence(state)}
        return {**self.state_dict(), "sequence": _sequence(state)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where `state_dict` was taken: spent seconds count against the budget, seeds continue.

        Raises:
            InputError: If the state cannot be read or does not fit this plan.
        """
        counts, sequence = Counts.from_dict(state), _sequence(state)
        strange = sorted(set(counts.per_qpu) - set(self._meter.topology.qpus))
        if strange:
            raise InputError(
                f"the saved state spent time on {strange[0]!r}, which this plan does not use; resume with the same devices"
            )
        self._readouts = self._known_readouts(state.get("readout", {}))
        self._meter, self._sequence = self._meter_at(sequence), sequence
        self._counts = Counts.of_rounds((), self._meter.qpus) + counts
        known = self._journal.spent().estimated if isinstance(self._journal, Journal) else 0.0
        self._carried = max(0.0, counts.qpu_seconds - known)

    def _known_readouts(self, saved: object) -> dict[str, Readout]:
        """A saved calibration: of every sub-VQC and all its outputs, or none."""
        found, known = read_readout(saved), self._meter.workload.by_key
        if found and {key: r.zero.shape for key, r in found.items()} != {k: (s.outputs,) for k, s in known.items()}:
            raise InputError(
                "the saved readout calibration is not of all outputs of this plan's sub-VQCs; use an intact file"
            )
        return found

    def close(self) -> None:
        """Run nothing more and give back what devices hold open; the report stays. Closing twice is fine."""
        if self._closed:
            return
        remote = {n: q for n, q in self._meter.topology.qpus.items() if isinstance(q, RemoteQPU)}
        with (
            ExitStack() as stack
        ):  # every device is given back, whatever happens to the others; it may cost by the second
            for qpu in remote.values():
                stack.callback(qpu.close)
        self._closed = True
        if remote and isinstance(self._journal, Journal):
            settle_bills(self._journal, remote)

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
        return checked(self._meter.workload.asked, inputs, weights, mask)

    def _round(self, values: Mapping[str, FloatArray]) -> dict[str, Expectations]:
        """Run parameter sets by key, each of shape (sets, parameters)."""
        self._calibrate()
        sets = {key: len(array) for key, array in values.items()}
        tallies = self._meter.round(sets)
        found = self._run(self._tasks(sets), values, tallies)
        results = {key: self._nothing(key) for key in values}
        for key in results:
            if sets[key]:
                variants = {variant: found[key, variant] for variant in self._meter.mitigation.variants}
                readout = self._readouts[key] if self._meter.mitigation.readout else None
                results[key] = self._meter.mitigation.combined(variants, readout)
        return results

    def _tasks(self, sets: Mapping[str, int]) -> _Tasks:
        return {name: self._meter.tasks(group) for name, group in self._meter.by_qpu(sets).items()}

    def _calibrate(self) -> None:
        """Run the calibration of the mitigation, once, before the first round."""
        tasks = self._meter.calibration_tasks()
        if not tasks or self._readouts:
            return
        blank = {key: self._blank(key) for key in self._meter.workload.keys}
        found = self._run(tasks, blank, self._meter.calibration(), calibration=True)
        zero, one = BASIS_STATES
        self._readouts = {key: Readout.of(found[key, zero], found[key, one]) for key in self._meter.workload.keys}

    def _run(
        self, tasks: _Tasks, values: Mapping[str, FloatArray], tallies: Tallies, calibration: bool = False
    ) -> dict[Task, Expectations]:
        """One round: the jobs of all QPUs, all on their way before any is waited for."""
        left = {move.qpu for move in self._moves if move.round == self._sequence}
        here = {name: group for name, group in tasks.items() if name not in left}
        results, gone = self._deliver(here, values, tallies, calibration)
        for name in [name for name in tasks if name in left | gone]:
            results |= self._elsewhere(name, tasks[name], values, calibration)
        self._counts = self._counts.plus({}, rounds=1 if tallies else 0, makespan=slowest(tallies))
        self._sequence += 1 if tallies else 0
        return results

    def _deliver(
        self, tasks: _Tasks, values: Mapping[str, FloatArray], tallies: Tallies, calibration: bool, part: int = 0
    ) -> tuple[dict[Task, Expectations], set[str]]:
        """Run jobs; their results, and the devices that are off line."""
        jobs = [
            job
            for name, group in tasks.items()
            for job in self._maker.jobs(
                self._meter, name, group, values, self._shots(name, calibration), self._sequence, part
            )
        ]
        self._check_budget({name: tallies[name] for name in tasks}, jobs)
        found, gone, started = dict[Task, list[Expectations]](), set[str](), list[Started]()
        try:
            for job in jobs:
                started.append(self._courier.start(self._meter.topology.qpus[job.qpu], job, self._share(job, jobs)))
                if job.submission.part == part:  # it counts once it is on its way
                    self._counts = self._counts.plus({job.qpu: tallies[job.qpu]})
            for job, one in zip(jobs, started, strict=True):
                try:
                    for task, result in job.by_task(self._meter, one.result(), one.job_id):
                        found.setdefault(task, []).append(result)
                except Offline:
                    gone.add(job.qpu)
        except BaseException:
            abandon(started)
            raise
        self._counts = self._counts.plus({name: tallies[name].times(-1) for name in gone})
        return {task: joined(parts) for task, parts in found.items()}, gone

    def _elsewhere(
        self, name: str, group: Mapping[Task, int], values: Mapping[str, FloatArray], calibration: bool
    ) -> dict[Task, Expectations]:
        """Run the part of a round whose device is off line on the others, and whatever comes after it too."""
        known = next((move for move in self._moves if (move.round, move.qpu) == (self._sequence, name)), None)
        movable = self._meter.movable and (known is not None or isinstance(self._journal, Journal))
        meter = self._meter.without(name, None if known is None else known.placement) if movable else None
        if meter is None:
            raise PausedError(f"{name} is off line and its sub-VQCs may run nowhere else; resume when it is back")
        if known is None:
            self._move(Move(self._sequence, name, self._meter.changes(meter)))
        self._meter = meter
        if self._readouts and not calibration:
            self._readouts = {}  # other cores read out differently
            self._calibrate()
        tasks: dict[str, dict[Task, int]] = {}
        for task, count in group.items():
            tasks.setdefault(meter.placement[task[0]].qpu, {})[task] = count
        tallies = {host: meter.job(host, own, self._shots(host, calibration)) for host, own in tasks.items()}
        results, gone = self._deliver(tasks, values, tallies, calibration, part=MOVED)
        for host in sorted(gone):
            results |= self._elsewhere(host, tasks[host], values, calibration)
        return results

    def _move(self, move: Move) -> None:
        """Remember that the work of a device is done elsewhere from now on."""
        self._moves.append(move)
        text = f"off line: its work moves to {', '.join(sorted(set(move.placement.values())))}"
        log.warning("%s: %s", move.qpu, text)
        if isinstance(self._journal, Journal):
            self._journal.moved(move)
            self._journal.note(move.qpu, text)

    def _meter_at(self, number: int) -> Meter:
        """Where sub-VQCs are in round ``number``, after the moves of earlier ones."""
        meter = self.plan.live
        for move in self._moves:
            if meter is not None and move.round < number:
                meter = meter.without(move.qpu, move.placement)
        if meter is None:
            raise InputError(
                "the journal moves work to cores that this plan does not have; resume with the same devices"
            )
        return meter

    def _shots(self, name: str, calibration: bool) -> int | None:
        return self._meter.calibration_shots(name) if calibration else self._meter.shots

    def _share(self, job: Job, jobs: list[Job]) -> Callable[[], float | None]:
        """QPU seconds that one of a round's jobs may still take: of what is left of the budget, as much as it is estimated."""
        budget, whole = self.budget_seconds, sum(one.submission.estimated for one in jobs)
        if budget is None or not whole:
            return lambda: None
        mine = job.submission.estimated / whole
        return lambda: max(0.0, budget - self._spent()) * mine

    def _spent(self) -> float:
        """QPU seconds so far: as charged where that is known, repeated and failed jobs included."""
        if isinstance(self._journal, Journal):
            return self._carried + self._journal.spent().seconds
        return self._counts.qpu_seconds

    def _check_budget(self, tallies: Tallies, jobs: list[Job]) -> None:
        """Refuse jobs that would exceed the budget; those that the journal knows cost nothing more."""
        if self.budget_seconds is None:
            return
        spent, journal = self._spent(), self._journal
        if isinstance(journal, Journal):
            price = sum(job.submission.estimated for job in jobs if not journal.known(job.submission.key))
        else:
            price = sum(tally.qpu_seconds for tally in tallies.values())
        if spent + price > self.budget_seconds * (1 + ROUNDING) and price > 0:
            raise BudgetError(
                f"{spent:.1f} QPU seconds spent, the next round would take {price:.1f}, "
                f"the budget is {seconds_text(self.budget_seconds)}; raise the budget, or use fewer shots, rows or parts"
            )

    def _blank(self, key: str) -> FloatArray:
        return np.zeros((1, self._meter.workload.by_key[key].circuit.num_parameters))

    def _nothing(self, key: str) -> Expectations:
        empty = np.empty((0, self._meter.workload.by_key[key].columns))
        return Expectations(empty, empty)


def _sequence(state: object) -> int:
    """The number of rounds that a saved state was taken after."""
    given = state.get("sequence") if isinstance(state, Mapping) else None
    number = whole(given)
    if number is None:
        raise InputError(f"saved state: sequence={shown(given)} is not a number of rounds; use an intact file")
    return number


def seconds_text(seconds: float) -> str:
    """With one decimal, or more where that would say nothing."""
    return f"{seconds:.1f}" if seconds >= 0.1 or not seconds else f"{seconds:.2g}"


def _check_budget(budget_seconds: object) -> None:
    if budget_seconds is None:
        return
    if isinstance(budget_seconds, bool) or not isinstance(budget_seconds, int | float) or not budget_seconds >= 0:
        raise InputError(f"budget_seconds={shown(budget_seconds)} must be a number of at least 0, or None for no limit")
