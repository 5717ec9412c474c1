"""``qlstm jobs`` and ``qlstm replay``: what a run asked of its devices, and the run done again from that."""

from __future__ import annotations

import json
import shutil

import pytest

RUN = (
    "train", "waves.csv", "--target", "y", "--window", 1, "--hidden", 2, "--parts", 2, "--ansatz", "chen2024", "--depth", 1,
    "--epochs", 1, "--batch", 20, "--qpu", "fake:manila", "--shots", 32, "--out", "run", "--quiet",
)  # fmt: skip


@pytest.fixture
def trained(here, qlstm):
    assert qlstm(*RUN)[0] == 0
    return here


def test_every_job_is_shown(trained, qlstm):
    code, out, err = qlstm("jobs", "run", "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    config = json.loads((trained / "run" / "plan.json").read_text())
    assert found["jobs"] == len(found["entries"]) == config["run"]["jobs"]
    assert found["qpu_seconds"] == pytest.approx(config["run"]["qpu_seconds"])
    assert {entry["outcome"] for entry in found["entries"]} == {"done"}
    assert found["not_done"] == found["retries"] == 0
    code, out, _ = qlstm("jobs", "run")
    assert code == 0
    assert "fake:manila" in out and found["entries"][0]["job_id"][:12] in out


def test_a_run_without_devices_has_no_jobs(here, qlstm):
    assert qlstm(*RUN[:14], "--epochs", 1, "--out", "exact", "--quiet")[0] == 0
    code, _, err = qlstm("jobs", "exact")
    assert code == 2
    assert "there is no journal exact/journal.sqlite; give the folder of a run on devices" in err


def test_a_run_is_replayed_to_the_same_weights(trained, qlstm):
    before = {file.name: file.read_bytes() for file in (trained / "run").iterdir()}
    code, out, _ = qlstm("replay", "run", "--out", "again")
    assert code == 0
    assert "the weights are those of run" in out
    assert {file.name: file.read_bytes() for file in (trained / "run").iterdir()} == before
    assert not (trained / "again" / "journal.sqlite").exists()


def test_a_replay_says_when_the_weights_are_others(trained, qlstm):
    """Another run's checkpoint lies in the folder."""
    assert qlstm(*RUN[:-3], "--out", "other", "--seed", 5, "--quiet")[0] == 0
    shutil.copy(trained / "other" / "checkpoint.pt", trained / "run" / "checkpoint.pt")
    code, out, _ = qlstm("replay", "run", "--out", "again", "--json")
    assert code == 1
    assert json.loads(out)["status"] == "different"


def test_a_replay_writes_over_nothing(trained, qlstm):
    code, _, err = qlstm("replay", "run", "--out", "run")
    assert code == 2
    assert "not empty" in err or "in use" in err


def test_a_run_on_simulated_devices_goes_on_without_its_journal(trained, qlstm):
    """Nothing was paid there."""
    (trained / "run" / "journal.sqlite").unlink()
    assert qlstm("train", "waves.csv", "--out", "run", "--resume", "--epochs", 2, "--quiet")[0] == 0
