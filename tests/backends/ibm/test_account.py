"""What is asked about the account and its devices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from localqpu.control_client import LocalqpuControl

from backends import open_qpu
from backends.errors import InputError, PausedError
from backends.ibm import connection
from tests.backends.ibm.lab import NAMES, Lab


def test_the_least_busy_device(lab: Lab) -> None:
    def busy(fez: Any, torino: Any) -> str:
        lab.control.set_scenario({"backends": {NAMES[0]: fez, NAMES[1]: torino}})
        return open_qpu("ibm:least_busy").name

    assert busy({"queue_length": 5}, {"queue_length": 2}) == "ibm:ibm_torino"
    assert busy({"queue_length": 1, "status": "offline"}, {"queue_length": 2}) == "ibm:ibm_torino"
    with pytest.raises(PausedError, match="no device of the account is on line; try again later"):
        busy({"status": "offline"}, {"status": "offline"})


def test_live_calibration_is_that_of_the_snapshot(lab: Lab) -> None:
    for live, name in zip(lab.qpus, ("fez", "torino"), strict=True):
        fake = open_qpu(f"fake:{name}")
        assert live.num_qubits == fake.num_qubits and live.coupling_map == fake.coupling_map
        # the client drops the time zone
        assert replace(live.calibration, date=fake.calibration.date) == fake.calibration
        assert [core.qubits for core in live.cores(4)] == [core.qubits for core in fake.cores(4)]
        again = open_qpu(f"ibm:ibm_{name}", live.snapshot())
        assert again.calibration == live.calibration


def test_a_device_that_is_not_there(lab: Lab) -> None:
    with pytest.raises(InputError, match=r"unknown IBM device 'ibm_fes': did you mean 'ibm_fez'\?"):
        open_qpu("ibm:ibm_fes").cores(2)


def test_an_account_that_is_not_accepted(control: LocalqpuControl, ibm: Callable[[], Any]) -> None:
    control.set_scenario({"auth": {"reject_tokens": True}})
    with pytest.raises(InputError, match=r"does not accept the account .*QISKIT_IBM_TOKEN"):
        open_qpu("ibm:ibm_fez").cores(2)


@pytest.mark.parametrize(("plan", "pace", "pending"), [("open", 5.0, 3), ("premium", None, None)])
def test_the_open_plan_is_paced(
    lab: Lab, plan: str, pace: float | None, pending: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = connection.account()
    crn = account.service.active_instance()
    monkeypatch.setattr(account.service, "instances", lambda: [{"crn": crn, "plan": plan}])
    qpu, chosen = open_qpu("ibm:ibm_fez"), open_qpu("ibm:ibm_fez?pace=30&pending=9")
    assert qpu._most_pending == pending and qpu._pace._seconds == (60.0 if pace else 0.0)  # type: ignore[attr-defined]
    assert chosen._most_pending == 9 and chosen._pace._number == 30  # type: ignore[attr-defined]


def test_a_service_that_lists_no_devices(ibm: Callable[[], Any], control: LocalqpuControl) -> None:
    control.set_scenario({"http_faults": [{"path": "/api/v1/backends", "status": 404, "times": 99}]})
    with pytest.raises(PausedError, match="lists no devices for this account"):
        open_qpu("ibm:ibm_fez").cores(2)
