"""Cuts for devices whose cores are not all of one width: no dearer for that, and spread over all of them."""

from __future__ import annotations

from collections.abc import Sequence

from qiskit import QuantumCircuit

from backends.errors import InputError
from qpartition.topology import Topology

from .cut import MAX_OVERHEAD, cut
from .knitted import Knitted

AS_GOOD = 1.01
"""Overheads up to so many times the least are as good, where the pieces use more devices."""


def core_widths(topology: Topology) -> tuple[int, ...]:
    """Widths of the cores of each device, each width of a device once; the widest first."""
    return tuple(sorted((width for _, width in {(c.qpu, c.num_qubits) for c in topology.cores}), reverse=True))


def fitting_cut(
    circuit: QuantumCircuit, observables: Sequence[str], widths: Sequence[int], max_overhead: float = MAX_OVERHEAD
) -> Knitted:
    """The cheapest cut whose pieces fit; of cuts as cheap, one whose pieces go round all the devices.

    A core runs piece after piece, so no cut is cheaper than the cheapest into pieces as wide as the widest core. Where
    widths differ, that one would leave the narrower cores idle. So it is asked whether one core of every width takes
    all pieces side by side, or two of every width, and so on, with an overhead that is at most `AS_GOOD` times that:
    the first such cut is taken. Which piece runs where is up to the mapping.

    Args:
        circuit: See `cut`.
        observables: See `cut`.
        widths: From `core_widths`.
        max_overhead: See `cut`.

    Raises:
        InputError: See `cut`.
        OverheadError: If the overhead of the cheapest is larger.
    """
    cheapest = cut(circuit, observables, widths[0], max_overhead=max_overhead)
    limit = min(max_overhead, AS_GOOD * cheapest.overhead)
    for turns in range(1, len(cheapest.fragments) if widths[-1] < widths[0] else 0):
        if turns * sum(widths) < circuit.num_qubits:
            continue
        try:
            return cut(circuit, observables, [*widths] * turns, max_overhead=limit)
        except InputError:  # dearer
            continue
    return cheapest
