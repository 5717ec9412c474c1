"""The plan: which sub-VQC runs where, and what that costs, before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from backends.core import Core
from backends.errors import InputError, check_is, check_name, shown, unknown_name
from backends.whole import whole

from .advice import rep_delay_advice
from .counts import Counts, Sets
from .cutting.cut import MAX_OVERHEAD
from .cutting.fitting import CutSummary, fitted, summaries
from .cutting.placed import checked_copies
from .export import checked_path
from .gradients import GRADIENTS, SAMPLES, Asked, checked_samples, training_rounds
from .mapping import place
from .meter import Meter
from .mitigation import Mitigation
from .placement import CoreNames
from .plan_file import PlacedCircuit, from_json, to_json, write
from .plan_text import text
from .pricing import Usage
from .schedule import Schedule
from .topology import Topology
from .workload import JacobianMode, Workload

__all__ = ["GRADIENTS", "WIDE", "Plan", "plan"]

WIDE = ("whole", "cut")
"""What becomes of circuits that are wider than every core."""


@dataclass(frozen=True)
class Plan:
    """Where every sub-VQC runs and what that costs; nothing has run yet.

    Attributes:
        circuits: Every sub-VQC with its core and its size there.
        batch: Sequences per training step.
        steps: Time steps per sequence.
        shots: Shots per execution; None for exact expectations, which count once per set.
        gradient: How derivatives are measured, a name in `GRADIENTS`.
        jacobian: ``"deferred"``: one more round per step for all shifts; ``"fused"``: shifts with the values.
        samples: Weight shifts per sub-VQC and step; only ``"sampled-shift"`` draws them.
        packing: Sub-VQCs on different cores of a QPU run side by side, as one circuit.
        cuts: What was cut; the pieces are among ``circuits``, named ``<key>/A0``, ``<key>/B1``, ...
        mitigation: Names in `qpartition.mitigation.METHODS`.
        folds: Noise factors that are extrapolated from; (1,) for no extrapolation.
        note: What the mapping has to say of itself.
        advice: What would save QPU time, and what it risks; see `qpartition.advice`.
        calibration: Cost of what the mitigation runs once, before the first round.
        forward: Cost of one forward pass.
        step: Cost of one training step, forward pass included.
        epoch: Cost of one epoch; None without a `Schedule`.
        run: Cost of all epochs and of the calibration; None without a `Schedule`.
        live: The devices to run on; None in a plan that was loaded from a file.
    """

    circuits: tuple[PlacedCircuit, ...]
    batch: int
    steps: int
    shots: int | None
    gradient: str
    jacobian: str
    samples: int
    packing: bool
    cuts: tuple[CutSummary, ...]
    mitigation: tuple[str, ...]
    folds: tuple[int, ...]
    note: str
    advice: tuple[str, ...]
    calibration: Counts
    forward: Counts
    step: Counts
    epoch: Counts | None = None
    run: Counts | None = None
    live: Meter | None = field(default=None, compare=False, repr=False)

    @property
    def mapping(self) -> CoreNames:
        """Core name by sub-VQC key; can be given to `plan` again, for a topology where the names are the same qubits."""
        return CoreNames({c.key: c.core for c in self.circuits}, {c.key: c.physical for c in self.circuits})

    @property
    def fidelity(self) -> float:
        """Mean expected fidelity of the sub-VQCs; see `backends.qpu.Profile`."""
        return sum(circuit.fidelity for circuit in self.circuits) / len(self.circuits)

    def __str__(self) -> str:
        """Two tables: cores with what runs on them, and costs."""
        return text(self)

    def to_json(self) -> str:
        """The plan without the devices, as JSON."""
        return to_json(self)

    def save(self, path: str | Path) -> None:
        """Write `to_json` to a file, all or nothing.

        Raises:
            InputError: If the file cannot be written.
        """
        write(checked_path(path), self.to_json())

    @classmethod
    def load(cls, path: str | Path) -> Plan:
        """A saved plan, to look at or to take the mapping from; it has no devices to run on.

        Raises:
            InputError: If the file is missing or does not hold a plan.
        """
        return cls(**from_json(checked_path(path)))


def plan(
    workload: Workload,
    topology: Topology,
    mapping: str | Mapping[str, Core | str] = "round-robin",
    shots: int | None = 1024,
    gradient: str = "parameter-shift",
    jacobian: JacobianMode | None = None,
    samples: int = SAMPLES,
    packing: bool = True,
    mitigation: Sequence[str] | Mitigation = (),
    schedule: Schedule | None = None,
    wide: str = "whole",
    max_overhead: float = MAX_OVERHEAD,
    copies: int = 1,
    **options: Any,
) -> Plan:
    """Place a workload on devices and count what it costs there; runs nothing.

    Args:
        workload: The sub-VQCs and rounds of one training step.
        topology: The devices.
        mapping: A name in `MAPPINGS`, or core (or core name) by sub-VQC key.
        shots: Per execution; None for exact expectations on devices that can give them.
        gradient: A name in `GRADIENTS`.
        jacobian: ``"deferred"``: one more round per step for all shifts; ``"fused"``: shifts with the values;
            None: as the workload's model has it.
        samples: Weight shifts per sub-VQC and step of ``"sampled-shift"``.
        packing: Run sub-VQCs on different cores of a QPU side by side, as one circuit: a fraction of the executions.
            Gates then run at the same time as their neighbours'; a `Topology` with a guard keeps them apart.
        mitigation: Names in `qpartition.mitigation.METHODS`, or a `Mitigation`; nothing by default.
        schedule: How long the training is; the plan then says what an epoch and all of it cost.
        wide: What becomes of circuits that are wider than every core: ``"whole"``: they are refused; ``"cut"``: they run
            in pieces, see `qpartition.cutting`.
        max_overhead: Cuts with a larger sampling overhead are refused.
        copies: How many times each piece of a cut circuit runs, on average: those that weigh more in the sum more often.
        options: Passed on to the mapping.

    Raises:
        InputError: For unknown names, shots that are not positive or exceed what a device accepts, or a mapping
            that cannot be used (see `place`).
    """
    check_is(workload, Workload, "make one with Workload.of(model, batch, steps)")
    check_is(topology, Topology, "make one with Topology([open_qpu(...), ...])")
    jacobian = workload.jacobian if jacobian is None else jacobian
    if jacobian not in get_args(JacobianMode):
        raise unknown_name("jacobian", jacobian, get_args(JacobianMode))
    shots = _checked_shots(shots)
    if not isinstance(packing, bool):
        raise InputError(f"packing={shown(packing)} must be True or False")
    if schedule is not None and not isinstance(schedule, Schedule):
        raise InputError(f"schedule={shown(schedule)} must be a Schedule(train, evaluated, epochs), or None")
    samples = checked_samples(samples)
    check_name("wide", wide, WIDE)
    if wide == "cut":
        workload = fitted(workload, topology, max_overhead, checked_copies(copies))
    asked = Asked(jacobian, samples)
    rounds = training_rounds(workload, gradient, asked)
    usage = Usage(shots, gradient, jacobian, samples, packing)
    placement = place(mapping, workload, topology, usage=usage, **options)
    chosen = mitigation if isinstance(mitigation, Mitigation) else Mitigation.of(mitigation)
    _check_cuts(workload, gradient, chosen)
    meter = Meter(workload, topology, placement, shots, packing, chosen, movable=isinstance(mapping, str))
    calibration = Counts.of_rounds([meter.calibration()], meter.qpus)
    forward, step = _price(meter, workload.forward_rounds()), _price(meter, rounds)
    epoch = None if schedule is None else _epoch(meter, gradient, asked, schedule)
    return Plan(
        circuits=_circuits(meter),
        batch=workload.batch,
        steps=workload.steps,
        shots=shots,
        gradient=gradient,
        jacobian=jacobian,
        samples=samples,
        packing=packing,
        cuts=summaries(workload),
        mitigation=chosen.methods,
        folds=chosen.folds,
        calibration=calibration,
        note=getattr(placement, "note", ""),
        advice=rep_delay_advice(meter, step),
        forward=forward,
        step=step,
        epoch=epoch,
        run=None if epoch is None or schedule is None else calibration + epoch.times(schedule.epochs),
        live=meter,
    )


def _check_cuts(workload: Workload, gradient: str, mitigation: Mitigation) -> None:
    """What circuits that are cut do not go with."""
    if not workload.cuts:
        return
    if gradient in ("sampled-shift", "twin"):
        raise InputError(
            f"gradient={gradient!r} is not there for circuits that are cut; use parameter-shift, spsa or exact"
        )
    if mitigation.readout and any(subvqc.circuit.num_clbits for subvqc in workload.subvqcs):
        raise InputError(
            "readout mitigation knows the end of a circuit only, and pieces of cut circuits measure on the way; leave it out"
        )


def _checked_shots(shots: object) -> int | None:
    number = whole(shots, 1)
    if shots is not None and number is None:
        raise InputError(f"shots={shown(shots)} must be an integer of at least 1, or None for exact expectations")
    return number


def _price(meter: Meter, rounds: Iterable[Sets]) -> Counts:
    return Counts.of_rounds(map(meter.round, rounds), meter.qpus)


def _epoch(meter: Meter, gradient: str, asked: Asked, schedule: Schedule) -> Counts:
    """All steps, the smaller last one included, and the evaluation."""
    workload, total = meter.workload, _price(meter, ())
    for batch, times in schedule.batches(workload.batch).items():
        total += _price(meter, training_rounds(workload.resized(batch), gradient, asked)).times(times)
    if schedule.evaluated:
        total += _price(meter, workload.resized(schedule.evaluated).forward_rounds())
    return total


def _circuits(meter: Meter) -> tuple[PlacedCircuit, ...]:
    return tuple(
        PlacedCircuit(
            key=subvqc.key,
            core=meter.placement[subvqc.key].name,
            physical=meter.placement[subvqc.key].qubits,
            qubits=subvqc.num_qubits,
            parameters=subvqc.inputs + subvqc.weights,
            active=int(meter.workload.active[subvqc.key].sum()),
            two_qubit_gates=profile.two_qubit_gates,
            depth=profile.depth,
            seconds=profile.seconds,
            fidelity=profile.fidelity,
        )
        for subvqc in meter.workload.subvqcs
        for profile in [meter.profile(subvqc.key)]
    )
