"""The facts in a listing."""

from __future__ import annotations

from statistics import median

import pytest

from backends import InputError, open_qpu
from backends.summary import summary


def test_a_chip_at_a_glance() -> None:
    qpu = open_qpu("fake:torino")
    found = summary(qpu, 4)
    target = qpu.device.target
    assert (found.name, found.qubits, found.cores) == ("fake:torino", 133, len(qpu.cores(4)))
    assert found.one_qubit_error == median(target["sx"][(q,)].error for q in range(133))
    assert found.two_qubit_error == median(v.error for v in target["cz"].values() if v.error < 1)
    assert found.readout_error == median(target["measure"][(q,)].error for q in range(133))
    assert found.t1 == median(p.t1 for p in target.qubit_properties)
    assert found.rep_delay == 250e-6
    assert found.date.startswith("2025-02-26")
    assert summary(qpu).cores == 1
    assert summary(qpu, 140).cores == 0


def test_an_ideal_device_has_nothing_to_report() -> None:
    found = summary(open_qpu("exact"), 3)
    assert (found.cores, found.one_qubit_error, found.t1, found.date) == (64, None, None, "")


def test_a_width_that_is_none() -> None:
    with pytest.raises(InputError, match="core_qubits=0"):
        summary(open_qpu("exact"), 0)
