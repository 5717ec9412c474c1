"""What is timed: the four cases, their shared weights and data, and the circuit's CNOT pattern. Numpy only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
LEARNING_RATE = 0.01


@dataclass(frozen=True)
class Case:
    """One training step of a QLSTM: chen2020 circuits, contiguous parts of equal width, float64.

    Attributes:
        name: Label in the tables.
        input_size: Features per time step.
        hidden_size: Length of h; input_size + hidden_size qubits in all, divided evenly.
        parts: Number of parts M.
    """

    name: str
    input_size: int
    hidden_size: int
    parts: int = 1
    depth: int = 2
    batch: int = 16
    steps: int = 8

    @property
    def qubits(self) -> int:
        """Qubits of one part."""
        return (self.input_size + self.hidden_size) // self.parts

    @property
    def title(self) -> str:
        """The case in words."""
        return f"{self.name}: " + (
            f"{self.parts} parts x {self.qubits} qubits" if self.parts > 1 else f"centric {self.qubits} qubits"
        )

    @property
    def outputs(self) -> tuple[int, ...]:
        """Expectations that each part contributes to h."""
        return tuple(len(part) for part in np.array_split(np.arange(self.hidden_size), self.parts))

    @property
    def output_index(self) -> npt.NDArray[np.intp]:
        """Positions of h in the flattened <Z> of shape (parts * qubits,)."""
        return np.array([m * self.qubits + j for m, n in enumerate(self.outputs) for j in range(n)], dtype=np.intp)


CASES = {
    "A": Case("A", input_size=1, hidden_size=3),
    "B": Case("B", input_size=1, hidden_size=5),
    "C": Case("C", input_size=1, hidden_size=5, parts=2),
    "D": Case("D", input_size=16, hidden_size=48, parts=16),
}


def wide(qubits: int) -> Case:
    """A centric case of that many qubits."""
    return Case(f"q{qubits}", input_size=1, hidden_size=qubits - 1)


def many(parts: int) -> Case:
    """Parts of 4 qubits, of whose 4 inputs one is a feature of x and three belong to h."""
    return Case(f"m{parts}", input_size=parts, hidden_size=3 * parts, parts=parts)


def named(name: str) -> Case:
    """A case by its label: A to D, ``q10`` (`wide`) or ``m64`` (`many`)."""
    if name in CASES:
        return CASES[name]
    make = {"q": wide, "m": many}
    size = int(name[1:]) if name[1:].isdigit() else 0
    if name[:1] not in make or size < 1 or name == "q1":
        raise ValueError(f"unknown case {name!r}: choose one of {', '.join(CASES)}, qN (N > 1) or mN")
    return make[name[0]](size)


def couplings(qubits: int) -> list[tuple[int, int]]:
    """CNOTs (control, target) of one chen2020 layer: i -> i+1 for all i, then i -> i+2 for all i if q > 2."""
    reach = [r for r in (1, 2) if qubits > r]
    return [(i, (i + r) % qubits) for r in reach for i in range(qubits)]


def data(case: Case) -> dict[str, Array]:
    """The same weights, inputs and targets for every contestant.

    Returns:
        weights (parts, 4, depth, qubits, 3) with gates i, f, g, o; x (batch, steps, input_size);
        target (batch, steps, hidden_size).
    """
    rng = np.random.default_rng(7)
    return {
        "weights": rng.normal(0.0, 0.5, (case.parts, 4, case.depth, case.qubits, 3)),
        "x": rng.uniform(-1.0, 1.0, (case.batch, case.steps, case.input_size)),
        "target": rng.uniform(-0.5, 0.5, (case.batch, case.steps, case.hidden_size)),
    }


def signs(qubits: int) -> Array:
    """Eigenvalues of Z_k on every basis state, qubit 0 the most significant bit: (2**qubits, qubits)."""
    bits = (np.arange(2**qubits)[:, None] >> np.arange(qubits)[::-1]) & 1
    return (1 - 2 * bits).astype(np.float64)
