"""Checkpoints: whole, trusted, and never half written."""

import os
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from backends.errors import InputError
from qlstm.training import checkpoint
from qlstm.training.files import is_partial, remove_partial, write_atomic

STATE = {
    "settings": {"task": "pendulum", "features": []},
    "model": {"hidden_size": 2},
    "data": {"sha256": "0"},
    "trainer": {
        "weights": {"w": torch.linspace(0, 1, 7, dtype=torch.float64)},
        "history": [{"epoch": 1, "test_mse": 0.1}],
        "executor": {"rounds": np.int64(3), "seed": 2**127 + 1, "values": np.arange(2.0), "none": None},
    },
}


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "checkpoint.pt"
    checkpoint.save(path, STATE)
    return path.read_bytes()


def test_round_trip_in_plain_values(tmp_path):
    path = tmp_path / "checkpoint.pt"
    checkpoint.save(path, STATE)
    loaded = checkpoint.load(path)
    assert torch.equal(loaded["trainer"]["weights"]["w"], STATE["trainer"]["weights"]["w"])
    assert loaded["trainer"]["executor"] == {"rounds": 3, "seed": 2**127 + 1, "values": [0.0, 1.0], "none": None}
    assert loaded["settings"] == STATE["settings"]
    assert torch.load(path, weights_only=True)["format"] == "qlstm-checkpoint"


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_changed_byte_is_noticed_or_harmless(content, tmp_path_factory, data):
    damaged = bytearray(content)
    damaged[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    path = tmp_path_factory.mktemp("damaged") / "checkpoint.pt"
    path.write_bytes(damaged)
    try:
        loaded = checkpoint.load(path)
    except InputError:
        return
    assert torch.equal(loaded["trainer"].pop("weights")["w"], STATE["trainer"]["weights"]["w"])
    assert loaded["trainer"]["history"] == STATE["trainer"]["history"]


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_cut_off_file_is_refused(content, tmp_path_factory, data):
    path = tmp_path_factory.mktemp("cut") / "checkpoint.pt"
    path.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    with pytest.raises(InputError, match="damaged"):
        checkpoint.load(path)


class Harmful:
    def __reduce__(self):
        return os.mkdir, ("harm",)


def test_code_in_a_file_is_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"format": checkpoint.FORMAT, "x": Harmful()}, "a.pt")
    (tmp_path / "b.pt").write_bytes(pickle.dumps(Harmful()))
    for name in ("a.pt", "b.pt"):
        with pytest.raises(InputError, match="damaged or not a checkpoint"):
            checkpoint.load(tmp_path / name)
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize(
    ("other", "word"),
    [
        ({"weights": torch.zeros(2)}, "not a checkpoint of qlstm"),
        ({"format": checkpoint.FORMAT, "version": 1, "settings": {}}, "not a checkpoint of qlstm"),
        ({**STATE, "trainer": {}, "format": checkpoint.FORMAT, "version": 99}, "version 99"),
        (torch.zeros(2), "not a checkpoint"),
    ],
)
def test_other_files_of_torch_are_refused(tmp_path, other, word):
    torch.save(other, tmp_path / "checkpoint.pt")
    with pytest.raises(InputError, match=word):
        checkpoint.load(tmp_path / "checkpoint.pt")


def test_a_missing_file(tmp_path):
    with pytest.raises(InputError, match="cannot read the checkpoint"):
        checkpoint.load(tmp_path / "checkpoint.pt")


def test_what_a_checkpoint_cannot_hold(tmp_path):
    with pytest.raises(TypeError, match="Harmful"):
        checkpoint.save(tmp_path / "checkpoint.pt", {**STATE, "trainer": Harmful()})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, step):
    path = tmp_path / "a.txt"
    write_atomic(path, "old")

    def fail(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(InputError, match="No space left"):
        write_atomic(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_remains_of_a_killed_write_are_removed_and_nothing_else(tmp_path, monkeypatch):
    (tmp_path / ".hidden.tmp").write_text("the user's")
    monkeypatch.setattr(os, "replace", lambda *a: (_ for _ in ()).throw(SystemExit))
    monkeypatch.setattr(type(tmp_path), "unlink", lambda *a, **k: None)  # killed: no clean-up ran
    with pytest.raises(SystemExit):
        write_atomic(tmp_path / "a.txt", "new")
    monkeypatch.undo()
    assert [is_partial(path) for path in sorted(tmp_path.iterdir())].count(True) == 1
    remove_partial(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".hidden.tmp"]
