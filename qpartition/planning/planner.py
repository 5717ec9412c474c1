"""Make a plan: check, cut where that is asked for, place, price."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from backends.core import Core
from qpartition.advice import rep_delay_advice
from qpartition.cutting.fitting import summaries
from qpartition.gradients import SAMPLES
from qpartition.mapping import place
from qpartition.meter import Meter
from qpartition.mitigation import Mitigation
from qpartition.plan_file import PlacedCircuit
from qpartition.schedule import Schedule
from qpartition.topology import Topology
from qpartition.workload import JacobianMode, Workload

from .pieces import in_pieces
from .planned import Plan
from .prices import Prices
from .settings import check_cuts, check_subject, checked_settings


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
    max_overhead: float | None = None,
    copies: int | None = None,
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
        max_overhead: Cuts with a larger sampling overhead are refused; None: `cut.MAX_OVERHEAD` for those made here, none
            for a workload that is cut already.
        copies: How many times each piece of a cut circuit runs, on average: those that weigh more in the sum more often.
            None: as a workload that is cut already has it, once otherwise.
        options: Passed on to the mapping.

    Raises:
        InputError: For unknown names, shots that are not positive or exceed what a device accepts, a mapping that cannot
            be used (see `place`), or ``max_overhead`` or ``copies`` where nothing is cut.
    """
    check_subject(workload, topology)
    settings = checked_settings(
        shots=shots,
        gradient=gradient,
        jacobian=workload.jacobian if jacobian is None else jacobian,
        samples=samples,
        packing=packing,
        mitigation=mitigation,
        schedule=schedule,
    )
    workload = in_pieces(workload, topology, wide, max_overhead, copies)
    check_cuts(workload, gradient, settings.mitigation)
    placement = place(mapping, workload, topology, usage=settings.usage, **options)
    movable = isinstance(mapping, str)
    meter = Meter(workload, topology, placement, settings.shots, packing, settings.mitigation, movable)
    prices = Prices.of(meter, settings)
    return Plan(
        circuits=_circuits(meter),
        batch=workload.batch,
        steps=workload.steps,
        shots=settings.shots,
        gradient=gradient,
        jacobian=settings.asked.jacobian,
        samples=settings.asked.samples,
        packing=packing,
        cuts=summaries(workload),
        mitigation=settings.mitigation.methods,
        folds=settings.mitigation.folds,
        note=getattr(placement, "note", ""),
        advice=rep_delay_advice(meter, prices.step),
        live=meter,
        **prices._asdict(),
    )


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
