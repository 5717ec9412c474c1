"""What a trainer's saved state must be like before anything is taken from it."""

from __future__ import annotations

from typing import Any

import torch

from .recipe import require_count


def require_state(state: dict[str, Any], batches: int) -> None:
    """Refuse numbers that no training leaves behind.

    Args:
        state: As made by `Trainer.state_dict`.
        batches: Optimiser steps per epoch.

    Raises:
        ValueError: For such a number; KeyError or TypeError where something is missing or of another kind.
    """
    require_count("epoch", state["epoch"], least=0)
    require_count("batch", state["batch"], least=0, most=batches)
    if not (isinstance(state["elapsed"], int | float) and state["elapsed"] >= 0):
        raise ValueError(f"elapsed={state['elapsed']!r} must be a number of seconds")
    if not all(isinstance(value, int | float) for value in state.get("signals", ())):
        raise ValueError("the signals hold something else than numbers")
    require_finite(state["weights"])
    rows = state["history"]
    if [row["epoch"] for row in rows] != list(range(1, state["epoch"] + 1)):
        raise ValueError(f"the history has {len(rows)} row(s) for {state['epoch']} epoch(s)")
    if not all(isinstance(value, int | float) for row in rows for value in row.values()):
        raise ValueError("the history holds something else than numbers")


def require_finite(weights: dict[str, torch.Tensor]) -> None:
    """Raise ValueError for weights that are not finite."""
    odd = next((name for name, weight in weights.items() if not torch.isfinite(weight).all()), None)
    if odd is not None:
        raise ValueError(f"{odd} is not finite")
