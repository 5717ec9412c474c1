"""What each way to a gradient asks of the devices: the rounds of one training step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

from backends.errors import InputError, check_name, shown
from backends.whole import whole

from .counts import Sets
from .workload import JacobianMode, Workload

SAMPLES = 32
"""Weight shifts that ``sampled-shift`` draws per sub-VQC and step, unless told otherwise."""


class Asked(NamedTuple):
    """How the model asks for derivatives: ``jacobian`` mode, and ``samples`` per sub-VQC where they are drawn."""

    jacobian: JacobianMode
    samples: int = SAMPLES


def parameter_shift(workload: Workload, asked: Asked) -> list[Sets]:
    """Two shifted parameter sets per angle, row and time step (Sec. II.E)."""
    return _with_shifts(workload, workload.shift_rounds(), asked.jacobian)


def sampled_shift(workload: Workload, asked: Asked) -> list[Sets]:
    """The shifts of the encoding angles as usual; then one more round with a fixed number of weight shifts."""
    drawn = {key: 2 * min(asked.samples, workload.weight_derivatives(key)) for key in workload.keys}
    return [*_with_shifts(workload, workload.shift_rounds(weights=False), asked.jacobian), *_some([drawn])]


def spsa(workload: Workload, asked: Asked) -> list[Sets]:
    """Two forward passes, with all parameters moved one way and the other."""
    return workload.forward_rounds() * 2


def no_shifts(workload: Workload, asked: Asked) -> list[Sets]:
    """A forward pass; the derivatives are simulated."""
    return workload.forward_rounds()


GRADIENTS: dict[str, Callable[[Workload, Asked], list[Sets]]] = {
    "parameter-shift": parameter_shift,
    "sampled-shift": sampled_shift,
    "spsa": spsa,
    "twin": no_shifts,
    "exact": no_shifts,
}
"""Name -> rounds of a training step, forward pass included: parameter sets by sub-VQC key, round by round."""


def training_rounds(workload: Workload, gradient: str, asked: Asked) -> list[Sets]:
    """The rounds of one training step.

    Raises:
        InputError: For an unknown name, or a number of samples that is not positive.
    """
    check_name("gradient", gradient, GRADIENTS)
    checked_samples(asked.samples)
    return GRADIENTS[gradient](workload, asked)


def checked_samples(samples: object) -> int:
    """Weight shifts per sub-VQC and step as an int.

    Raises:
        InputError: For a number that is not positive.
    """
    number = whole(samples, 1)
    if number is None:
        raise InputError(
            f"samples={shown(samples)} must be an integer of at least 1: weight shifts per sub-VQC and step"
        )
    return number


def _with_shifts(workload: Workload, shifts: list[dict[str, int]], jacobian: JacobianMode) -> list[Sets]:
    """``"fused"``: the shifts of a time step together with its values; ``"deferred"``: all in one more round."""
    if jacobian == "fused":
        both = zip(workload.forward_rounds(), shifts, strict=True)
        return [{key: plain[key] + sets for key, sets in wave.items()} for plain, wave in both]
    total: Counter[str] = Counter()
    for wave in shifts:
        total.update(wave)
    return [*workload.forward_rounds(), *_some([{key: total[key] for key in workload.keys}])]


def _some(rounds: Iterable[dict[str, int]]) -> list[Sets]:
    """The rounds that ask for anything, without the sub-VQCs that they ask nothing of."""
    asking = ({key: sets for key, sets in one.items() if sets} for one in rounds)
    return [one for one in asking if one]
