"""Every contestant must compute the same function before it is timed."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .cases import Array, Case, data
from .contestant import CONTESTANTS
from .reference import outputs, slope

TOLERANCE = 1e-8  # float64; outputs and gradients are of order 0.001 to 1
FEASIBLE = 512  # parts x amplitudes up to which plain numpy simulates whole batches; beyond it two sequences


class DisagreementError(RuntimeError):
    """A contestant computes another function than the others."""


def agree(case: Case, folder: Path) -> float:
    """Compare what `Pool.prepare` wrote in the folder.

    Outputs with plain numpy; the first contestant's gradient with finite differences of plain numpy along a random
    direction (not in the largest cases); every other gradient with the first one.

    Returns:
        The largest difference found.

    Raises:
        DisagreementError: A difference above the tolerance.
    """
    given = data(case)
    feasible = case.parts * 2**case.qubits <= FEASIBLE
    compared = case.batch if feasible else 2
    expected = outputs(case, given["weights"], given["x"][:compared])
    first: Array | None = None
    worst = 0.0
    for path in sorted(folder.glob("*.npz"), key=_order):
        with np.load(path) as found:
            y, gradient = found["y"], found["gradient"]
        if not gradient.size:  # nn.LSTM: the same sizes, another function
            continue
        differences = {"output": np.abs(y[:compared] - expected).max()}
        if first is None:
            first = gradient
            if feasible:
                direction = np.random.default_rng(1).choice([-1.0, 1.0], gradient.shape)
                differences["slope"] = abs(np.sum(direction * gradient) - slope(case, given, direction))
        differences["gradient"] = np.abs(gradient - first).max()
        worst = max(worst, *(_within(case, path.stem, what, float(off)) for what, off in differences.items()))
    return worst


def _within(case: Case, who: str, what: str, difference: float) -> float:
    if not difference <= TOLERANCE:  # also when it is NaN
        raise DisagreementError(
            f"case {case.name}: the {what} of {who} is off by {difference:.1e}, more than {TOLERANCE:g}"
        )
    return difference


def _order(path: Path) -> int:
    return list(CONTESTANTS).index(path.stem.rpartition("-")[0])
