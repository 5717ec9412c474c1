"""Whatever fails between here and the devices: the same numbers, and one completed job per round and device."""

from __future__ import annotations

import time
from typing import Any

import localqpu
import numpy as np
import pytest
import qiskit_ibm_runtime
from localqpu.app import start_server
from localqpu.context import ServerConfig
from localqpu.control_client import LocalqpuControl

from backends.errors import InputError, PausedError, UsageLimitError
from backends.remote import watch
from qpartition import Journal
from tests.backends.ibm.lab import AT_ONCE, HELD, NAMES, Lab, eventually

PLACES = {
    "submission": {"method": "POST", "path": "/api/v1/jobs"},
    "look-up": {"method": "GET", "path": "/api/v1/jobs"},
    "waiting": {"method": "GET", "path": "/api/v1/jobs/localqpu-????????????"},
    "results": {"method": "GET", "path": "/api/v1/jobs/*/results"},
}
FAULTS: dict[str, dict[str, Any]] = {
    "503 x2": {"status": 503, "times": 2},
    "503 x10": {"status": 503, "times": 10},
    "429": {"status": 429, "times": 3},
    "429 Retry-After": {"status": 429, "retry_after": 1},
    "dropped before": {"drop_connection": True, "times": 2},
    "dropped after": {"drop_connection": True, "times": 2, "phase": "after"},
    "dropped x6": {"drop_connection": True, "times": 6},
    "lost response": {"status": 503, "times": 2, "phase": "after"},
    "slow": {"delay_seconds": 0.3, "times": 3},
}
FAULTY = [(place, fault) for place in PLACES for fault in FAULTS if place != "look-up" or fault in ("503 x2", "429")]


@pytest.mark.parametrize(("place", "fault"), FAULTY)
def test_faults_of_the_network(lab: Lab, faultless: Any, place: str, fault: str) -> None:
    lab.control.set_scenario({**AT_ONCE, "http_faults": [{**PLACES[place], **FAULTS[fault]}]})
    began = time.monotonic()
    np.testing.assert_array_equal(lab.run(), faultless)
    lab.check()
    if "Retry-After" in fault:
        assert time.monotonic() - began >= 1.0
    unused = lab.control.scenario()["http_faults"][0]["times"]
    assert unused == 0, "the fault did not happen"
    repeated = place == "submission" and "after" not in FAULTS[fault].values() and fault != "slow"
    eventually(lambda: len(lab.submissions()), 4 + repeated * FAULTS[fault].get("times", 1))


@pytest.mark.parametrize("place", ["waiting", "results"])
def test_not_found_and_then_found(lab: Lab, faultless: Any, place: str) -> None:
    times = 1 if place == "waiting" else 3
    lab.control.set_scenario({**AT_ONCE, "http_faults": [{**PLACES[place], "status": 404, "times": times}]})
    np.testing.assert_array_equal(lab.run(), faultless)
    lab.check()


@pytest.mark.parametrize(
    "outcome",
    [
        {"outcome": "failed", "reason": "calibrating", "reason_code": 1517},
        {"outcome": "cancelled"},
    ],
    ids=["failed 1517", "cancelled"],
)
@pytest.mark.parametrize("times", [1, 2])
def test_jobs_that_fail(lab: Lab, faultless: Any, outcome: dict[str, Any], times: int) -> None:
    lab.control.set_scenario({**AT_ONCE, "next_jobs": [outcome] * times})
    np.testing.assert_array_equal(lab.run(), faultless)
    lab.check(others=(outcome["outcome"].capitalize(),) * times)
    with Journal.read(lab.journal) as journal:
        assert journal.spent().retries == times
        reasons = [entry.reason for entry in journal.entries() if entry.reason]
    assert len(reasons) == times and ("1517" in reasons[0] or outcome["outcome"] == "cancelled")


def test_jobs_that_fail_too_often_pause_the_run(lab: Lab, faultless: Any) -> None:
    failed = {"outcome": "failed", "reason": "calibrating", "reason_code": 1517}
    lab.control.set_scenario({**AT_ONCE, "next_jobs": [failed] * 6})
    with pytest.raises(PausedError, match=r"a job failed 3 times, at last: job localqpu-\w+ failed: .*1517"):
        lab.run()
    failures = len(lab.control.jobs())
    lab.control.set_scenario(AT_ONCE)
    np.testing.assert_array_equal(lab.run(), faultless)
    others = [job["status"] for job in lab.control.jobs() if job["status"] != "Completed"]
    assert failures - 1 <= len(others) <= failures
    lab.check(others=tuple(others))


def test_jobs_that_would_fail_again_are_not_repeated(lab: Lab) -> None:
    failed = {"outcome": "failed", "reason": "ran too long", "reason_code": 1305}
    lab.control.set_scenario({**HELD, "next_jobs": [failed] * 2})
    end = lab.in_thread()
    lab.wait_for("Queued", 2)
    lab.control.set_scenario(AT_ONCE)
    with pytest.raises(PausedError, match=r"1305.*would again, so it was not submitted again"):
        end()
    assert 1 <= [job["status"] for job in lab.control.jobs()].count("Failed") <= 2 == len(lab.submissions())


@pytest.mark.parametrize("queue", [HELD["queue"], {"polls_before_running": 10**6}], ids=["delay", "polls"])
def test_a_job_that_someone_else_cancels(lab: Lab, faultless: Any, queue: dict[str, Any]) -> None:
    lab.control.set_scenario({"queue": queue})
    end = lab.in_thread()
    lab.qpus[0].account.service.job(lab.wait_for("Queued")[0]).cancel()
    lab.control.set_scenario(AT_ONCE)
    np.testing.assert_array_equal(end(), faultless)
    lab.check(others=("Cancelled",))


def test_own_time_out_and_on(lab: Lab, faultless: Any) -> None:
    lab.control.set_scenario(HELD)
    with pytest.raises(PausedError, match=r"is queued after 0\.2 s; it goes on"):
        lab.run(wait=0.2)
    jobs = [job["id"] for job in lab.control.jobs()]  # of one device, or both: the first to time out stops the other
    lab.control.set_scenario(AT_ONCE)
    np.testing.assert_array_equal(lab.run(), faultless)
    lab.check()
    assert jobs and [job["id"] for job in lab.control.jobs()][: len(jobs)] == jobs


def offline(status: str = "offline") -> dict[str, Any]:
    return {"backends": {NAMES[0]: {"status": status}}}


def test_a_device_that_is_off_line_before_the_submission(
    lab: Lab, faultless: Any, caplog: pytest.LogCaptureFixture
) -> None:
    lab.control.set_scenario({**AT_ONCE, **offline()})
    end = lab.in_thread()
    eventually(lambda: "off line; trying again" in caplog.text)
    lab.control.set_scenario(AT_ONCE)
    np.testing.assert_array_equal(end(), faultless)
    lab.check()
    with Journal.read(lab.journal) as journal:
        assert any("off line" in text for _, _, text in journal.notes()) and not journal.moves()


def test_a_device_that_is_off_line_while_a_job_waits(
    lab: Lab, faultless: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(watch, "_LOOK_AT_DEVICE", 0.1)
    lab.control.set_scenario(HELD)
    end = lab.in_thread()
    lab.wait_for("Queued", 2)
    lab.control.set_scenario({**AT_ONCE, **offline()})
    lab.wait_for("Completed")
    eventually(lambda: "off line, job" in caplog.text)
    lab.control.set_scenario(AT_ONCE)
    np.testing.assert_array_equal(end(), faultless)
    lab.check()
    with Journal.read(lab.journal) as journal:
        assert any("off line" in text for _, _, text in journal.notes())


def test_a_paused_device_runs_jobs_all_the_same(lab: Lab, faultless: Any) -> None:
    lab.control.set_scenario({**AT_ONCE, **offline("paused")})
    np.testing.assert_array_equal(lab.run(), faultless)
    lab.check()


@pytest.mark.parametrize("after", [0, 1])
def test_the_usage_limit_stops_at_once(lab: Lab, faultless: Any, after: int, caplog: pytest.LogCaptureFixture) -> None:
    spent = {**AT_ONCE, "usage": {"limit_seconds": 600, "consumed_seconds": 600}}

    def limit(done: int) -> None:
        if done == after:
            lab.control.set_scenario(spent)

    with pytest.raises(UsageLimitError, match="has used 600 of 600 QPU seconds, nothing is left; wait for its next"):
        lab.run(between=limit)
    assert "trying again" not in caplog.text and len(lab.control.jobs()) == 2 * after
    lab.control.set_scenario(AT_ONCE)
    np.testing.assert_array_equal(lab.run(), faultless)
    lab.check()


def test_the_usage_limit_between_question_and_submission(lab: Lab, faultless: Any) -> None:
    lab.control.set_scenario({**AT_ONCE, "http_faults": [{**PLACES["submission"], "status": 403, "times": 2}]})
    with pytest.raises(UsageLimitError, match="refuses this"):
        lab.run()
    lab.control.set_scenario(AT_ONCE)
    np.testing.assert_array_equal(lab.run(), faultless)
    lab.check()


@pytest.mark.parametrize("place", ["submission", "waiting", "results"])
def test_a_token_that_is_rejected_while_it_runs(lab: Lab, faultless: Any, place: str) -> None:
    lab.control.set_scenario({**AT_ONCE, "http_faults": [{**PLACES[place], "status": 401, "times": 2}]})
    with pytest.raises(InputError, match=r"does not accept the account any more .*save_account"):
        lab.run()
    lab.control.set_scenario(AT_ONCE)
    np.testing.assert_array_equal(lab.run(), faultless)
    lab.check()


@pytest.mark.parametrize("queue", [HELD["queue"], AT_ONCE["queue"]], ids=["waiting", "done"])
def test_a_server_that_forgets_its_jobs(
    lab: Lab, faultless: Any, monkeypatch: pytest.MonkeyPatch, queue: dict[str, Any]
) -> None:
    """The other server has the same port; jobs that were done and fetched are not run again."""
    first = start_server(ServerConfig(port=0, backends=NAMES))
    monkeypatch.setattr(qiskit_ibm_runtime, "QiskitRuntimeService", lambda: localqpu.connect(first.port, first.host))
    lab.plans, lab.control = {}, LocalqpuControl(first.url)
    lab.control.set_scenario(AT_ONCE)

    def between(done: int) -> None:
        if done:
            lab.control.set_scenario(
                {"queue": queue, "http_faults": [{**PLACES["results"], "status": 503, "times": 10**6}]}
            )

    end = lab.in_thread(between=between)
    lab.wait_for("Completed", 2)  # the first round, whose jobs are queued for a moment as well
    lab.wait_for("Queued" if "delay_seconds" in queue else "Completed", 2 if "delay_seconds" in queue else 4)
    before = len(lab.control.jobs())
    first.stop()
    second = start_server(ServerConfig(port=first.port, backends=NAMES))
    try:
        np.testing.assert_array_equal(end(), faultless)
        jobs = lab.control.jobs()
    finally:
        second.stop()
    assert before == 4 and [job["status"] for job in jobs] == ["Completed"] * 2
    with Journal.read(lab.journal) as journal:
        outcomes = sorted(entry.outcome for entry in journal.entries())
    assert outcomes == ["done"] * 4 + ["lost"] * 2


@pytest.mark.parametrize("status", [400, 422])
def test_what_the_service_refuses_is_not_repeated(lab: Lab, status: int) -> None:
    lab.control.set_scenario({**AT_ONCE, "http_faults": [{**PLACES["submission"], "status": status, "times": 99}]})
    with pytest.raises(InputError, match=r"refuses the request .*; check circuit, options and account"):
        lab.run()
    assert 1 <= len(lab.submissions()) <= 2
