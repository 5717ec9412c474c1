"""Cut a circuit so that its pieces fit."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, log, log10

import numpy as np
from qiskit import QuantumCircuit

from backends.errors import InputError, check_is, shown
from backends.whole import whole

from .cheapest import cheapest
from .errors import REMEDIES, OverheadError
from .finder import Found, fits, log_overhead
from .fragments import crossing, fragments
from .knitted import Knitted
from .moves import moved
from .normal import normal_form
from .observables import Observables

MOST_CUTS = 25
"""Each takes two letters of the contraction."""
MOST_SUBEXPERIMENTS = 1_000_000
"""Expectations that are put together for one parameter set."""
MAX_OVERHEAD = 1e6
"""Sampling overhead beyond which a cut is refused, unless told otherwise."""


class Labels(tuple[int, ...]):
    """A label per qubit, qubit 0 first, where letters are not enough."""


def cut(
    circuit: QuantumCircuit,
    observables: object,
    max_qubits: int | Sequence[int] | None = None,
    cuts: Sequence[int] | str | Labels | None = None,
    max_overhead: float = MAX_OVERHEAD,
) -> Knitted:
    """Cut gates or wires of a circuit; nothing is run.

    Args:
        circuit: Gates on one and two qubits, without measurements; every free angle linear in the parameters. It may hold
            `qiskit_addon_cutting.instructions.CutWire` where wires are to be cut, or its
            ``Move``, which can be cut too; one that is not is no gate, just another name for its qubit.
        observables: Pauli strings such as ``"ZII"`` (qubit 0 is the last letter), or ``SparsePauliOp`` objects.
        max_qubits: Width of the cores: one for all fragments, or a list, one entry per core, each used once.
        cuts: Where: the indices into ``circuit.data`` of two-qubit gates to cut, or a label per qubit (a text such as
            ``"AAB"``, qubit 0 first, or any `Labels`) whose crossing gates are cut. None: where it costs least.
        max_overhead: A larger sampling overhead is refused.

    Raises:
        InputError: If a gate cannot be cut, the pieces do not fit, or an observable cannot be used.
        OverheadError: If the overhead is larger.
    """
    check_is(circuit, QuantumCircuit, "give a Qiskit circuit without measurements")
    if not circuit.num_qubits:
        raise InputError("the circuit has no qubits; there is nothing to cut")
    limit = checked_overhead(max_overhead)
    widths = _checked_widths(max_qubits, circuit.num_qubits)
    known = Observables.of(observables, circuit.num_qubits)
    found = _chosen(circuit, widths, cuts, np.flatnonzero(known.paulis.any(axis=0)).tolist())
    _check_number(found, limit)
    parts, bases, angles = fragments(found.circuit, found.cut, list(circuit.parameters))
    made = Knitted(circuit, parts, bases, angles, known.expanded(found.circuit.num_qubits, found.place))
    _check_widths(made, widths)
    if made.subexperiments > MOST_SUBEXPERIMENTS:
        raise InputError(
            f"{len(made.cuts)} cuts make {made.subexperiments:,} subexperiments, more than {MOST_SUBEXPERIMENTS:,}; {REMEDIES}"
        )
    return made


def _check_number(found: Found, limit: float) -> None:
    """Refuse cuts by their overhead, and by their number, before anything is made of them."""
    exponent = log_overhead(found) / log(10)
    if isfinite(exponent) and exponent > log10(limit) + 1e-9:
        raise OverheadError(_counted(found), _power(exponent), limit)
    if len(found.cut) > MOST_CUTS:
        raise InputError(f"{len(found.cut)} cuts are more than the {MOST_CUTS} that can be put together; {REMEDIES}")


def _power(exponent: float) -> str:
    """10 to the power of ``exponent`` with three digits, also where that is no float."""
    whole_part = int(exponent // 1)
    if whole_part < 4:
        return f"{10**exponent:.3g}"
    digits = f"{10 ** (exponent - whole_part):.3g}"
    return f"{digits}e+{whole_part:02d}"


def _chosen(circuit: QuantumCircuit, widths: tuple[int, ...] | None, cuts: object, observed: Sequence[int]) -> Found:
    """The circuit in normal form, with moves where wires are cut, and which of its instructions are cut."""
    has_wires = any(item.name == "cut_wire" for item in circuit.data)
    if cuts is None and not has_wires:
        if widths is None:
            raise InputError("cut() is told neither where to cut nor how wide cores are; give max_qubits, or cuts")
        told = moved(normal_form(circuit), (), observed)
        best = cheapest(told.circuit, widths)
        return Found(best.circuit, best.cut, tuple(best.place[wire] for wire in told.place))
    normal = normal_form(circuit)
    if cuts is None:
        return moved(normal, (), observed)
    if isinstance(cuts, str | Labels):
        if len(cuts) != circuit.num_qubits:
            raise InputError(
                f"cuts={cuts!r} has {len(cuts)} labels, the circuit {circuit.num_qubits} qubits; label each"
            )
        return moved(normal, crossing(normal, cuts), observed) if not has_wires else _labelled_wires(cuts)
    if not isinstance(cuts, Sequence):
        raise InputError(f"cuts={shown(cuts)} must be indices of gates, or a text with a label per qubit")
    return moved(normal, _indices(circuit, normal, cuts), observed)


def _labelled_wires(cuts: object) -> Found:
    raise InputError(
        f"cuts={cuts!r} goes with gates; a circuit with CutWire says itself where it is cut, leave cuts out"
    )


def _indices(circuit: QuantumCircuit, normal: QuantumCircuit, cuts: Sequence[int]) -> set[int]:
    """From indices into the user's circuit to those into its normal form."""
    place, position = dict[int, int](), 0
    for i, item in enumerate(circuit.data):
        one = QuantumCircuit(circuit.num_qubits)
        one.append(item.operation, [circuit.find_bit(bit).index for bit in item.qubits])
        made = normal_form(one).data
        two = [k for k, part in enumerate(made) if len(part.qubits) == 2]
        if two:
            place[i] = position + two[0]
        position += len(made)
    found = set[int]()
    for given in cuts:
        number = whole(given, 0, len(circuit.data) - 1)
        if number is None or number not in place:
            raise InputError(f"cuts: {shown(given)} is no two-qubit gate of the circuit; those are {sorted(place)}")
        found.add(place[number])
    return found


def _check_widths(made: Knitted, widths: tuple[int, ...] | None) -> None:
    if widths is None or fits(made.widths, widths):
        return
    if len(widths) == 1:
        raise InputError(f"a fragment has {max(made.widths)} qubits, max_qubits={widths[0]}; cut more, or {REMEDIES}")
    raise InputError(
        f"fragments of {sorted(made.widths)} qubits do not fit on cores of {sorted(widths)}; cut elsewhere"
    )


def _checked_widths(given: object, qubits: int) -> tuple[int, ...] | None:
    if given is None:
        return None
    listed = given if isinstance(given, Sequence) and not isinstance(given, str) else [given]
    widths = tuple(whole(width, 1) or 0 for width in listed)
    if not widths or 0 in widths:
        raise InputError(f"max_qubits={shown(given)} must be a width of at least 1, or a list of widths")
    if len(widths) > 1 and sum(widths) < qubits:
        raise InputError(
            f"cores of {list(widths)} qubits have room for {sum(widths)}, the circuit has {qubits}; add a core"
        )
    return widths


def checked_overhead(given: object) -> float:
    """A limit for the sampling overhead, as a float.

    Raises:
        InputError: For anything else than a number of at least 1.
    """
    if isinstance(given, bool) or not isinstance(given, int | float) or not given >= 1:
        raise InputError(f"max_overhead={shown(given)} must be a number of at least 1: how many times more shots")
    try:
        return float(given)
    except OverflowError:
        raise InputError(f"max_overhead={shown(given)} is too large; give float('inf') for no limit") from None


def _counted(found: Found) -> str:
    wires = sum(found.circuit.data[i].name == "move" for i in found.cut)
    gates = len(found.cut) - wires
    parts = [f"{gates} gate{'s' * (gates != 1)}" * (gates > 0), f"{wires} wire{'s' * (wires != 1)}" * (wires > 0)]
    return " and ".join(filter(None, parts)) or "nothing"
