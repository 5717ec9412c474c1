"""Closed forms of Sec. II.F beside the circuits of real plans: M devices, part m of every block on device m."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpartition.design import Circuit, Design
from qpartition.resources import Resources, counted, resources

from .tables import Cell, Table

if TYPE_CHECKING:
    from qpartition import Topology, Workload

DEVICE = "fake:torino"
HIDDEN, BATCH, STEPS, SHOTS = 5, 8, 4, 1024
COMPARED = ("parameters", "qubits_per_qpu", "qubits", "rounds", "jobs", "sets", "executions", "qpu_seconds")
COLUMNS = ("plan", *(name.replace("_", " ").replace("qpu", "QPU") for name in COMPARED))


@dataclass(frozen=True)
class Planned:
    """One QLSTM of the 2020 variant (six VQCs with ``extra``) on ``parts`` devices of ``cores`` cores in use.

    Attributes:
        parts: M.
        cores: Side by side on every device.
        extra: With the two extra blocks of Eq. 12.
    """

    parts: int
    cores: int = 1
    extra: bool = False

    def both(self) -> tuple[Resources, Resources]:
        """The closed form, and what is counted on the plan."""
        from backends import open_qpu
        from qpartition import Topology, Workload, plan

        from .. import Forecaster

        head = "vqc" if self.extra else "linear"
        model = Forecaster(1, HIDDEN, parts=self.parts, hidden_vqc=self.extra, head=head)
        workload = Workload.of(model, BATCH, STEPS)
        width = max(circuit.num_qubits for circuit in model.circuits())
        topology = Topology([open_qpu(DEVICE) for _ in range(self.parts)], width)
        made = plan(workload, topology, self._placement(workload, topology), SHOTS)
        design = Design.of(
            1, HIDDEN, self.parts, circuit=Circuit(), hidden_vqc=self.extra, head_outputs=1 if self.extra else None
        )
        longest = max(circuit.seconds for circuit in made.circuits)
        delay = topology.cores[0].calibration.rep_delay
        closed = resources(
            design, steps=STEPS, batch=BATCH, shots=SHOTS, cores=self.cores, rep_delay=delay, circuit_seconds=longest
        )
        return closed, counted(made)

    def _placement(self, workload: Workload, topology: Topology) -> dict[str, str]:
        """Part m of block b goes to QPU m, core b mod ``cores``."""
        cores = {name: [core.name for core in topology.cores if core.qpu == name] for name in topology.qpus}
        blocks: dict[str, int] = {}
        placement = {}
        for subvqc in workload.subvqcs:
            block, _, part = subvqc.key.rpartition(".p")
            number = blocks.setdefault(block, len(blocks))
            placement[subvqc.key] = cores[list(cores)[int(part)]][number % self.cores]
        return placement

    @property
    def label(self) -> str:
        """The plan in words."""
        side = f", {self.cores} cores each" if self.cores > 1 else ""
        return f"{self.parts} QPU{'s' if self.parts > 1 else ''}{side}" + (", N_extra 2" if self.extra else "")


PLANS = (
    Planned(1),
    Planned(2),
    Planned(3),
    Planned(2, cores=4),
    Planned(2, extra=True),
    Planned(2, cores=2, extra=True),
)


def compared() -> Table:
    """Two lines per plan: the closed form, and what is counted; only the seconds are an approximation."""
    lines: list[tuple[Cell, ...]] = []
    for one in PLANS:
        for label, found in zip((one.label, "  counted"), one.both(), strict=True):
            lines.append((label, *(getattr(found, name) for name in COMPARED)))
    title = f"real plans on {DEVICE}: hidden {HIDDEN}, batch {BATCH}, {STEPS} steps, {SHOTS} shots"
    return Table("plans", title, COLUMNS, tuple(lines))
