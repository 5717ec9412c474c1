"""Pass managers are Qiskit's own; plugins of other packages are imported when they are used, not before."""

from __future__ import annotations

import subprocess
import sys

import pytest
from qiskit.transpiler import generate_preset_pass_manager
from qiskit.transpiler.preset_passmanagers.plugin import PassManagerStagePluginManager
from qiskit_ibm_runtime.fake_provider import FakeManilaV2
from stevedore import ExtensionManager

from backends.passes import _plugins_when_used, preset_pass_manager
from tests.backends.circuits import chen2020

PLUGINS = ("default", "ibm_dynamic_circuits")


def test_transpiling_imports_no_plugin() -> None:
    code = (
        "import sys; from tests.backends.circuits import chen2020; from backends import open_qpu;"
        "[qpu.transpile(chen2020(3), qpu.cores(3)[0]) for qpu in map(open_qpu, ('fake:fez', 'exact', 'aer'))];"
        "print([name for name in sys.modules if name.partition('.')[0] == 'qiskit_ibm_runtime'])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("level", [0, 1, 3])
@pytest.mark.parametrize("method", PLUGINS)
def test_they_transpile_alike(level: int, method: str) -> None:
    options = {"target": FakeManilaV2().target, "seed_transpiler": 11, "translation_method": method}
    found, expected = preset_pass_manager(level, **options), generate_preset_pass_manager(level, **options)
    circuit = chen2020(3)
    assert found.run(circuit) == expected.run(circuit)


def test_the_same_plugins_are_there_before_meanwhile_and_after() -> None:
    plugins = PassManagerStagePluginManager().translation_plugins
    listed = {group: list(entries) for group, entries in ExtensionManager.ENTRY_POINT_CACHE.items()}
    with _plugins_when_used():
        assert PassManagerStagePluginManager().translation_plugins.names() == plugins.names()
    assert listed == ExtensionManager.ENTRY_POINT_CACHE
    assert set(PLUGINS) <= set(plugins.names())
