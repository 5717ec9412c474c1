"""Shots of both engines follow the exact joint distribution, readout error included."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest

from backends import open_qpu
from backends.device import cropped_target
from backends.engines import ENGINES
from backends.sampling import signs
from backends.simulated import SnapshotQPU
from backends.twin.engine import TwinEngine
from tests.backends.circuits import angles, chen2020

SHOTS, OUTPUTS = 1024, 2


@pytest.mark.parametrize("engine", ["twin", "aer"])
def test_chi_square_over_many_seeds(engine: str) -> None:
    """<Z_0> and <Z_1> of each seed, as a pair with the covariance of the exact joint distribution."""
    qpu, made = open_qpu("fake:torino"), chen2020(3)
    assert isinstance(qpu, SnapshotQPU)
    core, values = qpu.cores(3)[0], angles(made, 3)
    compact = qpu._circuits.get(made, core).compact
    target = cropped_target(qpu.device, tuple(core.qubits[q] for q in compact.qubits))
    probabilities = np.concatenate(list(TwinEngine(target).distribution(compact, values, OUTPUTS)))
    eigenvalues = signs(OUTPUTS)
    mean = probabilities @ eigenvalues
    simulator = ENGINES[engine](target)
    statistics = []
    for seed in range(150 if engine == "twin" else 50):
        found = simulator.run(compact, values, OUTPUTS, SHOTS, np.random.default_rng(seed)).values - mean
        for p, centre, off in zip(probabilities, mean, found, strict=True):
            covariance = np.einsum("o,oi,oj->ij", p, eigenvalues - centre, eigenvalues - centre) / SHOTS
            statistics.append(off @ np.linalg.solve(covariance, off))
    assert kstest(statistics, "chi2", args=(OUTPUTS,)).pvalue > 1e-3


def test_seeds_of_the_aer_engine() -> None:
    qpu, made = open_qpu("fake:nairobi?engine=aer"), chen2020(2)
    core, values = qpu.cores(2)[0], angles(made, 4)
    from backends import Request

    first, again, other = (qpu.run([Request(made, values, 2, core)], 200, seed=s).result()[0].values for s in (7, 7, 8))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
