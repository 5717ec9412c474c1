"""What the mappings are for: less error where devices are unequal, as measured, not as foretold."""

from __future__ import annotations

import numpy as np

from backends import Request, open_qpu
from backends.qpu import FloatArray
from qpartition import Topology, Workload
from qpartition.mapping import place
from qpartition.placement import Placement
from tests.qpartition import toy

SEEDS, ROWS = 5, 4
TOPOLOGY = Topology([open_qpu("fake:torino"), open_qpu("fake:fez")], core_qubits=3)
WORKLOAD = Workload.of(toy.Model(toy.cell(parts=1)), batch=2, steps=2)


def measured(placement: Placement, angles: dict[str, FloatArray], seeds: range = range(SEEDS)) -> FloatArray:
    """Mean of |<Z> on the devices - <Z> by Statevector| for angles (seeds, rows, parameters), shape (seeds,)."""
    errors = []
    for subvqc in WORKLOAD.subvqcs:
        core = placement[subvqc.key]
        values = np.concatenate(angles[subvqc.key][seeds.start : seeds.stop])
        noisy = TOPOLOGY.qpus[core.qpu].run([Request(subvqc.circuit, values, subvqc.outputs, TOPOLOGY.native(core))])
        difference = noisy.result()[0].values - toy.z(subvqc.circuit, values, subvqc.outputs)
        errors.append(np.abs(difference).reshape(len(seeds), -1).mean(axis=1))
    return np.asarray(np.mean(errors, axis=0))


def test_noise_aware_and_optimal_measure_less_error_than_round_robin_and_random() -> None:
    rng = np.random.default_rng(7)
    angles = {}
    for subvqc in WORKLOAD.subvqcs:
        angles[subvqc.key] = rng.uniform(-np.pi, np.pi, (SEEDS, ROWS, subvqc.circuit.num_parameters))
        angles[subvqc.key][:, :, subvqc.inputs :] = angles[subvqc.key][:, :1, subvqc.inputs :]
    placed = {name: place(name, WORKLOAD, TOPOLOGY) for name in ("round-robin", "noise-aware", "optimal")}
    found = {name: measured(placement, angles) for name, placement in placed.items()}
    # Seed by seed: other angles, and another draw of the cores.
    drawn = [measured(place("random", WORKLOAD, TOPOLOGY, seed=s), angles, range(s, s + 1)) for s in range(SEEDS)]
    found["random"] = np.concatenate(drawn)
    for blind in ("round-robin", "random"):
        for careful in ("noise-aware", "optimal"):
            gain = found[blind] - found[careful]
            assert gain.mean() > 2 * gain.std(ddof=1) / np.sqrt(SEEDS), (blind, careful, found)
