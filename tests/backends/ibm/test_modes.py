"""Batch, session and plain jobs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from localqpu.http_util import send_direct
from localqpu.server import RunningServer

import backends.ibm.qpu
from tests.backends.ibm.lab import AT_ONCE, HELD, NAMES, Lab, eventually


def requests(lab: Lab, method: str) -> list[str]:
    """Paths of requests about batches and sessions."""
    return [r["path"] for r in lab.control.requests() if r["method"] == method and "/sessions" in r["path"]]


@pytest.mark.parametrize("mode", ["batch", "session", "job"])
def test_modes(lab: Lab, faultless: Any, mode: str) -> None:
    lab = replace(lab, options=f"?mode={mode}")
    np.testing.assert_array_equal(lab.run(), faultless)
    lab.check()
    lanes = {(job["backend"], job["session_id"]) for job in lab.control.jobs()}
    if mode == "job":
        assert lanes == {(name, None) for name in NAMES} and not requests(lab, "POST")
    else:  # one for each device, open over both rounds, closed at the end
        assert {name for name, _ in lanes} == set(NAMES) and len(lanes) == 2
        eventually(lambda: (len(requests(lab, "POST")), len(requests(lab, "PATCH"))), (2, 2))


@pytest.mark.parametrize("mode", ["session", "job"])
@pytest.mark.parametrize(
    "fault",
    [
        {"method": "POST", "path": "/api/v1/jobs", "status": 503, "times": 2, "phase": "after"},
        {"method": "POST", "path": "/api/v1/sessions", "status": 503, "times": 2},
        {"path": "/api/v1/jobs/*", "drop_connection": True, "times": 3},
    ],
)
def test_faults_in_other_modes(lab: Lab, faultless: Any, mode: str, fault: dict[str, Any]) -> None:
    lab = replace(lab, options=f"?mode={mode}")
    lab.control.set_scenario({**AT_ONCE, "http_faults": [fault]})
    np.testing.assert_array_equal(lab.run(), faultless)
    lab.check()


def test_an_idle_session_is_closed_and_opened_again(lab: Lab, faultless: Any) -> None:
    lab = replace(lab, options="?mode=session&idle=0.2")

    def idle(done: int) -> None:
        eventually(lambda: len(requests(lab, "PATCH")), 2 * done)

    np.testing.assert_array_equal(lab.run(between=idle), faultless)
    lab.check()
    eventually(lambda: len(requests(lab, "POST")), 4)
    assert len({job["session_id"] for job in lab.control.jobs()}) == 4


@pytest.mark.parametrize("mode", ["batch", "session"])
def test_one_that_is_closed_from_outside_is_opened_again(
    lab: Lab, server: RunningServer, faultless: Any, mode: str
) -> None:
    lab = replace(lab, options=f"?mode={mode}")

    def close(done: int) -> None:
        for job in lab.control.jobs():
            status, _ = send_direct("PATCH", f"{server.url}/api/v1/sessions/{job['session_id']}", {})
            assert status == 204

    np.testing.assert_array_equal(lab.run(between=close), faultless)
    lab.check()
    assert len({job["session_id"] for job in lab.control.jobs()}) == 4


def test_both_devices_have_their_job_at_the_same_time(lab: Lab, faultless: Any) -> None:
    lab.control.set_scenario(HELD)
    end = lab.in_thread()
    lab.wait_for("Queued", 2)
    lab.control.set_scenario(AT_ONCE)
    assert {job["backend"] for job in lab.control.jobs()} == set(NAMES)
    np.testing.assert_array_equal(end(), faultless)
    lab.check()


def test_a_round_that_is_too_large_for_a_job(lab: Lab, faultless: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends.ibm.qpu, "MAX_EXECUTIONS", 64)
    lab.plans = {}
    values = lab.run()
    jobs = lab.control.jobs()
    assert len(jobs) == 8 and all(job["status"] == "Completed" for job in jobs)
    assert values.shape == faultless.shape
    assert lab.run() is not None and len(lab.control.jobs()) == 8
