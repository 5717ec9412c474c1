"""The ways to a gradient on devices, by name, and what they need of an executor."""

from __future__ import annotations

from typing import Any

from backends.errors import InputError, unknown_name

GRADIENTS = ("auto", "exact", "parameter-shift", "sampled-shift", "spsa", "twin")
JACOBIANS = ("deferred", "fused")
SAMPLES = 32
"""Weight shifts per sub-VQC and step of ``"sampled-shift"``, unless told otherwise; as in `qpartition.gradients`."""


def check_modes(gradient: object, jacobian: object, samples: object = SAMPLES) -> None:
    """Refuse names that do not exist and numbers of samples that cannot be drawn.

    Raises:
        InputError: Names the value and what would do.
    """
    if gradient not in GRADIENTS:
        raise unknown_name("gradient", str(gradient), GRADIENTS)
    if jacobian not in JACOBIANS:
        raise unknown_name("jacobian", str(jacobian), JACOBIANS)
    if not isinstance(samples, int) or isinstance(samples, bool) or samples < 1:
        raise InputError(f"samples={samples!r} must be an integer of at least 1: weight shifts per sub-VQC and step")


def check_executor(executor: Any, gradient: str) -> None:
    """Refuse an object that cannot give what the gradient takes, before anything is paid for.

    Raises:
        InputError: Names the type and the remedy.
    """
    kind = type(executor).__name__
    if not callable(getattr(executor, "values", None)):
        raise InputError(f"the executor is of type {kind}, which has no values(); give a qpartition.Dispatcher")
    if gradient == "twin" and not callable(getattr(executor, "twin_jacobian", None)):
        raise InputError(
            f"gradient='twin' needs an executor with twin_jacobian(), {kind} has none; give a qpartition.Dispatcher,"
            " or use gradient='parameter-shift'"
        )
