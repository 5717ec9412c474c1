"""Waves: which sub-VQCs can be evaluated in the same forward round."""

from __future__ import annotations

from .subvqc import SubVQC

Wave = tuple[str, ...]
"""Keys of the sub-VQCs of one forward round."""


def default_waves(subvqcs: tuple[SubVQC, ...], steps: int) -> tuple[Wave, ...]:
    """The waves of a stack of recurrent layers over ``steps`` time steps.

    In one direction, layer l at time t needs layer l at t-1 and layer l-1 at t, so all (l, t) with the same
    l + t form one wave: steps + layers - 1 waves. With a reverse direction a layer needs the whole sequence
    of the one below: steps x layers waves, the two directions side by side.
    """
    layers: dict[int, list[str]] = {}
    for subvqc in subvqcs:
        layers.setdefault(int(subvqc.circuit.metadata.get("layer", 0)), []).append(subvqc.key)
    stack = [tuple(keys) for _, keys in sorted(layers.items())]
    if any(_is_reverse(subvqc.key) for subvqc in subvqcs):
        return tuple(keys for keys in stack for _ in range(steps))
    return tuple(
        tuple(key for layer, keys in enumerate(stack) if 0 <= wave - layer < steps for key in keys)
        for wave in range(steps + len(stack) - 1)
    )


def _is_reverse(key: str) -> bool:
    """Keys of the reverse direction start ``l0r.``, ``l1r.``, ..."""
    return key.split(".")[0].endswith("r")
