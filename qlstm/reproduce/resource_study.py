"""Sec. II.F in numbers: how parameters, qubits, executions and QPU seconds grow, and real plans beside the closed forms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from qpartition.design import Circuit, Design
from qpartition.resources import Resources, resources

from .tables import Cell, Table

COLUMNS = (
    "", "D", "M", "q", "L", "T", "N_extra", "parameters", "qubits per QPU", "qubits", "rounds", "jobs", "executions",
    "QPU seconds",
)  # fmt: skip
BATCH, SHOTS = 16, 1024


@dataclass(frozen=True)
class Case:
    """A QLSTM with one feature and ``chen2020`` circuits; `sweeps` varies one of these at a time.

    Attributes:
        entries: D, the length of v = [h; x].
        parts: M.
        spare: Qubits beyond the inputs, per part.
        depth: L.
        steps: T.
        extra: N_extra: 0, 1 (h_t by a circuit), or 2 (the output by another).
        cores: Of every QPU, side by side.
    """

    entries: int = 16
    parts: int = 4
    spare: int = 0
    depth: int = 2
    steps: int = 4
    extra: int = 0
    cores: int = 1

    @property
    def design(self) -> Design:
        """The case as a design."""
        hidden, circuit = self.entries - 1, Circuit(depth=self.depth)
        plain = Design.of(1, hidden, self.parts, circuit=circuit)
        return Design.of(
            1, hidden, self.parts, circuit=circuit, qubits=[part.qubits + self.spare for part in plain.gate],
            hidden_vqc=self.extra > 0, head_outputs=1 if self.extra > 1 else None,
        )  # fmt: skip

    @property
    def needs(self) -> Resources:
        """Of one training step with parameter shifts."""
        return resources(self.design, steps=self.steps, batch=BATCH, shots=SHOTS, cores=self.cores)

    def row(self, label: str) -> tuple[Cell, ...]:
        """A line under `COLUMNS`."""
        need, width = self.needs, max(part.qubits for part in self.design.gate)
        sizes = (self.entries, self.parts, width, self.depth, self.steps, self.extra)
        counts = (need.qubits_per_qpu, need.qubits, need.rounds, need.jobs, need.executions, need.qpu_seconds)
        return (label, *sizes, need.parameters, *counts)


def sweeps(base: Case | None = None) -> list[Table]:
    """One number at a time grows, the others stay."""
    base = base or Case()
    varied = {
        "D grows": [replace(base, entries=entries) for entries in (8, 16, 32, 64)],
        "M grows": [replace(base, parts=parts) for parts in (1, 2, 4, 8)],
        "q grows": [replace(base, spare=spare) for spare in (0, 1, 2, 4)],
        "L grows": [replace(base, depth=depth) for depth in (1, 2, 4, 8)],
        "T grows": [replace(base, steps=steps) for steps in (2, 4, 8, 16)],
        "N_extra grows": [replace(base, extra=extra) for extra in (0, 1, 2)],
        "cores per QPU grow": [replace(base, cores=cores) for cores in (1, 2, 4)],
    }
    return [
        Table("resources", title, COLUMNS, tuple(case.row("") for case in cases)) for title, cases in varied.items()
    ]


def study(folder: Path) -> Sequence[Table]:
    """Sweeps, plans that were really made, and the figure ``resources.png``."""
    from .resource_figure import draw_trade
    from .resource_plans import compared

    draw_trade(folder / "resources.png")
    return [*sweeps(), compared()]
