"""Circuits that are wider than every core, cut so that their pieces fit."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from backends.errors import InputError, shown
from backends.whole import whole
from qpartition.arguments import listed
from qpartition.subvqc import SubVQC
from qpartition.topology import Topology
from qpartition.workload import Workload

from .cut import MAX_OVERHEAD, Labels, cut
from .errors import OverheadError
from .knitted import Knitted
from .placed import CutCircuit, check_pieces
from .uneven import core_widths, fitting_cut
from .workload import cut_workload


@dataclass(frozen=True)
class CutSummary:
    """What became of circuits that are cut alike.

    Attributes:
        keys: Of the circuits.
        qubits: Their width.
        widths: Of the fragments.
        gates: Gates that are cut.
        wires: Wires that are cut.
        overhead: Sampling overhead, see `Knitted.overhead`: of gates with free angles the largest there can be.
        least_overhead: The smallest there can be, see `Knitted.least_overhead`.
        subexperiments: Parameter sets that take the place of one.
        circuits: Distinct circuits they are run as.
    """

    keys: tuple[str, ...]
    qubits: int
    widths: tuple[int, ...]
    gates: int
    wires: int
    overhead: float
    least_overhead: float
    subexperiments: int
    circuits: int

    def __str__(self) -> str:
        """One line."""
        parts = [f"{n} {what}{'s' * (n != 1)}" for n, what in ((self.gates, "gate"), (self.wires, "wire")) if n]
        names = self.keys[0] if len(self.keys) == 1 else f"{len(self.keys)} circuits ({self.keys[0]}, ...)"
        overhead = f"{self.overhead:.4g}"
        if self.least_overhead < self.overhead * (1 - 1e-9):
            overhead = (
                f"prod (1 + 2 |sin angle|)^2 = {self.least_overhead:.4g} to {overhead}, by the angles of the cut gates"
            )
        return (
            f"cut: {names} of {self.qubits} qubits into {' + '.join(map(str, self.widths))} at {' and '.join(parts)}; "
            f"sampling overhead {overhead}; {self.subexperiments} parameter sets of {self.circuits} circuits for one"
        )


def fitted(workload: Workload, topology: Topology, max_overhead: float = MAX_OVERHEAD, copies: int = 1) -> Workload:
    """The workload with every circuit cut that is wider than all cores; itself where all fit.

    A circuit whose metadata has ``blocks`` (lists of its qubits, such as the parts that bridges join) is cut between
    them where they fit, every other where it costs least: `fitting_cut` says how it is with cores of several widths.

    Args:
        workload: As the model has it.
        topology: Whose cores the pieces have to fit on.
        max_overhead: A larger sampling overhead is refused.
        copies: See `CutCircuit`.

    Raises:
        InputError: If a circuit cannot be cut so that it fits.
        OverheadError: If the overhead is larger.
    """
    if workload.cuts:  # its pieces are what they are
        return workload
    widths = core_widths(topology)
    known: dict[Hashable, CutCircuit] = {}

    def cutter(subvqc: SubVQC) -> CutCircuit | None:
        if subvqc.num_qubits <= widths[0]:
            return None
        name = (subvqc.structure, subvqc.outputs, str(subvqc.circuit.metadata.get("blocks")))
        if name not in known:
            known[name] = CutCircuit(_cut(subvqc, widths, max_overhead), copies)
        return known[name]

    return cut_workload(workload, cutter)


def summaries(workload: Workload) -> tuple[CutSummary, ...]:
    """What was cut, circuits that were cut alike together."""
    groups: dict[int, list[str]] = {}
    for key, one in workload.cuts.items():
        groups.setdefault(id(one), []).append(key)
    return tuple(_summary(keys, workload.cuts[keys[0]], workload.asked[keys[0]].num_qubits) for keys in groups.values())


def _summary(keys: Sequence[str], one: CutCircuit, qubits: int) -> CutSummary:
    wires = sum(basis.is_wire for basis in one.knitted.cuts)
    return CutSummary(
        keys=tuple(keys),
        qubits=qubits,
        widths=one.knitted.widths,
        gates=len(one.knitted.cuts) - wires,
        wires=wires,
        overhead=one.knitted.overhead,
        least_overhead=one.knitted.least_overhead,
        subexperiments=sum(one.sets(u) for u in range(len(one.units))),
        circuits=len(one.units),
    )


def _cut(subvqc: SubVQC, widths: Sequence[int], max_overhead: float) -> Knitted:
    observables = [
        "".join("Z" if q == k else "I" for q in reversed(range(subvqc.num_qubits))) for k in range(subvqc.outputs)
    ]
    blocks = _blocks(subvqc)
    labels = None
    if blocks and max(map(len, blocks)) <= widths[0]:
        label = {qubit: b for b, block in enumerate(blocks) for qubit in block}
        labels = Labels(label[q] for q in range(subvqc.num_qubits))
    try:
        if labels is None:
            found = fitting_cut(subvqc.circuit, observables, widths, max_overhead)
        else:
            found = cut(subvqc.circuit, observables, widths[0], labels, max_overhead)
    except OverheadError as error:
        raise error.of(f"sub-VQC {subvqc.key!r}") from None
    except InputError as error:
        raise InputError(f"sub-VQC {subvqc.key!r}: {error}") from None
    check_pieces(found, f"sub-VQC {subvqc.key!r}: ")
    return found


def _blocks(subvqc: SubVQC) -> list[list[int]]:
    """The blocks that the circuit says it is made of; none if it does not say."""
    given = subvqc.circuit.metadata.get("blocks")
    if given is None:
        return []
    blocks = [
        [whole(qubit, 0, subvqc.num_qubits - 1) for qubit in listed(block) or ()] for block in listed(given) or ()
    ]
    found = [[qubit for qubit in block if qubit is not None] for block in blocks]
    if sorted(qubit for block in found for qubit in block) != list(range(subvqc.num_qubits)):
        raise InputError(
            f"sub-VQC {subvqc.key!r} has blocks={shown(given)} in its metadata; list every one of its qubits once, by blocks"
        )
    return found
