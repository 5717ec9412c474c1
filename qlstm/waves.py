"""The order of evaluation of a stacked, bidirectional model: what can run together is one wave, one round on devices."""

from __future__ import annotations

Place = tuple[int, int]
"""(layer, direction)."""
Step = tuple[int, int, int]
"""(layer, direction, time step)."""


def waves(layers: int, directions: int, steps: int) -> list[list[Step]]:
    """Waves of independent (layer, direction, time step).

    One direction: layer l runs a step behind layer l - 1, steps + layers - 1 waves. Two directions: a layer needs
    the whole sequence of the one below, and its two directions run side by side, layers * steps waves.
    """
    if directions == 1:
        return [
            [(layer, 0, wave - layer) for layer in range(layers) if 0 <= wave - layer < steps]
            for wave in range(steps + layers - 1)
        ]
    return [[(layer, 0, n), (layer, 1, steps - 1 - n)] for layer in range(layers) for n in range(steps)]
