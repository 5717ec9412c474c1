"""The paper's experiments: what it prints (Tables I and II of arXiv 2503.14088), and a setting that gives such numbers.

The paper leaves depth, sizes, window, split, batch and learning rate open, and what its "R-square" and "Testing Epoch
Convergence" are. `SETTING` is that of one author's public QLSTM code; docs/howto/reproduce.md lists every choice.
"""

from __future__ import annotations

from ..training.recipe import Recipe
from .setups import Data, Printed, Quantum, Row, Setup

NAMES = ("centric, 3 qubits", "centric, 4 qubits", "centric, 5 qubits", "centric, 6 qubits", "distributed, 2 x 3")
TABLE_1 = (Printed(0.9898, 81), Printed(0.9913, 68), Printed(0.9938, 38), Printed(0.9903, 27), Printed(0.9936, 31))
TABLE_2 = (Printed(0.5477, 2), Printed(0.8611, 2), Printed(0.2651, 2), Printed(0.7799, 2), Printed(0.7523, 2))
"""In the order of `NAMES`."""
SETTING = Recipe(optimizer="rmsprop", lr=0.01, batch=10, epochs=100)


def centric(qubits: int, features: int = 1) -> Quantum:
    """One VQC per gate, as wide as v = [x; h]."""
    return Quantum(qubits - features, 1, "input-first", "chen2024", 5)


def distributed(features: int = 1) -> Quantum:
    """Two sub-VQCs of three qubits per gate."""
    return Quantum(6 - features, 2, "input-first", "chen2024", 5)


def paper_rows(group: str, data: Data, printed: tuple[Printed, ...] | None = None) -> tuple[Row, ...]:
    """The five models of the paper on one series, in its order.

    Args:
        group: Heading.
        data: The series.
        printed: What the paper prints for it; None where it prints nothing.
    """
    models = (*map(centric, (3, 4, 5, 6)), distributed())
    numbers = printed or (None,) * len(models)
    return tuple(
        Row(group, name, Setup(data, model, SETTING), number)
        for name, model, number in zip(NAMES, models, numbers, strict=True)
    )
