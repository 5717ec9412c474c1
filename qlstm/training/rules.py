"""What would be ignored, command by command: the options of a run that mean nothing to it; see `unused`."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import signature
from pathlib import Path

from qpartition.mapping import MAPPINGS

from ..gradients import GRADIENTS
from ..tasks import TASKS
from .settings import RunSettings
from .signal import MEASURED
from .unused import Given, Unused

SHIFTED = ("auto", "parameter-shift", "sampled-shift")
"""Gradients made of shifted circuits, which ``--jacobian`` sorts into rounds."""


def weighs(mapping: str) -> bool:
    """Whether a mapping looks at an objective; one that does not exist is left to be refused by its name."""
    return mapping not in MAPPINGS or "objective" in signature(MAPPINGS[mapping]).parameters


def _without_u(task: str) -> bool:
    """Whether this is a task, or a file, that knows no ``with_u``."""
    return "with_u" not in signature(TASKS[task]).parameters if task in TASKS else Path(task).exists()


def _idle_signal(s: RunSettings, given: Given) -> bool:
    """Neither the noise of the gradient nor that of the losses is known; see `signal` and `spread`."""
    return s.signal and (s.shots is None or (bool(s.mitigation) and s.gradient not in MEASURED))


def _on_ideal_devices(s: RunSettings, given: Given) -> bool:
    return bool(s.qpu) and all(spec.strip() in ("exact", "aer") for spec in s.qpu)


_DATA = (
    Unused(("with_u",), "is for the NARMA tasks, {s.task} has no input u; leave it out", lambda s, g: _without_u(s.task)),
    Unused(
        ("with_u",),
        "contradicts --features, which decide whether the model sees u; leave one of the two out",
        lambda s, g: bool(s.features) and g["with_u"] != ("u" in s.features),
    ),
)  # fmt: skip
_CIRCUITS = (
    Unused(
        ("jacobian",),
        "means nothing to --gradient {s.gradient}, which shifts nothing; use --gradient parameter-shift, or leave it out",
        lambda s, g: s.gradient not in SHIFTED,
    ),
    Unused(
        ("samples",),
        "means nothing to --gradient {s.gradient}; add --gradient sampled-shift, or leave it out",
        lambda s, g: s.gradient != "sampled-shift",
    ),
)
_GUARD = Unused(
    ("guard",),
    "keeps the cores of a chip apart, --qpu exact and aer have no neighbours; name a chip, such as fake:fez, or leave it out",
    _on_ideal_devices,
)

TRAINING = (
    *_DATA,
    Unused(
        ("shots", "mapping", "objective", "packing", "guard", "core_qubits", "wide", "mitigation", "jacobian", "samples",
         "perturbation", "signal", "budget", "wait"),
        "needs devices, exact simulation has no use for it; add --qpu, or leave it out",
        lambda s, g: not s.qpu,
    ),
    Unused(
        ("wait",),
        "is for real devices, simulated ones have no queue; add --qpu ibm:NAME, or leave it out",
        lambda s, g: not any(spec.startswith("ibm:") for spec in s.qpu),
    ),
    Unused(
        ("gradient",),
        "needs devices, exact simulation differentiates exactly; add --qpu, or leave it out",
        lambda s, g: not s.qpu and s.gradient in {*GRADIENTS} - {"auto", "exact"},
    ),
    Unused(
        ("train_shots",),
        "is for exact simulation, devices have shot noise of their own (--shots); leave out --qpu or {option}",
        lambda s, g: bool(s.qpu) and s.train_shots is not None,
    ),
    *_CIRCUITS,
    Unused(
        ("perturbation",),
        "means nothing to --gradient {s.gradient}; add --gradient spsa, or leave it out",
        lambda s, g: s.gradient != "spsa",
    ),
    Unused(
        ("objective",),
        "is for mappings that weigh time and error, {s.mapping} does not; leave it out, or use --mapping noise-aware"
        " or optimal",
        lambda s, g: not weighs(s.mapping),
    ),
    Unused(
        ("signal",),
        "has nothing to log: it needs shots, and with --mitigation a --gradient of shifted circuits; leave it out",
        _idle_signal,
    ),
    _GUARD,
)  # fmt: skip
"""Of ``train`` and ``plan``."""

_COMPARISON = (
    *_DATA,
    Unused(("wait",), "pauses a training, which can be resumed; a comparison cannot; leave it out"),
    Unused(("signal",), "is logged in a training on devices; a comparison trains in exact simulation; leave it out"),
    Unused(("perturbation",), "is the step of a training by spsa; a comparison trains exactly; leave it out"),
)


def of_mappings(mappings: Sequence[str]) -> tuple[Unused, ...]:
    """Of ``compare`` with these mappings: the model is trained exactly, then a step by ``--gradient`` is priced."""
    return (
        *_COMPARISON,
        *_CIRCUITS,
        Unused(
            ("objective",),
            f"is for mappings that weigh time and error, not for {', '.join(mappings)}; leave it out, or add --mapping"
            " noise-aware or optimal",
            lambda s, g: not any(map(weighs, mappings)),
        ),
        _GUARD,
    )


def of_ways(ways: Sequence[str]) -> tuple[Unused, ...]:
    """Of ``compare --wide`` with these ways, each of which has parts, bridges and cores of its own."""
    named = ",".join(ways)
    return (
        *_COMPARISON,
        Unused(
            ("gradient", "samples"),
            "means nothing to a comparison of ways: all are judged by parameter-shift; leave it out",
        ),
        Unused(("bridges",), f"means nothing to --wide {named}, which names the bridges of its ways; leave it out"),
        Unused(
            ("objective",),
            "is for mappings that weigh time and error, {s.mapping} does not; leave it out, or add --mapping noise-aware"
            " or optimal",
            lambda s, g: not weighs(s.mapping),
        ),
        Unused(
            ("max_overhead",),
            f"limits what cuts cost, {' and '.join(ways)} cut nothing; leave it out",
            lambda s, g: set(ways) <= {"split", "whole"},
        ),
        Unused(
            ("parts", "partition"),
            f"is for ways that are split, {' and '.join(ways)} are not, and --core-qubits says how wide cores are; leave it out",
            lambda s, g: set(ways) <= {"cut", "whole"} and s.core_qubits is not None,
        ),
        _GUARD,
    )
