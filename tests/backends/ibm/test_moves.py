"""The work of a device that is lost moves to another one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from backends.errors import PausedError, UsageLimitError
from qpartition import Journal
from tests.backends.ibm.lab import AT_ONCE, HELD, NAMES, Lab


@pytest.fixture
def lost(lab: Lab) -> Lab:
    """One device is off line for good."""
    lab.control.set_scenario({**AT_ONCE, "backends": {NAMES[0]: {"status": "offline"}}})
    return replace(lab, policy=replace(lab.policy, offline=0.3), plans={})


def on_torino(lab: Lab) -> list[str]:
    jobs = lab.control.jobs()
    assert all(job["status"] == "Completed" for job in jobs if job["backend"] == NAMES[1])
    return [job["id"] for job in jobs if job["backend"] == NAMES[1]]


def test_the_work_of_a_lost_device_moves(lost: Lab, faultless: Any) -> None:
    values = lost.run()
    np.testing.assert_allclose(values, faultless, atol=0.75)  # other qubits, other shots: five standard errors
    assert len(on_torino(lost)) == len(lost.control.jobs()) == 3
    with Journal.read(lost.journal) as journal:
        (move,) = journal.moves()
        assert (move.round, move.qpu) == (0, "ibm:ibm_fez") and set(move.placement) == {"a"}
        assert any("its work moves to ibm:ibm_torino/" in text for _, _, text in journal.notes())
    lost.control.set_scenario(AT_ONCE)  # it is back, but what has been measured stays
    np.testing.assert_array_equal(lost.run(), values)
    assert len(lost.control.jobs()) == 3


def test_a_move_is_repeated_where_a_run_goes_on(lost: Lab) -> None:
    def limit(done: int) -> None:
        if done:
            lost.control.set_scenario({"usage": {"limit_seconds": 1, "consumed_seconds": 1}})

    with pytest.raises(UsageLimitError):
        lost.run(between=limit)
    assert len(lost.control.jobs()) == 2
    lost.control.set_scenario(AT_ONCE)
    lost.run()
    assert len(on_torino(lost)) == len(lost.control.jobs()) == 3


def test_a_job_that_waits_moves_too(lost: Lab, faultless: Any) -> None:
    lost.control.set_scenario(HELD)
    end = lost.in_thread()
    lost.wait_for("Queued", 2)
    lost.control.set_scenario({**AT_ONCE, "backends": {NAMES[0]: {"status": "offline"}}})
    np.testing.assert_allclose(end(), faultless, atol=0.75)
    left = [job["status"] for job in lost.control.jobs() if job["backend"] == NAMES[0]]
    assert left == ["Cancelled"] and len(on_torino(lost)) == 3


def test_a_mapping_by_hand_is_not_changed(lost: Lab) -> None:
    lost = replace(lost, mapping={"a": "ibm:ibm_fez/0", "b": "ibm:ibm_torino/0"})
    with pytest.raises(PausedError, match="ibm:ibm_fez is off line and its sub-VQCs may run nowhere else; resume when"):
        lost.run()
    lost.control.set_scenario(AT_ONCE)
    lost.run()
    lost.check()
