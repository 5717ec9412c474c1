"""What a job must satisfy before it is started; every violation is one line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from qiskit import QuantumCircuit

from .core import Core
from .errors import InputError, check_is, shown
from .qpu import QPU, Bundle, FloatArray, Request, Variant
from .whole import whole


def checked_shots(shots: object, limit: int | None, qpu: str) -> int | None:
    """``shots`` as an int, or None for exact expectations."""
    if shots is None:
        return None
    number = whole(shots, 1, limit)
    if number is None:
        allowed = f"1..{limit}" if limit is not None else "1 or more"
        raise InputError(
            f"shots={shown(shots)} on {qpu}: the device takes {allowed}; choose an integer in that range, or None for "
            "exact expectations"
        )
    return number


def checked_seed(seed: object) -> int | None:
    """``seed`` as a non-negative int, or None."""
    if seed is None:
        return None
    number = whole(seed)
    if number is None:
        raise InputError(f"seed={shown(seed)} must be a non-negative integer, or None")
    return number


def checked_requests(requests: Sequence[Request | Bundle], qpu: QPU) -> list[Bundle]:
    """The requests as bundles, a single one as a bundle of its own, with values as float64 arrays."""
    if not isinstance(requests, Sequence):
        raise InputError(f"requests={shown(requests)} of a job on {qpu.name} must be a list; put it into [...]")
    if not requests:
        raise InputError(f"a job on {qpu.name} needs at least one request; none was given")
    return [_checked_bundle(given, qpu, i) for i, given in enumerate(requests)]


def opened(requests: Iterable[Request | Bundle]) -> list[Request]:
    """Every request, bundles opened, in order."""
    return [one for given in requests for one in (given.requests if isinstance(given, Bundle) else (given,))]


def check_core(core: Core, qpu: QPU, circuit: QuantumCircuit) -> None:
    """The core belongs to the device and the circuit fits on it."""
    check_is(core, Core, f"take a core of {qpu.name}.cores()")
    check_is(circuit, QuantumCircuit, "give a Qiskit circuit without measurements")
    if core.qpu != qpu.name:
        raise InputError(f"core {core.name} belongs to {core.qpu}, not to {qpu.name}; use a core of {qpu.name}.cores()")
    if circuit.num_qubits > core.num_qubits:
        raise InputError(
            f"the circuit has {circuit.num_qubits} qubits, core {core.name} only {core.num_qubits}; "
            "use wider cores, more parts, or cut it"
        )


def checked_outputs(outputs: object, circuit: QuantumCircuit, where: str = "") -> int:
    """The number of qubits that are read as an int."""
    least = 0 if circuit.num_clbits else 1
    number = whole(outputs, least, circuit.num_qubits)
    if number is None:
        raise InputError(
            f"{where}outputs={shown(outputs)}, but the circuit has {circuit.num_qubits} qubits; "
            f"ask for an integer {least}..{circuit.num_qubits}"
        )
    return number


def check_signs(circuit: QuantumCircuit, where: str = "") -> None:
    """Every classical bit is measured into, once, and nothing depends on it."""
    bits = [bit for item in circuit.data for bit in item.clbits]
    if len(bits) != circuit.num_clbits or len(set(bits)) != len(bits):
        raise InputError(
            f"{where}circuit {circuit.name!r} measures {len(set(bits))} of its {circuit.num_clbits} classical bits, "
            f"{len(bits)} times in all; measure each once, and leave out those of the outputs"
        )
    other = sorted({item.name for item in circuit.data if item.clbits and item.name != "measure"})
    if other:
        raise InputError(
            f"{where}circuit {circuit.name!r} has {other[0]!r} on classical bits; only measurements can be"
        )


def checked_width(core_qubits: object) -> int | None:
    """The width of a core as an int; None for the whole device."""
    if core_qubits is None:
        return None
    number = whole(core_qubits, 1)
    if number is None:
        raise InputError(
            f"core_qubits={shown(core_qubits)} must be an integer of at least 1, or None for the whole device"
        )
    return number


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
    number = whole(guard)
    if number is None:
        raise InputError(f"guard={shown(guard)} must be an integer of at least 0: the unused qubits between two cores")
    return number


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
    check_is(request, Request, "a job is a list of Request(circuit, values, outputs, core), or Bundles of them")
    circuit, core = request.circuit, request.core
    check_core(core, qpu, circuit)
    outputs = checked_outputs(request.outputs, circuit, f"request {i}: ")
    check_is(request.variant, Variant, "leave variant out to run the circuit as it is")
    fold, prepare = request.variant.fold, request.variant.prepare
    if circuit.num_clbits:
        check_signs(circuit, f"request {i}: ")
        if prepare is not None:
            raise InputError(
                f"request {i}: circuit {circuit.name!r} measures signs; no basis state can be prepared instead"
            )
    if (whole(fold, 1) or 0) % 2 == 0 or not (prepare is None or whole(prepare, 0, 1) is not None):
        raise InputError(
            f"request {i}: fold={shown(fold)} must be odd and at least 1, prepare={shown(prepare)} 0, 1 or None"
        )
    values = _floats(request.values, i)
    if values.ndim != 2 or values.shape[1] != circuit.num_parameters or not len(values):
        raise InputError(
            f"request {i}: values of shape {values.shape}, but circuit {circuit.name!r} needs "
            f"(sets, {circuit.num_parameters}) with at least one set"
        )
    if not (request.finite or _finite(values)):
        row = int(np.nonzero(~np.isfinite(values).all(axis=1))[0][0])
        raise InputError(f"request {i}: parameter set {row} holds NaN or infinity; angles must be finite")
    if values is request.values and outputs is request.outputs:
        return request
    return replace(request, values=values, outputs=outputs)


def _finite(values: FloatArray) -> bool:
    """Whether all are finite; a sum is soon made, and where it is finite they are."""
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(values.sum()) or np.isfinite(values).all())


def _floats(values: object, i: int) -> FloatArray:
    try:
        given = np.asarray(values)
        if given.dtype.kind in "biufO":
            return np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        pass
    raise InputError(
        f"request {i}: values={shown(values)} are no real numbers; give a float array (sets, parameters) in radians"
    )
