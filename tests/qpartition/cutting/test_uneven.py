"""Cuts for cores of several widths: as cheap as for the widest alone, and spread over the devices."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit import QuantumCircuit

from backends import open_qpu
from qpartition import Dispatcher, Plan, Topology, Workload, plan
from qpartition.cutting.uneven import core_widths, fitting_cut
from tests.qpartition.cutting import circuits


class Model:
    """Two outputs of one wide circuit."""

    def __init__(self, circuit: QuantumCircuit) -> None:
        circuit.name = "wide"
        circuit.metadata = {"outputs": 2, "inputs": 0, "weights": circuit.num_parameters}
        self._circuit = circuit

    def circuits(self) -> list[QuantumCircuit]:
        return [self._circuit]


def planned(topology: Topology, mapping: str = "greedy", qubits: int = 6) -> Plan:
    w = Workload.of(Model(circuits.chain(qubits)), batch=2, steps=1)
    return plan(w, topology, shots=100, wide="cut", mapping=mapping)


def two_devices(wide: int, narrow: int) -> Topology:
    devices = [open_qpu("fake:torino"), open_qpu("fake:fez")]
    return Topology(devices, {"fake:torino": wide, "fake:fez": narrow})


@pytest.mark.parametrize(
    ("qubits", "widths", "pieces", "overhead"),
    [
        (6, (4, 2), [2, 4], 9),
        (6, (5, 2), [2, 4], 9),
        (6, (4, 4, 2), [3, 3], 9),  # two devices side by side, each with half
        (9, (4, 2), [2, 3, 4], 81),  # in two turns
        (6, (3, 3), [3, 3], 9),
        (7, (4, 2), [3, 4], 9),  # 4 + 2 + 1 would be dearer
    ],
)
def test_pieces_go_round_the_devices_where_that_costs_no_more(
    qubits: int, widths: tuple[int, ...], pieces: list[int], overhead: float
) -> None:
    k = fitting_cut(circuits.chain(qubits), ["Z" * qubits], widths)
    assert sorted(k.widths) == pieces
    assert k.overhead == pytest.approx(overhead)


def test_narrow_cores_make_no_cut_dearer() -> None:
    """Two clusters of 3 joined by a weak gate: a piece of 2 would tear one of them."""
    circuit = QuantumCircuit(6)
    for first in (0, 3):
        for a, b in ((0, 1), (1, 2), (0, 2)):
            circuit.cx(first + a, first + b)
    circuit.rzz(0.2, 2, 3)
    k = fitting_cut(circuit, ["Z" * 6], (4, 2))
    assert k.widths == (3, 3) and k.overhead == pytest.approx((1 + 2 * np.sin(0.2)) ** 2)


@pytest.mark.parametrize("mapping", ["round-robin", "greedy"])
def test_halves_on_two_devices(mapping: str) -> None:
    made = planned(two_devices(4, 2), mapping)
    assert sorted(made.cuts[0].widths) == [2, 4]
    used = {(circuit.qubits, circuit.core.split("/")[0]) for circuit in made.circuits}
    assert {(4, "fake:torino"), (2, "fake:fez")} <= used
    assert (4, "fake:fez") not in used


@pytest.mark.parametrize("mapping", ["round-robin", "greedy", "noise-aware", "optimal"])
def test_halves_packed_on_one_chip(mapping: str) -> None:
    chip = open_qpu("fake:torino")
    cores = [chip.core([0, 1, 2, 3]), chip.core([10, 11])]
    topology = Topology([chip], {"fake:torino": cores})
    assert core_widths(topology) == (4, 2)
    made = planned(topology, mapping)
    assert sorted(made.cuts[0].widths) == [2, 4]
    assert {cores[0].name, cores[1].name} == {circuit.core for circuit in made.circuits}
    assert {c.core for c in made.circuits if c.qubits == 4} == {cores[0].name}


def test_each_width_of_a_device_counts_once() -> None:
    assert core_widths(two_devices(4, 2)) == (4, 2)
    assert core_widths(Topology([open_qpu("fake:torino"), open_qpu("fake:fez")], 3)) == (3, 3)


def test_pieces_on_uneven_cores_give_the_whole() -> None:
    circuit = circuits.chain(6)
    made = plan(
        Workload.of(Model(circuit), batch=2, steps=1),
        Topology([open_qpu("exact"), open_qpu("exact")], {"exact": 4, "exact#2": 2}),
        shots=None,
        wide="cut",
        mapping="greedy",
    )
    values = circuits.angles_of(circuit, 1)
    with Dispatcher(made) as devices:
        found = devices.values({"wide": np.zeros((2, 0))}, {"wide": values[0]})["wide"].value
    truth = circuits.truth(circuit, np.repeat(values, 2, axis=0), ["IIIIIZ", "IIIIZI"])
    np.testing.assert_allclose(found, truth, atol=1e-9)
