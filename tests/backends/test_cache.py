"""The disk cache: moved and turned off, damaged, read-only, and never the reason of an error."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from qiskit.quantum_info import Operator

from backends import cache, open_qpu
from backends.device import Device
from tests.backends.circuits import chen2020


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("QPARTITION_CACHE", str(tmp_path / "kept"))
    return tmp_path / "kept"


def test_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QPARTITION_CACHE", "off")
    assert cache.folder() is None and cache.load("x") is None
    cache.store("x", b"1")
    monkeypatch.delenv("QPARTITION_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.folder() == tmp_path / "qpartition"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    assert cache.folder() == tmp_path / "me/.cache/qpartition"
    assert not list(tmp_path.iterdir())


def test_what_is_stored_comes_back_and_damage_is_noticed(folder: Path) -> None:
    assert cache.load("name") is None
    cache.store("name", b"content")
    assert cache.load("name") == b"content"
    whole = (folder / "name").read_bytes()
    for damaged in (b"", whole[:-1], whole[:20], whole[:-1] + b"x"):
        (folder / "name").write_bytes(damaged)
        assert cache.load("name") is None
    assert [file.name for file in folder.iterdir()] == ["name"]
    assert cache.entry("a", 1, "2") != cache.entry("a", "1", "2")


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("QPARTITION_CACHE", str(tmp_path / "file" / "below"))
    assert len(open_qpu("fake:manila").cores(2)) == 2
    assert (tmp_path / "file").read_text() == "in the way"


def test_cores_and_circuits_are_found_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second process makes nothing, and has the same."""
    circuit = chen2020(3, 2)

    def everything() -> list[object]:
        qpu = open_qpu("fake:manila")
        core = qpu.cores(3)[0]
        isa = qpu.transpile(circuit, core)
        return [
            qpu.cores(2),
            isa.draw("text").single_string(),
            qpu.profile(circuit, core, 2),
            isa.layout.final_index_layout(),
        ]

    first = everything()
    files = sorted(file.name.split("-")[0] for file in folder.iterdir())
    assert files == ["isa", "regions", "regions"]
    with monkeypatch.context() as nothing:
        for name in ("backends.templates.transpiled", "backends.device.disjoint_regions"):
            nothing.setattr(name, None)
        assert everything() == first
    for file in folder.iterdir():
        file.write_bytes(b"rubbish")
    assert everything() == first
    assert all(cache.load(file.name) is not None for file in folder.iterdir())


def test_intact_files_of_strange_content_are_made_anew(folder: Path) -> None:
    qpu = open_qpu("fake:manila")
    core, circuit = qpu.cores(3)[0], chen2020(3)
    qpu.transpile(circuit, core)
    strange = (b"", b"{}", json.dumps([[1, 2], 3]).encode(), b"QISKIT\x0d\x00\x00")
    for content in strange:
        for file in folder.iterdir():
            cache.store(file.name, content)
        again = open_qpu("fake:manila")
        assert again.cores(3) == qpu.cores(3)
        assert Operator.from_circuit(again.transpile(circuit, core).assign_parameters([0.3] * 15)).equiv(
            Operator(circuit.assign_parameters([0.3] * 15))
        )


def test_another_calibration_is_another_entry(folder: Path) -> None:
    from qiskit_ibm_runtime.fake_provider import FakeManilaV2

    target = FakeManilaV2().target
    Device("a", target).cores(2)
    names = {file.name for file in folder.iterdir()}
    Device("b", target).cores(2)
    assert {file.name for file in folder.iterdir()} == names
    target["cx"][0, 1].error = target["cx"][1, 0].error = 0.5
    Device("a", target).cores(2)
    assert len(list(folder.iterdir())) == 2
