"""The dispatcher's public face: what a model asks of it, its state, and its end."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from backends.checks import checked_seed
from backends.errors import InputError, check_is, shown
from backends.remote.qpu import RemoteQPU
from backends.remote.retry import RetryPolicy
from qpartition.checks import Rows, checked
from qpartition.executor import Angles, Estimate, Jacobian, Masks, Weights
from qpartition.journal import Journal, JournalReader
from qpartition.planning import Plan
from qpartition.report import Report

from .courier import Courier, settle_bills
from .jobs import JobMaker
from .mitigated import MitigatedRounds
from .moves import Moves
from .rounds import Rounds
from .saved import saved_counts, saved_readouts, saved_sequence
from .spending import Spending
from .twin import twin_jacobians


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
        self.plan = plan
        self.seed = checked_seed(seed)
        self._planned = plan.live
        self._asker = plan.live.workload.asker()
        devices = plan.live.topology.qpus
        if journal is None and any(isinstance(qpu, RemoteQPU) for qpu in devices.values()):
            journal = Journal.in_memory()
        self._journal = journal
        self._spending = Spending(budget_seconds, journal, plan.live.qpus)
        self._moves = Moves(journal)
        courier = Courier(journal, retry or RetryPolicy(), keep_local)
        maker = JobMaker(None if journal is None else journal.run, self.seed, tuple(devices))
        self._rounds = Rounds(plan.live, courier, maker, self._moves, self._spending)
        self._mitigated = MitigatedRounds(self._rounds)
        self._closed = False

    @property
    def budget_seconds(self) -> float | None:
        """QPU seconds that may be spent; None for no limit."""
        return self._spending.limit

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
        return question.estimates(self._mitigated.run(question.sets))

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
        return question.jacobians(self._mitigated.run(question.sets))

    def values_and_jacobian(
        self, inputs: Angles, weights: Weights, mask: Masks | None = None
    ) -> tuple[dict[str, Estimate], dict[str, Jacobian]]:
        """`values` and `jacobian` together in one round."""
        question = self._asker.ask(self._checked(inputs, weights, mask), values=True, slopes=True)
        results = self._mitigated.run(question.sets)
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
        return twin_jacobians(self._rounds.meter, self._checked(inputs, weights, mask))

    def report(self) -> Report:
        """What has been spent so far."""
        return self._spending.report()

    def state_dict(self) -> dict[str, Any]:
        """What a resumed run needs to go on with the same numbers: plain numbers by name."""
        readout = {key: r.as_lists() for key, r in self._mitigated.readouts.items()}
        return {**self._spending.counts.as_dict(), "sequence": self._rounds.sequence, "readout": readout}

    def rewound(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """An earlier state, to repeat the rounds since then with the same seeds.

        What they cost stays spent; with a journal they cost nothing again, so the state is taken as it is.

        Raises:
            InputError: If the state does not say how many rounds it is from.
        """
        if self._journal is not None:
            return {**state, "sequence": saved_sequence(state)}
        return {**self.state_dict(), "sequence": saved_sequence(state)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where `state_dict` was taken: spent seconds count against the budget, seeds continue.

        Raises:
            InputError: If the state cannot be read or does not fit this plan.
        """
        counts, sequence = saved_counts(state, self._planned.topology.qpus), saved_sequence(state)
        readouts = saved_readouts(state, self._planned.workload)
        meter = self._moves.meter_at(self._planned, sequence)
        self._rounds.meter, self._rounds.sequence, self._mitigated.readouts = meter, sequence, readouts
        self._spending.resume(counts, meter.qpus)

    def close(self) -> None:
        """Run nothing more and give back what devices hold open; the report stays. Closing twice is fine."""
        if self._closed:
            return
        remote = {n: q for n, q in self._rounds.meter.topology.qpus.items() if isinstance(q, RemoteQPU)}
        # every device is given back, whatever happens to the others; it may cost by the second
        with ExitStack() as stack:
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
        return checked(self._rounds.meter.workload.asked, inputs, weights, mask)
