"""The plan: which sub-VQC runs where, and what that costs, before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, get_args

from backends.core import Core
from backends.errors import InputError, unknown_name

from .counts import Counts
from .mapping import place
from .meter import Meter
from .plan_file import PlacedCircuit, from_json, to_json, write
from .plan_text import text
from .topology import Topology
from .workload import JacobianMode, Workload

GRADIENTS = ("parameter-shift",)


@dataclass(frozen=True)
class Plan:
    """Where every sub-VQC runs and what a forward pass and a training step cost; nothing has run yet.

    Attributes:
        circuits: Every sub-VQC with its core and its size there.
        batch: Sequences per training step.
        steps: Time steps per sequence.
        shots: Shots per parameter set; None for exact expectations, which count once per set.
        gradient: How derivatives are measured.
        jacobian: ``"deferred"`` or ``"fused"``, see `Workload.training_rounds`.
        forward: Cost of one forward pass.
        step: Cost of one training step, forward pass included.
        live: The devices to run on; None in a plan that was loaded from a file.
    """

    circuits: tuple[PlacedCircuit, ...]
    batch: int
    steps: int
    shots: int | None
    gradient: str
    jacobian: str
    forward: Counts
    step: Counts
    live: Meter | None = field(default=None, compare=False, repr=False)

    @property
    def mapping(self) -> dict[str, str]:
        """Core name by sub-VQC key; can be given to `plan` again."""
        return {circuit.key: circuit.core for circuit in self.circuits}

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
        write(Path(path), self.to_json())

    @classmethod
    def load(cls, path: str | Path) -> Plan:
        """A saved plan, to look at or to take the mapping from; it has no devices to run on.

        Raises:
            InputError: If the file is missing or does not hold a plan.
        """
        return cls(**from_json(Path(path)))


def plan(
    workload: Workload,
    topology: Topology,
    mapping: str | Mapping[str, Core | str] = "round-robin",
    shots: int | None = 1024,
    gradient: str = "parameter-shift",
    jacobian: JacobianMode | None = None,
    **options: Any,
) -> Plan:
    """Place a workload on devices and count what it costs there; runs nothing.

    Args:
        workload: The sub-VQCs and rounds of one training step.
        topology: The devices.
        mapping: A name in `MAPPINGS`, or core (or core name) by sub-VQC key.
        shots: Per parameter set; None for exact expectations on devices that can give them.
        gradient: A name in `GRADIENTS`.
        jacobian: ``"deferred"``: one more round per step for all shifts; ``"fused"``: shifts with the values;
            None: as the workload's model has it.
        options: Passed on to the mapping.

    Raises:
        InputError: For unknown names, shots that are not positive or exceed what a device accepts, or a mapping
            that cannot be used (see `place`).
    """
    if gradient not in GRADIENTS:
        raise unknown_name("gradient", gradient, GRADIENTS)
    jacobian = workload.jacobian if jacobian is None else jacobian
    if jacobian not in get_args(JacobianMode):
        raise unknown_name("jacobian", jacobian, get_args(JacobianMode))
    if shots is not None and (not isinstance(shots, int) or isinstance(shots, bool) or shots < 1):
        raise InputError(f"shots={shots!r} must be an integer of at least 1, or None for exact expectations")
    meter = Meter(workload, topology, place(mapping, workload, topology, **options), shots)
    price = partial(Counts.of_rounds, qpus=meter.qpus)
    return Plan(
        circuits=_circuits(meter),
        batch=workload.batch,
        steps=workload.steps,
        shots=shots,
        gradient=gradient,
        jacobian=jacobian,
        forward=price(map(meter.round, workload.forward_rounds())),
        step=price(map(meter.round, workload.training_rounds(jacobian))),
        live=meter,
    )


def _circuits(meter: Meter) -> tuple[PlacedCircuit, ...]:
    return tuple(
        PlacedCircuit(
            key=subvqc.key,
            core=meter.placement[subvqc.key].name,
            qubits=subvqc.num_qubits,
            parameters=subvqc.inputs + subvqc.weights,
            active=int(meter.workload.active[subvqc.key].sum()),
            two_qubit_gates=meter.two_qubit_gates(subvqc.key),
        )
        for subvqc in meter.workload.subvqcs
    )
