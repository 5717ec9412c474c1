"""Options that mean nothing without devices, or nothing with them: refused, not ignored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backends.errors import InputError

from .settings import RunSettings, option

DEVICE_OPTIONS = (
    "shots", "mapping", "objective", "packing", "guard", "core_qubits", "wide", "mitigation", "jacobian", "samples",
    "perturbation", "signal", "budget", "wait",
)  # fmt: skip
MEASURED_GRADIENTS = ("parameter-shift", "sampled-shift", "spsa", "twin")


def require_devices(given: Mapping[str, Any], settings: RunSettings) -> None:
    """Refuse options that mean nothing without devices, or nothing with them, or nothing to the gradient."""
    for name in DEVICE_OPTIONS:
        if name in given and not settings.qpu:
            raise InputError(
                f"{option(name)} needs devices, exact simulation has no use for it; add --qpu, or leave it out"
            )
    if "wait" in given and not any(spec.startswith("ibm:") for spec in settings.qpu):
        raise InputError(
            "--wait is for real devices, simulated ones have no queue; add --qpu ibm:NAME, or leave it out"
        )
    if given.get("gradient") in MEASURED_GRADIENTS and not settings.qpu:
        raise InputError(
            f"--gradient {settings.gradient} needs devices, exact simulation differentiates exactly;"
            " add --qpu, or leave it out"
        )
    if given.get("train_shots") is not None and settings.qpu:
        raise InputError(
            "--train-shots is for exact simulation, devices have shot noise of their own (--shots);"
            " leave out --qpu or --train-shots"
        )
    for name, gradient in (("samples", "sampled-shift"), ("perturbation", "spsa")):
        if name in given and settings.gradient != gradient:
            raise InputError(
                f"{option(name)} means nothing to --gradient {settings.gradient}; add --gradient {gradient}, or leave it out"
            )
