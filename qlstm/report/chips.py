"""The mapping, drawn on the chips."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from .blocks import Block, Facts, Picture, Section, Table, Text
from .cuts import cut_blocks
from .record import Record
from .svg import chip_palette, inline
from .wording import count, sentence, short, span

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from qpartition import Plan, Topology
    from qpartition.plan_file import PlacedCircuit

HEADER = ("core", "sub-VQCs", "qubits of the device", "2q gates", "depth", "µs a shot")


def section(record: Record) -> Section:
    """Which sub-VQC ran where."""
    if not record.on_devices:
        text = "No devices were used, so nothing was mapped: every circuit was simulated exactly, for itself."
        return Section("mapping", "Mapping", [Text(text)])
    if record.plan is None:
        return Section("mapping", "Mapping", [Text("plan.json is missing: what ran where is not known.")])
    blocks: list[Block] = [Text(_summary(record, record.plan)), *_pictures(record, record.plan)]
    header = [name + " and pieces" * (name == HEADER[1] and bool(record.plan.cuts)) for name in HEADER]
    blocks.append(Table("What runs where", header, _rows(record.plan)))
    blocks += cut_blocks(record)
    return Section("mapping", "Mapping", [*blocks, *_more(record, record.plan)])


def by_core(plan: Plan) -> dict[str, list[PlacedCircuit]]:
    """Sub-VQCs by core, device by device."""
    found: dict[str, list[PlacedCircuit]] = {}
    devices = list(plan.step.per_qpu)

    def order(circuit: PlacedCircuit) -> tuple[int, int]:
        device, _, number = circuit.core.rpartition("/")
        return devices.index(device) if device in devices else len(devices), int(number) if number.isdecimal() else -1

    for circuit in sorted(plan.circuits, key=order):
        found.setdefault(circuit.core, []).append(circuit)
    return found


def _summary(record: Record, plan: Plan) -> str:
    cores = by_core(plan)
    devices = Counter(core.rpartition("/")[0] for core in cores)
    where = ", ".join(f"{count(number)} of {name}" for name, number in devices.items())
    side = (
        "The cores of a device run side by side, as one circuit." if plan.packing else "Cores run one after the other."
    )
    guard = f" At least {record.settings.guard} unused qubits lie between two cores." if record.settings.guard else ""
    note = f" {sentence(plan.note)}" if plan.note else ""
    return (
        f"The mapping {record.settings.mapping} puts {_circuits(plan)} on {count(len(cores))} "
        f"{'core' if len(cores) == 1 else 'cores'}: {where}. {side}{guard}{note}"
    )


def _circuits(plan: Plan) -> str:
    """How many, and how many of them are pieces."""
    cut = {key for one in plan.cuts for key in one.keys}
    pieces = sum(circuit.key.partition("/")[0] in cut for circuit in plan.circuits)
    whole = len(plan.circuits) - pieces
    words = [f"{count(whole)} sub-VQCs"] if whole or not pieces else []
    words += [f"{count(pieces)} pieces of {count(len(cut))} sub-VQCs that are cut"] if pieces else []
    return " and ".join(words)


def _pictures(record: Record, plan: Plan) -> list[Block]:
    topology = record.topology
    if topology is None:
        return [Text(f"The chips cannot be drawn: {record.topology_note}.", note=True)]
    labels = ", part and piece" if plan.cuts else " and part"
    found: list[Block] = []
    for k, (name, qpu) in enumerate(topology.qpus.items()):
        keys = {circuit.key: circuit.core for circuit in plan.circuits if circuit.core.rpartition("/")[0] == name}
        if not qpu.coupling_map:
            found.append(Text(f"{name} is ideal: it has no couplings to draw.", note=True))
            continue
        used, there = len(set(keys.values())), sum(core.qpu == name for core in topology.cores)
        label = f"{name}: {count(qpu.num_qubits)} qubits, {count(used)} of {count(there)} cores in use"
        drawn = inline(partial(_chip, topology, name, plan), f"chip{k}", label, chip_palette())
        found.append(Picture(drawn, f"{label}. Colours are gates, labels gate{labels}.", least=40))
    return found


def _chip(topology: Topology, name: str, plan: Plan) -> Figure:
    """The drawing without its title, which is the caption here."""
    from qpartition.drawing import chip_figure

    figure = chip_figure(topology, name, plan.mapping)
    figure.axes[0].set_title("", loc="left")
    return figure


def _rows(plan: Plan) -> list[list[str]]:
    return [
        [
            core,
            ", ".join(short(circuit.key) for circuit in circuits),
            " ".join(map(str, circuits[0].physical)),
            span([c.two_qubit_gates for c in circuits], "d"),
            span([c.depth for c in circuits], "d"),
            span([1e6 * c.seconds for c in circuits], ".1f"),
        ]
        for core, circuits in by_core(plan).items()
    ]


def _more(record: Record, plan: Plan) -> list[Block]:
    found: list[Block] = []
    moves = () if record.jobs is None else record.jobs.moves
    if moves:
        lines = [(f"From round {m.round}", f"{m.qpu} is off line: {len(m.placement)} sub-VQCs moved") for m in moves]
        found.append(Facts("Moved on the way", lines))
    return found + [Text(sentence(line), note=True) for line in plan.advice]
