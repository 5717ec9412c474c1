"""Our own model on the same windows, and the classical ones beside it: an LSTM of like size, a linear fit.

Everything here was chosen on the seeds 100 to 109 (``--first-seed 100``); docs/howto/reproduce.md reports other ones.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..training.recipe import Recipe
from .setups import Classical, Data, Quantum, Row, Setup

MODEL = Quantum(hidden=4, parts=2, partition="shared-input", ansatz="reupload", depth=2)
"""Every gate: two sub-VQCs that both see x_t; 3 qubits each, or 4 where u_t is given too."""
SIZES = {1: 229, 2: 293}
"""Its trainable numbers by features."""
_ADAM = Recipe(optimizer="adam", lr=0.05, cosine=True, shuffle=True, epochs=300)


@dataclass(frozen=True)
class Choice:
    """What was chosen for one kind of series: our model, and the recipe for it and for the LSTM."""

    model: Quantum
    recipe: Recipe


PENDULUM = Choice(MODEL, replace(_ADAM, batch=20))
DRIVEN = Choice(MODEL, replace(_ADAM, batch=10))
"""NARMA with u_t."""
HIDDEN_DRIVE = Choice(replace(MODEL, entangler="ring"), replace(_ADAM, batch=10, epochs=500))
"""NARMA from y alone, where u_t has to be guessed."""


def our_rows(group: str, data: Data, choice: Choice) -> tuple[Row, ...]:
    """Our model, a classical LSTM with at most as many parameters, and linear least squares on one series.

    Args:
        group: Heading.
        data: The series.
        choice: What is trained, and how.
    """
    classical = Classical.like(SIZES[data.features], data.features)
    width = MODEL.hidden // MODEL.parts + data.features
    return (
        Row(group, f"ours, {MODEL.parts} x {width}", Setup(data, choice.model, choice.recipe)),
        Row(group, f"LSTM, hidden {classical.hidden}", Setup(data, classical, choice.recipe)),
        Row(group, "linear least squares", Setup(data, None)),
    )
