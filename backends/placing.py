"""Where on a core a circuit runs: the region, the template and the symmetry of highest expected fidelity."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import log

from .core import Core
from .device import Device
from .errors import InputError
from .isa import IsaCircuit, Template, Where
from .regions import connected_regions, is_connected
from .shapes import Placement, Shape

_REGIONS = 6
"""Best regions tried for a circuit that is narrower than its core."""
_HOPELESS = 1e-12


@dataclass(frozen=True)
class Site:
    """A connected region of a core, as wide as a circuit.

    Attributes:
        qubits: Qubits of the core.
        shape: Its shape.
        placements: Qubit of the region (its number in ``qubits``) for each qubit of the shape, all symmetries.
    """

    qubits: tuple[int, ...]
    shape: Shape
    placements: tuple[Placement, ...]


def sites(device: Device, core: Core, width: int) -> tuple[Site, ...]:
    """The whole core, or the best few regions of it for a circuit that is narrower.

    Raises:
        InputError: For qubits that do not exist or do not work, or do not hang together.
    """
    qubits, couplings = device.weights(core.qubits)
    whole = width == core.num_qubits and is_connected(qubits, couplings)
    if device.is_all_to_all or whole:
        regions = [tuple(range(width))]
    else:
        number = {q: i for i, q in enumerate(core.qubits)}
        found = connected_regions(qubits, couplings, width)[:_REGIONS]
        regions = [tuple(number[q] for q in region.qubits) for region in found]
    if not regions:
        raise InputError(
            f"core {core.name}: no {width} of its qubits {list(core.qubits)} are connected by working couplings; "
            "take a core from cores() or core()"
        )
    return tuple(Site(r, *device.instructions.shape(tuple(core.qubits[q] for q in r))) for r in regions)


def placed(device: Device, core: Core, choices: Iterable[tuple[Site, tuple[Template, ...]]]) -> IsaCircuit:
    """The template on the core where the most survives: gates of the circuit, then readout.

    Qubit k of n counts (n - k) / n in the readout, since the first ones are read most often; so the same circuit runs
    in the same place however many of its qubits are read. The first of equals is taken.
    """
    best, most = None, -float("inf")
    for site, templates in choices:
        physical = [core.qubits[q] for q in site.qubits]
        for template in templates:
            for placement in site.placements:
                where = tuple(physical[q] for q in placement)
                score = _log_fidelity(device, template, where)
                if score > most:
                    best, most = (template, tuple(site.qubits[q] for q in placement)), score
    assert best is not None
    template, inside = best
    seconds = shot_seconds(device, template, tuple(core.qubits[q] for q in inside))
    return IsaCircuit(template, inside, core.num_qubits, seconds)


def shot_seconds(device: Device, template: Template, where: Where) -> float:
    """Duration of one shot: the longest path through the gates, then the slowest measurement of the wires.

    Args:
        device: Whose durations.
        template: The circuit.
        where: Physical qubit of each of its qubits.
    """
    ready = [0.0] * len(where)
    for name, qubits in template.steps:
        end = max(ready[q] for q in qubits) + device.instructions.seconds(name, tuple(where[q] for q in qubits))
        for q in qubits:
            ready[q] = end
    return max(ready, default=0.0) + max(device.instructions.seconds("measure", (where[q],)) for q in template.wires)


def gate_fidelity(device: Device, template: Template, where: Where) -> float:
    """Logarithm of the product of 1 - error over all gates."""
    return sum(
        count * log(max(1.0 - device.instructions.error(name, tuple(where[q] for q in qubits)), _HOPELESS))
        for (name, qubits), count in template.usage.items()
    )


def _log_fidelity(device: Device, template: Template, where: Where) -> float:
    width = len(template.wires)
    readout = sum(
        (width - k) / width * log(max(1.0 - device.instructions.error("measure", (where[wire],)), _HOPELESS))
        for k, wire in enumerate(template.wires)
    )
    return gate_fidelity(device, template, where) + readout
