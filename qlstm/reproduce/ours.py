"""Our own model on the same windows, and the classical ones beside it: an LSTM of like size, a linear fit.

Everything here was chosen on the seeds 100 to 109 (``--first-seed 100``); docs/howto/reproduce.md reports other ones.
"""

from __future__ import annotations

from ..training.recipe import Recipe
from .setups import Classical, Data, Quantum, Row, Setup

MODEL = Quantum(hidden=4, parts=2, partition="shared-input", ansatz="reupload", depth=2)
"""Every gate: two sub-VQCs that both see x_t; 3 qubits each, or 4 where u_t is given too."""
SIZES = {1: 229, 2: 293}
"""Its trainable numbers by features."""
PENDULUM = Recipe(optimizer="adam", lr=0.05, cosine=True, shuffle=True, batch=20, epochs=300)
NARMA = Recipe(optimizer="adam", lr=0.05, cosine=True, shuffle=True, batch=10, epochs=300)


def our_rows(group: str, data: Data, recipe: Recipe) -> tuple[Row, ...]:
    """Our model, a classical LSTM with at most as many parameters, and linear least squares on one series.

    Args:
        group: Heading.
        data: The series.
        recipe: Of the first two.
    """
    classical = Classical.like(SIZES[data.features], data.features)
    width = MODEL.hidden // MODEL.parts + data.features
    return (
        Row(group, f"ours, {MODEL.parts} x {width}", Setup(data, MODEL, recipe)),
        Row(group, f"LSTM, hidden {classical.hidden}", Setup(data, classical, recipe)),
        Row(group, "linear least squares", Setup(data, None)),
    )
