"""Pieces of cut circuits on real devices (localqpu): measurements on the way, one job per device and round, the journal."""

from __future__ import annotations

import numpy as np

from backends import open_qpu
from qpartition import Dispatcher, Journal, Topology, plan
from qpartition.cutting import cut
from tests.backends.ibm.lab import NAMES, QUICK, Lab
from tests.qpartition.cutting import circuits

SHOTS = 2048


def test_halves_on_two_devices_give_the_whole_and_are_paid_once(lab: Lab) -> None:
    circuit = circuits.entangled(2, ["rzz"], seed=3)
    values = circuits.angles_of(circuit, 2)
    k = cut(circuit, ["IZ", "ZI"], cuts="AB")
    made = plan(k.workload(2), Topology([open_qpu(f"ibm:{name}") for name in NAMES], 1), shots=SHOTS)
    assert any(circuit.key.endswith("A1") for circuit in made.circuits)  # one that measures on the way
    found = []
    for _ in range(2):
        with Journal(lab.journal) as journal, Dispatcher(made, journal=journal, retry=QUICK) as devices:
            plain = k.expectations(values, executor=devices)
            slopes = k.jacobian(values, executor=devices)
            found.append(np.concatenate([plain.values.ravel(), slopes.values.ravel()]))
    truth, exact = circuits.truth(circuit, values, ["IZ", "ZI"]), k.jacobian(values)
    assert np.abs((plain.values - truth) / plain.stderr).max() < 5
    assert np.abs((slopes.values - exact.values)[slopes.stderr > 0] / slopes.stderr[slopes.stderr > 0]).max() < 5
    assert plain.stderr.max() < 0.15
    np.testing.assert_array_equal(*found)  # the second time from the journal alone
    assert sorted(job["backend"] for job in lab.control.jobs()) == sorted(NAMES * 2)  # two rounds, one job each
