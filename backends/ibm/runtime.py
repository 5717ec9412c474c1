"""The one module that imports qiskit-ibm-runtime: which of the client's classes are used, and how they are called.

Circuits go to the executor's client-side Sampler, the current primitive. Nothing here turns the client's errors into
those of this project; `backends.ibm.errors` does.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from typing import Any

import qiskit_ibm_runtime
from qiskit.exceptions import QiskitError
from qiskit_ibm_runtime.accounts import AccountNotFoundError, InvalidAccountError
from qiskit_ibm_runtime.exceptions import IBMInputValueError, IBMNotAuthorizedError, RuntimeJobNotFound
from qiskit_ibm_runtime.executor_sampler import Sampler
from qiskit_ibm_runtime.models import BackendProperties, QasmBackendConfiguration
from qiskit_ibm_runtime.utils.backend_converter import convert_to_target
from requests.exceptions import RequestException

from ..pubs import Pub
from .options import Options

Errors = tuple[type[Exception], ...]

CLIENT_ERRORS: Errors = (QiskitError, RequestException)
"""Whatever the client raises."""
NO_ACCOUNT: Errors = (AccountNotFoundError,)
"""There are no credentials."""
REJECTED: Errors = (InvalidAccountError, IBMNotAuthorizedError)
"""The credentials are not accepted."""
MALFORMED: Errors = (IBMInputValueError,)
"""The credentials are not even sent."""
NO_JOB: Errors = (RuntimeJobNotFound,)
"""The service does not know the job."""

_LONGEST_JOB = 10_800
"""Seconds: the service ends jobs after three hours."""


def service_class() -> Any:
    """``QiskitRuntimeService``, or what stands in for it by now."""
    return qiskit_ibm_runtime.QiskitRuntimeService


def fake_backends() -> dict[str, Any]:
    """The classes of the fake backends that come with the client, by the names of their snapshots."""
    from qiskit_ibm_runtime.fake_provider import backends

    named = {getattr(each, "backend_name", None): each for each in vars(backends).values() if isinstance(each, type)}
    return {name: each for name, each in named.items() if isinstance(name, str)}


def open_lane(backend: Any, mode: str, max_seconds: float | None) -> Any:
    """A ``Batch`` or ``Session`` of the client's ``backend``; it ends by itself after ``max_seconds``."""
    kind = qiskit_ibm_runtime.Batch if mode == "batch" else qiskit_ibm_runtime.Session
    return kind(backend, max_time=None if max_seconds is None else max(1, math.ceil(max_seconds)))


def submit(place: Any, pubs: Sequence[Pub], shots: int, tag: str, options: Options, most_seconds: float | None) -> Any:
    """Submit one job; the client's job.

    Args:
        place: The client's backend, batch or session.
        pubs: Circuits and parameter sets.
        shots: Per parameter set.
        tag: Carried by the job.
        options: Of the device.
        most_seconds: QPU seconds after which the service ends the job; None for its own limit.
    """
    sampler = Sampler(mode=place)
    set_options(sampler.options, options, tag, most_seconds)
    return sampler.run(list(pubs), shots=shots)


def set_options(options: Any, wanted: Options, tag: str, most_seconds: float | None) -> None:
    """Set the options of a ``Sampler``; see `submit`."""
    options.environment.job_tags = [tag]
    if most_seconds is not None:
        options.max_execution_time = max(1, min(_LONGEST_JOB, int(most_seconds)))
    if wanted.rep_delay is not None:
        options.execution.rep_delay = wanted.rep_delay
    if wanted.dd is not None:
        options.dynamical_decoupling.enable = True
        options.dynamical_decoupling.sequence_type = wanted.dd
    options.twirling.enable_gates = wanted.twirl in ("gates", "both")
    options.twirling.enable_measure = wanted.twirl in ("measure", "both")


def parsed(snapshot: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    """Configuration, properties (or None) and target of a device, from what ``to_dict`` gave of the first two."""
    configuration = QasmBackendConfiguration.from_dict(copy.deepcopy(snapshot["configuration"]))
    known = snapshot["properties"]
    properties = None if known is None else BackendProperties.from_dict(copy.deepcopy(known))
    return configuration, properties, convert_to_target(configuration, properties)
