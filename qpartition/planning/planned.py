"""A plan as an object: printed, saved, loaded."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from qpartition.counts import Counts
from qpartition.cutting.fitting import CutSummary
from qpartition.export import checked_path
from qpartition.meter import Meter
from qpartition.placement import CoreNames
from qpartition.plan_file import PlacedCircuit, from_json, to_json, write
from qpartition.plan_text import text


@dataclass(frozen=True)
class Plan:
    """Where every sub-VQC runs and what that costs; nothing has run yet.

    Attributes:
        circuits: Every sub-VQC with its core and its size there.
        batch: Sequences per training step.
        steps: Time steps per sequence.
        shots: Shots per execution; None for exact expectations, which count once per set.
        gradient: How derivatives are measured, a name in `GRADIENTS`.
        jacobian: ``"deferred"``: one more round per step for all shifts; ``"fused"``: shifts with the values.
        samples: Weight shifts per sub-VQC and step; only ``"sampled-shift"`` draws them.
        packing: Sub-VQCs on different cores of a QPU run side by side, as one circuit.
        cuts: What was cut; the pieces are among ``circuits``, named ``<key>/A0``, ``<key>/B1``, ...
        mitigation: Names in `qpartition.mitigation.METHODS`.
        folds: Noise factors that are extrapolated from; (1,) for no extrapolation.
        note: What the mapping has to say of itself.
        advice: What would save QPU time, and what it risks; see `qpartition.advice`.
        calibration: Cost of what the mitigation runs once, before the first round.
        forward: Cost of one forward pass.
        step: Cost of one training step, forward pass included.
        epoch: Cost of one epoch; None without a `Schedule`.
        run: Cost of all epochs and of the calibration; None without a `Schedule`.
        live: The devices to run on; None in a plan that was loaded from a file.
    """

    circuits: tuple[PlacedCircuit, ...]
    batch: int
    steps: int
    shots: int | None
    gradient: str
    jacobian: str
    samples: int
    packing: bool
    cuts: tuple[CutSummary, ...]
    mitigation: tuple[str, ...]
    folds: tuple[int, ...]
    note: str
    advice: tuple[str, ...]
    calibration: Counts
    forward: Counts
    step: Counts
    epoch: Counts | None = None
    run: Counts | None = None
    live: Meter | None = field(default=None, compare=False, repr=False)

    @property
    def mapping(self) -> CoreNames:
        """Core name by sub-VQC key; can be given to `plan` again, for a topology where the names are the same qubits."""
        return CoreNames({c.key: c.core for c in self.circuits}, {c.key: c.physical for c in self.circuits})

    @property
    def fidelity(self) -> float:
        """Mean expected fidelity of the sub-VQCs; see `backends.qpu.Profile`."""
        return sum(circuit.fidelity for circuit in self.circuits) / len(self.circuits)

    def __str__(self) -> str:
        """Two tables: cores with what runs on them, and costs."""
        return text(self)

    def to_json(self) -> str:
        """The plan without the devices, as JSON."""
        return to_json(self)

    def save(self, path: str | Path) -> None:
        """Write `to_json` to a file, all or nothing.

        Raises:
            InputError: If the file cannot be written.
        """
        write(checked_path(path), self.to_json())

    @classmethod
    def load(cls, path: str | Path) -> Plan:
        """A saved plan, to look at or to take the mapping from; it has no devices to run on.

        Raises:
            InputError: If the file is missing or does not hold a plan.
        """
        return cls(**from_json(checked_path(path)))
