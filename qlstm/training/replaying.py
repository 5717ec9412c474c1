"""Whether two runs came to the same model."""

from __future__ import annotations

import torch

from . import checkpoint
from .folder import RunFolder


def same_weights(one: RunFolder, other: RunFolder) -> bool:
    """Whether the checkpoints of two runs hold the same weights, to the bit.

    Raises:
        InputError: If a checkpoint is missing or damaged.
    """
    first, second = (checkpoint.load(folder.checkpoint)["trainer"]["weights"] for folder in (one, other))
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)
