"""One run per folder, until its process ends."""

import gc
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from backends import locking
from backends.errors import InputError
from qlstm.training import open_run
from qlstm.training.folder import RunFolder
from qlstm.training.lock import NAME, FolderLock

TINY = {"task": "pendulum", "hidden": 1, "ansatz": "chen2024", "depth": 1, "epochs": 1}


def test_held_by_one_until_released(tmp_path):
    first = FolderLock(tmp_path)
    with pytest.raises(InputError, match="in use by another run; wait"):
        FolderLock(tmp_path)
    first.release()
    assert not list(tmp_path.iterdir())
    second = FolderLock(tmp_path)
    first.release()  # again: not the second's
    with pytest.raises(InputError, match="in use"):
        FolderLock(tmp_path)
    second.release()


def test_given_up_with_its_owner(tmp_path):
    owner = FolderLock(tmp_path)
    del owner
    gc.collect()
    FolderLock(tmp_path).release()


def test_taken_back_from_a_killed_process(tmp_path):
    script = (
        "import sys, time; from pathlib import Path; from qlstm.training.lock import FolderLock;"
        "held = FolderLock(Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(InputError, match="in use"):
            FolderLock(tmp_path)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert (tmp_path / NAME).exists()
    assert RunFolder(tmp_path).is_empty
    FolderLock(tmp_path).release()


def test_where_the_system_has_no_locks(tmp_path, monkeypatch):
    monkeypatch.setattr(locking, "_fcntl", lambda: None)
    FolderLock(tmp_path)
    FolderLock(tmp_path).release()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("resume", [False, True])
def test_a_folder_in_use_is_refused_and_left_alone(tmp_path, resume):
    run = open_run(TINY, str(tmp_path / "run"))
    (tmp_path / "run" / ".partial-a-1.tmp").touch()  # as if it were writing
    before = sorted((tmp_path / "run").iterdir())
    with pytest.raises(InputError, match="in use by another run"):
        open_run(TINY, str(tmp_path / "run"), resume=resume)
    assert sorted((tmp_path / "run").iterdir()) == before
    run.close()
    assert open_run(TINY, str(tmp_path / "run"), resume=True).begins is False


def test_a_run_that_appears_meanwhile_is_not_written_over(tmp_path, monkeypatch):
    from qlstm.training import opening as module

    describe = module.describe

    def late(data):
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "config.json").write_text("another's")
        return describe(data)

    monkeypatch.setattr(module, "describe", late)
    with pytest.raises(InputError, match="not empty"):
        open_run(TINY, tmp_path / "run")
    assert (tmp_path / "run" / "config.json").read_text() == "another's"
    gc.collect()
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["config.json"]
