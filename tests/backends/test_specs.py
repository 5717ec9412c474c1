"""Specs: what opens, what does not, and what it costs to try."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit_ibm_runtime.fake_provider import FakeVigoV2

from backends import InputError, open_qpu
from backends.specs import available


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("exact", "exact"), ("aer", "aer"), ("fake:torino", "fake:torino"), ("fake:fake_torino", "fake:torino"),
        (" fake:Torino?engine=aer", "fake:torino"), ("fake:torino?idle=1&engine=twin", "fake:torino"),
        (FakeVigoV2(), "fake_vigo"),
        (GenericBackendV2(3, seed=1), "generic_backend_3q"),
    ],
)  # fmt: skip
def test_what_opens(spec: object, name: str) -> None:
    assert open_qpu(spec).name == name


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("exakt", "unknown kind of device 'exakt': did you mean 'exact'?"),
        ("fke:fez", "did you mean 'fake'?"),
        ("torino", "unknown device 'torino': did you mean 'fake:torino'? write exact"),
        ("torno", "unknown device 'torno': did you mean 'fake:torino' or 'fake:toronto'?"),
        ("fez", "unknown device 'fez': did you mean 'fake:fez'? write exact"),
        ("fake_fez", "did you mean 'fake:fez'?"),
        ("fake:tornio", "unknown device 'fake:tornio': did you mean 'fake:torino' or 'fake:toronto'?"),
        ("fake:", "unknown device 'fake:': write exact, aer, fake:NAME or ibm:NAME; qlstm qpus lists all devices"),
        ("", "unknown device '': write exact, aer, fake:NAME or ibm:NAME; qlstm qpus lists all devices"),
        ("exakt", "qlstm qpus lists all devices"),
        ("fake:fez?engine=aer&engine=twin", "engine is given twice, as aer and as twin; give it once"),
        ("fake:fez?engine=twim", "unknown engine 'twim': did you mean 'twin'?"),
        ("fake:fez?idle=yes", "idle='yes' of fake:fez must be 1"),
        ("fake:fez?engin=aer", "unknown option 'engin': did you mean 'engine'?"),
        ("fake:fez?aer", "must be key=value"),
        ("exact:1", "takes no name"),
        ("aer?engine=aer", "takes no name and no options"),
        ("ibm:", "'ibm:' names no device; write ibm:NAME, such as ibm:ibm_fez, or ibm:least_busy"),
        ("ibm:ibm_fez?mode=fast", "mode='fast' must be one of batch, session, job"),
        ("ibm:ibm_fez?rep_delay=0", "rep_delay='0' must be a positive number of seconds"),
        ("ibm:ibm_fez?pending=some", "pending='some' must be a positive number of jobs"),
        ("ibm:ibm_fez?token=secret", "unknown option"),
        ("ibm:least_busy", "IBM Quantum is not contacted, since QPARTITION_OFFLINE is set"),
        (5, "cannot open a int"),
    ],
)
def test_what_does_not(spec: object, message: str) -> None:
    with pytest.raises(InputError) as caught:
        open_qpu(spec)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_listed() -> None:
    assert list(available())[:2] == ["exact", "aer"]
    assert {"fake:fez", "ibm:NAME"} <= available().keys()


def test_only_one_module_imports_the_client_of_ibm_quantum() -> None:
    root = Path(__file__).parents[2]
    files = [file for package in ("backends", "qpartition", "qlstm") for file in (root / package).rglob("*.py")]
    importing = re.compile(r"^\s*(from|import) qiskit_ibm_runtime", re.MULTILINE)
    assert [str(f.relative_to(root)) for f in files if importing.search(f.read_text())] == ["backends/ibm/runtime.py"]


def test_a_real_device_that_is_opened_is_not_asked_anything_yet() -> None:
    assert open_qpu("ibm:ibm_fez?mode=session&dd=XY4").mode == "session"


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def test_importing_the_package_imports_no_heavy_one() -> None:
    heavy = "{'qiskit', 'numpy', 'torch', 'qiskit_aer', 'qiskit_ibm_runtime'}"
    assert run(f"import sys, backends, backends.specs, backends.errors; print({heavy} & set(sys.modules))") == "set()"


def test_listing_devices_imports_no_heavy_package() -> None:
    heavy = "{'qiskit', 'numpy', 'torch', 'qiskit_aer', 'qiskit_ibm_runtime'}"
    assert run(f"import sys, backends; backends.available(); print({heavy} & set(sys.modules))") == "set()"


def test_opening_a_fake_loads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("loaded")

    monkeypatch.setattr("backends.specs.fake_device", refuse)
    qpu = open_qpu("fake:fez")
    with pytest.raises(AssertionError, match="loaded"):
        qpu.num_qubits  # noqa: B018
