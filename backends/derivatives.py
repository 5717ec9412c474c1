"""Derivatives of a job's expectations, from the twin: the checks, and the loop over requests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .checks import checked_requests, opened
from .errors import InputError, shown
from .isa import CompactCircuit
from .qpu import QPU, FloatArray, Request

if TYPE_CHECKING:
    from .twin.engine import TwinEngine

Wanted = Sequence[NDArray[np.bool_] | None] | None


def derivatives(
    requests: Sequence[Request],
    wanted: Wanted,
    qpu: QPU,
    prepared: Callable[[Request], tuple[TwinEngine, CompactCircuit]],
) -> list[FloatArray]:
    """See `QPU.derivatives`; ``prepared`` says what simulates a request.

    Raises:
        InputError: As `LocalQPU.run`, and for masks that do not fit the requests.
    """
    checked = opened(checked_requests(requests, qpu))
    masks = _checked(wanted, checked)
    found = []
    for request, mask in zip(checked, masks, strict=True):
        engine, compact = prepared(request)
        found.append(engine.derivatives(compact, request.values, request.outputs, mask))
    return found


def _checked(wanted: Wanted, requests: Sequence[Request]) -> Sequence[NDArray[np.bool_] | None]:
    if wanted is None:
        return [None] * len(requests)
    if not isinstance(wanted, Sequence):
        raise InputError(f"wanted={shown(wanted)} must be a list of masks; give one (or None) for each request")
    if len(wanted) != len(requests):
        raise InputError(f"wanted has {len(wanted)} masks for {len(requests)} requests; give one (or None) for each")
    for i, (mask, request) in enumerate(zip(wanted, requests, strict=True)):
        if mask is not None and not isinstance(mask, np.ndarray):
            raise InputError(
                f"request {i}: wanted={shown(mask)} is no mask; give a bool array of shape {request.values.shape}, or None"
            )
        if mask is not None and (mask.shape != request.values.shape or mask.dtype != np.bool_):
            raise InputError(
                f"request {i}: wanted is {mask.dtype} of shape {mask.shape}; "
                f"it must be bool of shape {request.values.shape}, one flag per parameter of each set"
            )
    return wanted
