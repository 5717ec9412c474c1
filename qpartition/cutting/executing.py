"""A cut circuit on devices: its pieces as a workload of their own, and one round of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from backends.errors import InputError, shown
from backends.qpu import QPU
from backends.whole import whole
from qpartition.dispatch import Dispatcher
from qpartition.planning import plan
from qpartition.subvqc import SubVQC
from qpartition.topology import Topology
from qpartition.workload import MOST, Workload

from .angles import FloatArray
from .placed import CutCircuit, check_pieces, checked_copies
from .results import Estimates, Slopes
from .workload import cut_workload

if TYPE_CHECKING:
    from .knitted import Knitted

KEY = "circuit"
"""Name of the circuit in its workload."""


def checked_workload(knitted: Knitted, batch: object, copies: object = 1) -> Workload:
    """One evaluation of ``batch`` parameter sets as a workload: see `Knitted.workload`."""
    number = whole(batch, 1, MOST)
    if number is None:
        raise InputError(f"batch={shown(batch)} must be an integer 1..{MOST}: parameter sets of an evaluation")
    check_pieces(knitted, "the circuit: ")
    made = _workload(knitted, number, checked_copies(copies))
    if not made.subvqcs:
        raise InputError("no fragment has anything to measure: all expectations are known; leave executor out")
    return made


def _workload(knitted: Knitted, batch: int, copies: int) -> Workload:
    source = knitted.circuit.copy(name=KEY)
    source.metadata = {"outputs": source.num_qubits, "inputs": source.num_parameters, "weights": 0}
    subvqc = SubVQC.of(source)
    active = {KEY: np.ones(source.num_parameters, dtype=bool)}
    whole = Workload((subvqc,), active, batch, 1, ((KEY,),), input_gradient=True)
    return cut_workload(whole, lambda _: CutCircuit(knitted, copies))


def expectations(
    knitted: Knitted, values: FloatArray, executor: object, shots: int | None, seed: int | None
) -> Estimates:
    """See `Knitted.expectations`."""
    with _dispatcher(knitted, len(values), executor, shots, seed) as devices:
        found = devices.values({KEY: values}, {KEY: np.zeros(0)})[KEY]
    return Estimates(found.value, found.stderr)


def jacobian(knitted: Knitted, values: FloatArray, executor: object, shots: int | None, seed: int | None) -> Slopes:
    """See `Knitted.jacobian`."""
    with _dispatcher(knitted, len(values), executor, shots, seed) as devices:
        found = devices.jacobian({KEY: values}, {KEY: np.zeros(0)})[KEY]
    return Slopes(found.inputs, found.inputs_stderr)


@contextmanager
def _dispatcher(
    knitted: Knitted, batch: int, executor: object, shots: int | None, seed: int | None
) -> Iterator[Dispatcher]:
    """The user's own, or one for this once."""
    if isinstance(executor, Dispatcher):
        one = None if executor.plan.live is None else executor.plan.live.workload.cuts.get(KEY)
        if one is None or one.knitted is not knitted:
            raise InputError(
                "this dispatcher runs something else; make its plan with plan(knitted.workload(batch), ...)"
            )
        if seed is not None or shots not in (None, executor.plan.shots):
            raise InputError(f"shots={shown(shots)}, seed={shown(seed)}: a dispatcher has its own; leave both out")
        yield executor
        return
    made = plan(checked_workload(knitted, batch), _topology(knitted, executor), shots=shots)
    with Dispatcher(made, seed=seed) as devices:
        yield devices


def _topology(knitted: Knitted, executor: object) -> Topology:
    if isinstance(executor, Topology):
        return executor
    listed = list(executor) if isinstance(executor, list | tuple) else [executor]
    devices = [one for one in listed if isinstance(one, QPU)]
    if not listed or len(devices) < len(listed):
        raise InputError(
            f"executor={shown(executor)} must be a QPU such as open_qpu('fake:fez'), a list of them, a Topology, or a "
            "Dispatcher of knitted.workload(batch)"
        )
    return Topology(devices, max(knitted.widths))
