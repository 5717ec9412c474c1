"""What a plan may be told: checked before anything is placed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, cast, get_args

from backends.errors import InputError, check_is, check_name, shown
from qpartition.arguments import checked_shots
from qpartition.gradients import GRADIENTS, Asked, checked_samples
from qpartition.mitigation import Mitigation
from qpartition.pricing import Usage
from qpartition.schedule import Schedule
from qpartition.topology import Topology
from qpartition.workload import JacobianMode, Workload

WIDE = ("whole", "cut")
"""What becomes of circuits that are wider than every core."""


class Settings(NamedTuple):
    """Checked arguments of `plan`, under the same names."""

    shots: int | None
    gradient: str
    asked: Asked
    packing: bool
    mitigation: Mitigation
    schedule: Schedule | None

    @property
    def usage(self) -> Usage:
        """What a mapping weighs QPU time by."""
        return Usage(self.shots, self.gradient, self.asked.jacobian, self.asked.samples, self.packing)


def check_subject(workload: object, topology: object) -> None:
    """Refuse what is not a workload or a topology."""
    check_is(workload, Workload, "make one with Workload.of(model, batch, steps)")
    check_is(topology, Topology, "make one with Topology([open_qpu(...), ...])")


def checked_settings(
    *, shots: object, gradient: str, jacobian: object, samples: object, packing: object, mitigation: Sequence[str] | Mitigation,
    schedule: object,
) -> Settings:  # fmt: skip
    """The arguments of `plan` that do not depend on one another.

    Raises:
        InputError: For unknown names, or shots and samples that are not positive.
    """
    check_name("jacobian", jacobian, get_args(JacobianMode))
    number = checked_shots(shots)
    if not isinstance(packing, bool):
        raise InputError(f"packing={shown(packing)} must be True or False")
    if schedule is not None and not isinstance(schedule, Schedule):
        raise InputError(f"schedule={shown(schedule)} must be a Schedule(train, evaluated, epochs), or None")
    asked = Asked(cast(JacobianMode, jacobian), checked_samples(samples))
    check_name("gradient", gradient, GRADIENTS)
    chosen = mitigation if isinstance(mitigation, Mitigation) else Mitigation.of(mitigation)
    return Settings(number, gradient, asked, packing, chosen, schedule)


def check_cuts(workload: Workload, gradient: str, mitigation: Mitigation) -> None:
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
