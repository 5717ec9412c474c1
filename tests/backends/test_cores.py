"""Cores: disjoint, connected, free of broken parts; circuits keep to theirs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qiskit.transpiler import CouplingMap

from backends import Core, InputError, Request, open_qpu
from tests.backends.circuits import angles, chen2020, ideal


def test_the_whole_of_a_large_chip_is_a_core() -> None:
    """Noise is built for the qubits in use only, so this is quick."""
    qpu = open_qpu("fake:torino")
    (core,) = qpu.cores()
    assert 120 < core.num_qubits <= qpu.num_qubits == 133
    circuit = chen2020(2)
    values = angles(circuit, 3)
    found = qpu.run([Request(circuit, values, 2, core)]).result()[0]
    np.testing.assert_allclose(found.values, ideal(circuit, values, 2), atol=0.2)


@pytest.mark.parametrize("spec", ["fake:fez", "fake:torino", "fake:brisbane", "fake:manila"])
@pytest.mark.parametrize("width", [1, 2, 4])
def test_cores_are_disjoint_connected_and_free_of_broken_parts(spec: str, width: int) -> None:
    qpu = open_qpu(spec)
    cores = qpu.cores(width)
    used = [q for core in cores for q in core.qubits]
    assert len(used) == len(set(used)) == width * len(cores)
    target = qpu.device.target
    two_qubit = next(n for n in ("cz", "ecr", "cx") if n in target.operation_names)
    for i, core in enumerate(cores):
        assert (core.qpu, core.index, core.name) == (qpu.name, i, f"{qpu.name}/{i}")
        assert width == 1 or CouplingMap([*core.edges]).is_connected()
        pairs = {}
        for (a, b), error in core.calibration.two_qubit.items():
            physical = target[two_qubit][core.qubits[a], core.qubits[b]].error
            assert error == physical < 1
            pairs[frozenset((a, b))] = error
        singles = sum(target["sx"][(q,)].error + target["measure"][(q,)].error for q in core.qubits)
        assert core.error == pytest.approx(singles + sum(pairs.values()))
        assert core.calibration.t1[0] == target.qubit_properties[core.qubits[0]].t1
        assert set(core.calibration.readout) == set(range(width))
    assert [c.error for c in cores] == sorted(c.error for c in cores)
    assert cores == open_qpu(spec).cores(width)


def test_broken_couplers_are_not_in_the_coupling_map() -> None:
    qpu = open_qpu("fake:fez")
    cz = qpu.device.target["cz"]
    broken = {edge for edge, values in cz.items() if values.error >= 1}
    assert len(broken) == 14
    assert set(qpu.coupling_map) == set(cz) - broken


def test_ideal_cores_are_plenty_and_of_any_width() -> None:
    for spec in ("exact", "aer"):
        qpu = open_qpu(spec)
        cores = qpu.cores(5)
        assert len(cores) == 64
        assert len({q for core in cores for q in core.qubits}) == 320
        assert cores[0].edges == () and cores[0].calibration.is_ideal
        assert qpu.cores()[0].num_qubits == 24


@pytest.mark.parametrize("spec", ["fake:fez", "fake:manila"])
def test_isa_circuits_keep_to_the_core(spec: str) -> None:
    qpu = open_qpu(spec)
    core = qpu.cores(3)[0]
    isa = qpu.transpile(chen2020(3, 2), core)
    assert isa.num_qubits == 3
    for item in isa.data:
        qubits = tuple(isa.find_bit(bit).index for bit in item.qubits)
        assert len(qubits) == 1 or qubits in core.edges
        assert item.name in qpu.device.target.operation_names
    again = open_qpu(spec).transpile(chen2020(3, 2), core)
    assert [(i.name, isa.find_bit(i.qubits[0]).index) for i in isa.data] == [
        (i.name, again.find_bit(i.qubits[0]).index) for i in again.data
    ]


@pytest.mark.parametrize(
    ("qubits", "message"),
    [
        (3, "qubits=3 of a core of fake:nairobi must be a list"),
        (None, "qubits=None of a core"),
        ([], "needs at least one qubit"),
        ([True], "qubit True of fake:nairobi does not exist"),
        ([1, 1], "qubit 1 of fake:nairobi is named twice"),
    ],
)
def test_chosen_qubits_that_are_refused(qubits: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        open_qpu("fake:nairobi").core(qubits)


def test_cores_that_do_not_exist() -> None:
    fez, exact = open_qpu("fake:fez"), open_qpu("exact")
    for width, message in ((157, "157 qubits do not fit on fake:fez, which has 156"), (155, "region .* has 154")):
        with pytest.raises(InputError, match=message + ".*cut the circuit"):
            fez.cores(width)
    for bad in (0, -1, 2.5, "4", True):
        for qpu in (fez, exact):
            with pytest.raises(InputError, match="core_qubits="):
                qpu.cores(bad)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="25 qubits do not fit on exact"):
        exact.cores(25)
    with pytest.raises(InputError, match=r"qubits \[400\] of fake:fez do not exist"):
        fez.transpile(chen2020(2), Core("fake:fez", 0, (0, 400), ((0, 1),)))
