"""Pieces of cut circuits on real devices (localqpu): measurements on the way, one job per device and round, the journal."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from backends import open_qpu
from qpartition import Dispatcher, Journal, Topology, plan
from qpartition.cutting import cut
from tests.backends.ibm.lab import AT_ONCE, NAMES, QUICK, Lab
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


def test_the_pieces_of_a_lost_device_move(lab: Lab) -> None:
    """Between values and derivatives: the derivatives are measured on the other device, with the values as they were."""
    circuit = circuits.entangled(2, ["rzz"], seed=3)
    values = circuits.angles_of(circuit, 1)
    k = cut(circuit, ["IZ", "ZI"], cuts="AB")
    made = plan(k.workload(1), Topology([open_qpu(f"ibm:{name}") for name in NAMES], 1), shots=SHOTS)
    found = []
    for on_line in (False, True):
        with Journal(lab.journal) as journal:
            with Dispatcher(made, journal=journal, retry=replace(QUICK, offline=0.3)) as devices:
                plain = k.expectations(values, executor=devices)
                if not on_line:
                    lab.control.set_scenario({**AT_ONCE, "backends": {NAMES[0]: {"status": "offline"}}})
                slopes = k.jacobian(values, executor=devices)
            found.append(np.concatenate([plain.values.ravel(), slopes.values.ravel()]))
            ((number, lost),) = ((move.round, move.qpu) for move in journal.moves())
        lab.control.set_scenario(AT_ONCE)
    assert (number, lost) == (1, f"ibm:{NAMES[0]}")
    exact, known = k.jacobian(values).values, slopes.stderr > 0
    assert np.abs((slopes.values - exact)[known] / slopes.stderr[known]).max() < 5
    np.testing.assert_array_equal(*found)
    assert sorted(job["backend"] for job in lab.control.jobs()) == sorted((NAMES[0], *[NAMES[1]] * 3))
