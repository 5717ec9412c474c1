"""Folders of runs: never the files of something else."""

import os

import pytest

from backends.errors import InputError
from qlstm.training.folder import RunFolder, fresh_folder


def test_fresh_folders_never_meet(tmp_path):
    root = tmp_path / "runs"
    names = [fresh_folder(task, root).path.name for task in ("pendulum", "pendulum", "data/my sales.csv")]
    assert names == ["pendulum-0001", "pendulum-0002", "my_sales-0001"]


def test_a_folder_with_anything_in_it_is_refused(tmp_path):
    (tmp_path / "photo.jpg").touch()
    with pytest.raises(InputError, match="not empty"):
        RunFolder(tmp_path).create()
    assert [path.name for path in tmp_path.iterdir()] == ["photo.jpg"]


def test_an_earlier_run_is_refused_with_the_way_to_go_on(tmp_path):
    (tmp_path / "checkpoint.pt").touch()
    with pytest.raises(InputError, match="--resume"):
        RunFolder(tmp_path).require_empty()


def test_remains_of_a_killed_write_do_not_count(tmp_path):
    (tmp_path / ".partial-config.json-12.tmp").touch()
    RunFolder(tmp_path).create()
    assert not list(tmp_path.iterdir())


def test_a_file_in_the_way(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="Not a directory"):
        RunFolder(tmp_path / "file").require_empty()
    with pytest.raises(InputError, match="cannot create"):
        RunFolder(tmp_path / "file" / "run").create()
    with pytest.raises(InputError, match="cannot create"):
        fresh_folder("pendulum", tmp_path / "file")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="Permission denied"):
        RunFolder(tmp_path / "run").create()
    with pytest.raises(InputError, match="Permission denied"):
        fresh_folder("pendulum", tmp_path)
