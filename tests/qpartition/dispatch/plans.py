"""Plans to dispatch, small ones."""

from __future__ import annotations

from typing import Any

from backends import open_qpu
from qpartition import Plan, Topology, Workload, plan
from tests.qpartition import toy

B, T = 2, 3
LISTED = toy.cell(parts=2)


def make(devices: Any = None, shots: int | None = None, listed: Any = LISTED, jacobian: Any = "deferred") -> Plan:
    """Of a batch of B sequences of T time steps, on two toy devices by default."""
    workload = Workload.of(toy.Model(listed), B, T)
    return plan(workload, Topology(devices or toy.two_devices()), shots=shots, jacobian=jacobian)


def exact_devices() -> list[Any]:
    """Two devices that can sample shots."""
    return [open_qpu("exact"), open_qpu("exact")]
