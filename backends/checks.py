"""What a job must satisfy before it is started; every violation is one line."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from qiskit import QuantumCircuit

from .core import Core
from .errors import InputError
from .qpu import QPU, Bundle, Request


def checked_shots(shots: object, limit: int | None, qpu: str) -> int | None:
    """``shots`` as an int, or None for exact expectations."""
    if shots is None:
        return None
    top = "" if limit is None else f"..{limit}"
    if isinstance(shots, bool) or not hasattr(shots, "__index__"):
        raise InputError(
            f"shots={shots!r} on {qpu} must be an integer 1{top or ' or more'}, or None for exact expectations"
        )
    number = operator.index(shots)
    if number < 1 or (limit is not None and number > limit):
        allowed = f"1..{limit}" if limit is not None else "1 or more"
        raise InputError(f"shots={number} on {qpu}: the device takes {allowed}; choose a number of shots in that range")
    return number


def checked_seed(seed: object) -> int | None:
    """``seed`` as a non-negative int, or None."""
    if seed is None:
        return None
    if isinstance(seed, bool) or not hasattr(seed, "__index__") or operator.index(seed) < 0:
        raise InputError(f"seed={seed!r} must be a non-negative integer, or None")
    return operator.index(seed)


def checked_requests(requests: Sequence[Request | Bundle], qpu: QPU) -> list[Bundle]:
    """The requests as bundles, a single one as a bundle of its own, with values as float64 arrays."""
    if not requests:
        raise InputError(f"a job on {qpu.name} needs at least one request; none was given")
    return [_checked_bundle(given, qpu, i) for i, given in enumerate(requests)]


def opened(requests: Iterable[Request | Bundle]) -> list[Request]:
    """Every request, bundles opened, in order."""
    return [one for given in requests for one in (given.requests if isinstance(given, Bundle) else (given,))]


def check_core(core: Core, qpu: QPU, circuit: QuantumCircuit) -> None:
    """The core belongs to the device and the circuit fits on it."""
    if core.qpu != qpu.name:
        raise InputError(f"core {core.name} belongs to {core.qpu}, not to {qpu.name}; use a core of {qpu.name}.cores()")
    if circuit.num_qubits > core.num_qubits:
        raise InputError(
            f"the circuit has {circuit.num_qubits} qubits, core {core.name} only {core.num_qubits}; "
            "use wider cores, more parts, or cut it"
        )


def checked_width(core_qubits: object) -> int | None:
    """The width of a core as an int; None for the whole device."""
    if core_qubits is None:
        return None
    if isinstance(core_qubits, bool) or not hasattr(core_qubits, "__index__") or operator.index(core_qubits) < 1:
        raise InputError(f"core_qubits={core_qubits!r} must be an integer of at least 1, or None for the whole device")
    return operator.index(core_qubits)


def fitting_width(core_qubits: object, qpu: QPU) -> int | None:
    """The width of a core as an int no larger than the device; None for the whole device."""
    width = checked_width(core_qubits)
    if width is not None and width > qpu.num_qubits:
        raise InputError(
            f"cores of {width} qubits do not fit on {qpu.name}, which has {qpu.num_qubits}; "
            "use more and smaller parts, or cut the circuit"
        )
    return width


def checked_guard(guard: object) -> int:
    """The guard distance between cores as an int."""
    if isinstance(guard, bool) or not hasattr(guard, "__index__") or operator.index(guard) < 0:
        raise InputError(f"guard={guard!r} must be an integer of at least 0: the unused qubits between two cores")
    return operator.index(guard)


def _checked_bundle(given: Request | Bundle, qpu: QPU, i: int) -> Bundle:
    requests = tuple(_checked(request, qpu, i) for request in opened([given]))
    if not requests:
        raise InputError(f"request {i}: an empty bundle; put at least one request into it")
    sets = {request.sets for request in requests}
    if len(sets) > 1:
        raise InputError(
            f"request {i}: a bundle of {sorted(sets)} parameter sets; all its requests need the same number"
        )
    qubits = [qubit for request in requests for qubit in request.core.qubits]
    if len(set(qubits)) < len(qubits):
        raise InputError(f"request {i}: the cores of a bundle overlap; bundle requests of disjoint cores only")
    return Bundle(requests)


def _checked(request: Request, qpu: QPU, i: int) -> Request:
    circuit, core = request.circuit, request.core
    check_core(core, qpu, circuit)
    if not 1 <= request.outputs <= circuit.num_qubits:
        raise InputError(
            f"request {i}: outputs={request.outputs}, but the circuit has {circuit.num_qubits} qubits; "
            f"ask for 1..{circuit.num_qubits}"
        )
    if circuit.num_clbits:
        raise InputError(f"request {i}: circuit {circuit.name!r} has classical bits; give it without measurements")
    fold, prepare = request.variant.fold, request.variant.prepare
    if fold < 1 or fold % 2 == 0 or prepare not in (None, 0, 1):
        raise InputError(f"request {i}: fold={fold} must be odd and at least 1, prepare={prepare} 0, 1 or None")
    values = np.asarray(request.values, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] != circuit.num_parameters or not len(values):
        raise InputError(
            f"request {i}: values of shape {values.shape}, but circuit {circuit.name!r} needs "
            f"(sets, {circuit.num_parameters}) with at least one set"
        )
    if not np.isfinite(values).all():
        row = int(np.nonzero(~np.isfinite(values).all(axis=1))[0][0])
        raise InputError(f"request {i}: parameter set {row} holds NaN or infinity; angles must be finite")
    return replace(request, values=values)
