"""Fake devices: read from their files, they are what `qiskit_ibm_runtime` makes of them, every one and to the last bit."""

from __future__ import annotations

import shutil
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
from qiskit.circuit import Instruction
from qiskit_ibm_runtime.fake_provider import FakeProviderForBackendV2

from backends import fakes
from backends.device import Device
from backends.fakes import fake_device, fake_names
from backends.snapshot import UnfamiliarError, read_device

LOADS_THE_PACKAGE = ("nighthawk",)
"""Its class does more than to name files: it warns that its values are made up."""
PLAIN = (
    "num_qubits", "dt", "granularity", "min_length", "pulse_alignment", "acquire_alignment", "concurrent_measurements",
    "description",
)  # fmt: skip


@pytest.fixture(scope="module")
def provided() -> dict[str, Any]:
    with warnings.catch_warnings(action="ignore"):
        return {backend.name.removeprefix("fake_"): backend for backend in FakeProviderForBackendV2().backends()}


def test_every_fake_of_the_package_is_listed(provided: dict[str, Any]) -> None:
    assert fake_names() == tuple(sorted(provided)) == tuple(sorted(fakes._classes()))


@pytest.mark.parametrize("name", fake_names())
def test_it_is_what_the_package_makes_of_it(provided: dict[str, Any], name: str) -> None:
    with warnings.catch_warnings(action="ignore"):
        found = fake_device(name, "it")
    assert contents(found) == contents(Device.of(provided[name], "it"))


@pytest.mark.parametrize("name", [name for name in fake_names() if name not in LOADS_THE_PACKAGE])
def test_the_package_is_not_needed(name: str) -> None:
    assert read_device(fakes._folder() / name, "it").num_qubits > 0


def test_opening_a_fake_does_not_import_the_package() -> None:
    code = (
        "import sys; from backends import open_qpu; open_qpu('fake:fez').cores(4);"
        "print([name for name in sys.modules if name.partition('.')[0] == 'qiskit_ibm_runtime'])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("fake_manila.py", "    backend_name", "    num_qubits = 3\n    backend_name"),
        ("fake_manila.py", "    backend_name", "    def __init__(self): ...\n    backend_name"),
        ("fake_manila.py", "conf_manila.json", "conf_other.json"),
        ("conf_manila.json", '"if_else"', '"box"'),
        ("conf_manila.json", '"basis_gates": ["cx", ', '"basis_gates": ["cx", "cxx", '),
        ("props_manila.json", '"T2"', '"T2_echo"'),
        ("props_manila.json", '"gate_length"', '"operational"'),
        ("props_manila.json", '"us"', '"xs"'),
        ("props_manila.json", '"name": "cx4_3"', '"name": "cx"'),
        ("props_manila.json", "}", ""),
    ],
)  # fmt: skip
def test_what_is_not_known_is_left_to_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, old: str, new: str
) -> None:
    shutil.copytree(fakes._folder() / "manila", tmp_path / "manila", ignore=shutil.ignore_patterns("__pycache__"))
    assert contents(read_device(tmp_path / "manila", "it")) == contents(fake_device("manila", "it"))
    text = (tmp_path / "manila" / file).read_text()
    assert old in text
    (tmp_path / "manila" / file).write_text(text.replace(old, new))
    with pytest.raises(UnfamiliarError):
        read_device(tmp_path / "manila", "it")
    expected = fake_device("manila", "it")
    monkeypatch.setattr(fakes, "_folder", lambda: tmp_path)
    assert contents(fake_device("manila", "it")) == contents(expected)


def test_a_package_that_keeps_its_snapshots_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names, expected = fake_names(), fake_device("manila", "it")
    monkeypatch.setattr(fakes, "_folder", lambda: tmp_path / "nothing")
    fake_names.cache_clear()
    try:
        assert fake_names() == names
        assert contents(fake_device("manila", "it")) == contents(expected)
    finally:
        fake_names.cache_clear()


def contents(device: Device) -> dict[str, Any]:
    """All that a device knows; the order of instructions is left out, which the package leaves to chance."""
    target = device.target
    return {
        "device": (device.name, device.rep_delay, device.rep_delay_range, device.max_shots, device.date),
        "target": [getattr(target, name) for name in PLAIN],
        "qubits": [(q.t1, q.t2, q.frequency) for q in target.qubit_properties],
        "operations": {name: operation(target.operation_from_name(name)) for name in target.operation_names},
        "bounds": {name for name in target.operation_names if target.gate_has_angle_bounds(name)},
        "properties": {name: properties(target[name]) for name in target.operation_names},
    }


def operation(given: Instruction | type) -> object:
    if isinstance(given, type):
        return given
    parameters = [str(parameter) for parameter in given.params]
    return type(given), given.name, given.num_qubits, given.num_clbits, parameters, given.label


def properties(table: dict[Any, Any] | None) -> list[Any] | None:
    return table and [(where, found and (found.error, found.duration)) for where, found in table.items()]
