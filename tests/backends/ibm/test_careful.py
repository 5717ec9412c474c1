"""What would cost money or lose it: sessions left open, a budget that does not hold, results that cannot be used."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from backends import open_qpu
from backends.errors import BudgetError, InputError, PausedError
from backends.ibm.jobs import Jobs
from qpartition import Dispatcher, Journal, Topology, Workload, plan
from tests.backends.ibm.lab import AT_ONCE, HELD, LISTED, NAMES, QUICK, Lab, eventually
from tests.qpartition import toy


def sessions(lab: Lab, method: str) -> int:
    requests = lab.control.requests()
    return sum(r["method"] == method and "/sessions" in r["path"] and r["status"] in (200, 204) for r in requests)


@pytest.mark.parametrize("mitigation", ["readout", "zne"])
def test_mitigation_on_real_devices(lab: Lab, mitigation: str) -> None:
    """Calibration circuits have no parameters, and folded ones are circuits of their own."""
    made = plan(
        Workload.of(toy.Model(LISTED), 2, 1),
        lab.plan.live.topology,
        shots=2000,
        mitigation=[mitigation],  # type: ignore[union-attr]
    )
    inputs, weights = toy.angles(LISTED, rows=2)
    with Journal(lab.journal) as journal, Dispatcher(made, journal=journal, retry=QUICK) as devices:
        values = devices.values(inputs, weights)
        assert devices.report().counts == made.calibration + made.forward
    for circuit in LISTED:
        base = np.hstack([inputs[circuit.name], np.tile(weights[circuit.name], (2, 1))])
        exact = toy.z(circuit, base, 1)
        assert np.all(np.abs(values[circuit.name].value - exact) < 5 * values[circuit.name].stderr + 0.02)


@pytest.mark.parametrize("status", [403, 409, 500])
def test_a_session_that_cannot_be_closed_keeps_no_other_open(
    lab: Lab, faultless: Any, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    lab = replace(lab, options="?mode=session")
    fault = {"method": "PATCH", "path": "/api/v1/sessions/*", "status": status, "times": 1}
    lab.control.set_scenario({**AT_ONCE, "http_faults": [fault]})
    np.testing.assert_array_equal(lab.run(), faultless)
    eventually(lambda: (sessions(lab, "POST"), sessions(lab, "PATCH")), (2, 1))
    assert "could not close the session" in caplog.text


def test_sessions_are_closed_before_bills_are_asked_for(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong afterwards, nothing is left that costs by the second."""
    lab = replace(lab, options="?mode=session")
    asked = list[int]()

    def billed(self: Jobs, job_id: str) -> None:
        if len(asked) == 4:  # the run is over
            eventually(lambda: sessions(lab, "PATCH"), 2)
            raise KeyboardInterrupt
        asked.append(sessions(lab, "PATCH"))

    monkeypatch.setattr(Jobs, "billed", billed)
    with pytest.raises(KeyboardInterrupt):
        lab.run()
    assert asked == [0, 0, 0, 0]


def test_sessions_are_closed_where_the_journal_is_already(lab: Lab) -> None:
    lab = replace(lab, options="?mode=session")
    inputs, weights = toy.angles(LISTED, rows=2)
    journal = Journal(lab.journal)
    with Dispatcher(lab.plan, journal=journal, retry=QUICK) as devices:
        devices.values(inputs, weights)
        journal.close()
    eventually(lambda: sessions(lab, "PATCH"), 2)


def test_bills_that_come_late_are_asked_for_at_the_end(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of jobs that failed too."""
    bills, monkey = (
        dict[str, int](),
        {"next_jobs": [{"outcome": "failed", "reason": "calibrating", "reason_code": 1517}]},
    )

    def billed(self: Jobs, job_id: str) -> float | None:
        bills[job_id] = bills.get(job_id, 0) + 1
        return 3.0 if bills[job_id] > 1 else None

    monkeypatch.setattr(Jobs, "billed", billed)
    lab.control.set_scenario({**AT_ONCE, **monkey})
    lab.run()
    with Journal.read(lab.journal) as journal:
        spent, entries = journal.spent(), journal.entries()
    assert len(entries) == 5
    assert (spent.billed, spent.seconds, spent.wasted, spent.retries) == (15.0, 15.0, 3.0, 1)


def test_a_job_that_fails_and_is_charged_is_not_repeated_beyond_the_budget(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    price = lab.plan.forward.qpu_seconds
    monkeypatch.setattr(Jobs, "billed", lambda self, job_id: price / 2)
    failure = {"outcome": "failed", "reason": "calibrating", "reason_code": 1517}
    lab.control.set_scenario({**HELD, "next_jobs": [failure] * 3})
    end = replace(lab, budget=1.1 * price).in_thread(rounds=1)
    lab.wait_for("Queued", 2)
    lab.control.set_scenario(AT_ONCE)
    with pytest.raises(BudgetError, match="submitting it again would take"):
        end()
    assert len(lab.control.jobs()) == 2


def test_what_all_jobs_of_a_round_may_take_is_what_is_left(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    most = list[float]()
    original = Jobs.submit

    def submit(self: Jobs, *given: Any) -> str:
        most.append(given[-1])
        return original(self, *given)

    monkeypatch.setattr(Jobs, "submit", submit)
    replace(lab, budget=100.0).run(rounds=1)
    assert len(most) == 2 and sum(most) <= 100.0 and min(most) > 40.0


def test_what_another_journal_does_not_know_counts_all_the_same(lab: Lab) -> None:
    inputs, weights = toy.angles(LISTED, rows=2)
    price = lab.plan.forward.qpu_seconds
    with Journal(lab.journal) as journal, Dispatcher(lab.plan, journal=journal, retry=QUICK) as devices:
        devices.values(inputs, weights)
        state = devices.state_dict()
    for name, allowed in (("other.sqlite", False), ("journal.sqlite", True)):
        with (
            Journal(lab.folder / name) as journal,
            Dispatcher(lab.plan, journal=journal, retry=QUICK, budget_seconds=1.5 * price) as devices,
        ):
            devices.load_state_dict(state)
            if allowed:  # what was paid is known, and the same round costs nothing
                devices.load_state_dict({**state, "sequence": 0})
                devices.values(inputs, weights)
            else:
                with pytest.raises(BudgetError):
                    devices.values(inputs, weights)
    assert len(lab.control.jobs()) == 2


def test_a_round_that_is_paid_anew_is_no_secret(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    """Another machine may round the last digits of an angle otherwise."""
    inputs, weights = toy.angles(LISTED, rows=2)
    for nudge in (0.0, 0.0, 1e-9):
        caplog.clear()
        with Journal(lab.journal) as journal, Dispatcher(lab.plan, journal=journal, retry=QUICK) as devices:
            devices.values({key: x + nudge for key, x in inputs.items()}, weights)
        assert ("has been run before with other angles" in caplog.text) == (nudge > 0)
    assert len(lab.control.jobs()) == 4


def test_a_real_device_is_named_once(lab: Lab) -> None:
    with pytest.raises(InputError, match="ibm:ibm_fez is given twice, and there is one of it"):
        Topology([open_qpu("ibm:ibm_fez"), open_qpu("ibm:ibm_fez?mode=job")], 2)


def test_what_cannot_be_asked_pauses_and_shows_no_trace(lab: Lab) -> None:
    """Outside of a delivery nobody tries again."""
    lab.control.set_scenario({**AT_ONCE, "http_faults": [{"path": "*/status", "status": 429, "times": 50}]})
    with pytest.raises(PausedError):
        open_qpu(f"ibm:{NAMES[0]}").queue()  # type: ignore[attr-defined]


def test_a_page_that_is_no_result_is_asked_for_again(lab: Lab, faultless: Any) -> None:
    fault = {"path": "/api/v1/jobs/*/results", "status": 200, "message": "a proxy's page", "times": 2}
    lab.control.set_scenario({**AT_ONCE, "http_faults": [fault]})
    np.testing.assert_array_equal(lab.run(), faultless)
    lab.check()
