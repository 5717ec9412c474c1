"""What a comparison of ways found, as a table and as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from qpartition.tables import Cell, table

SECONDS, EXECUTIONS = "QPU seconds", "executions"
"""What may be made equal beside shots: executions where nothing is billed."""
HEADER = (
    "way", "shots", "core qubits", "parameters", "overhead", "here", "rounds", "jobs", "executions", "QPU s", "error <Z>",
    "gradient error", "test R2", "+-", "exact R2",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One way at one number of shots.

    Attributes:
        way: Its name.
        equal: What it has in common with the others: ``"shots"``, or the price of a training step: ``"QPU seconds"``,
            or ``"executions"`` where nothing is billed.
        shots: Per circuit.
        core_qubits: Width of the widest circuit that runs.
        parameters: Of the model, its head included.
        overhead: Sampling overhead of the cuts, the largest there can be; 1 without cuts.
        overhead_here: At the angles of the trained model.
        rounds: Of a training step by parameter shift, as the other costs.
        jobs: On all devices.
        executions: Circuits run.
        qpu_seconds: Billed.
        error: Root mean square difference of <Z> on the devices and exact.
        gradient_error: |gradient on the devices - exact| / |exact|, of the loss over the first training windows.
        r2: Test R2 of forecasts on the devices, mean.
        r2_stderr: Its standard error, from the spread over the forecasts.
        exact_r2: Test R2 in exact simulation.
    """

    way: str
    equal: str
    shots: int
    core_qubits: int
    parameters: int
    overhead: float
    overhead_here: float
    rounds: int
    jobs: int
    executions: int
    qpu_seconds: float
    error: float
    gradient_error: float
    r2: float
    r2_stderr: float
    exact_r2: float

    def price(self, basis: str) -> float:
        """What a training step costs, in `SECONDS` or `EXECUTIONS`."""
        return self.qpu_seconds if basis == SECONDS else float(self.executions)


@dataclass(frozen=True)
class WaysResult:
    """All ways.

    Attributes:
        rows: At equal shots, then at equal QPU seconds, or executions.
        notes: What was cut, and what has no place at an equal price.
    """

    rows: tuple[Row, ...]
    notes: tuple[str, ...]

    @property
    def bases(self) -> tuple[str, ...]:
        """What was made equal: shots, and QPU seconds or executions."""
        return tuple(dict.fromkeys(row.equal for row in self.rows))

    def equal(self, basis: str) -> tuple[Row, ...]:
        """The rows that have this in common, one of `bases`."""
        return tuple(row for row in self.rows if row.equal == basis)

    def __str__(self) -> str:
        """Two tables."""
        parts = [
            f"at equal {basis}:\n{table(HEADER, [_cells(row) for row in self.equal(basis)])}" for basis in self.bases
        ]
        return "\n\n".join([*parts, "\n".join(self.notes)]).rstrip()

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {"ways": [asdict(row) for row in self.rows], "notes": list(self.notes)}


def _cells(row: Row) -> list[Cell]:
    return [
        row.way, row.shots, row.core_qubits, row.parameters, f"{row.overhead:.4g}", f"{row.overhead_here:.3g}", row.rounds,
        row.jobs, row.executions, row.qpu_seconds, f"{row.error:.4f}", f"{row.gradient_error:.3f}", f"{row.r2:.4f}",
        f"{row.r2_stderr:.4f}", f"{row.exact_r2:.4f}",
    ]  # fmt: skip
