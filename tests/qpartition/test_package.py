"""The package: names on first use, no heavy import before, no torch at all."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

import qpartition


def loaded_after(code: str) -> set[str]:
    """Top-level modules loaded by a fresh interpreter that ran ``code``."""
    script = f"import sys\n{code}\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    return set(
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    )


def test_importing_the_package_or_the_partitions_is_light() -> None:
    loaded = loaded_after(
        "import qpartition\nfrom qpartition.partition import STRATEGIES\nfrom qpartition import Partition"
    )
    assert not loaded & {"qiskit", "networkx", "torch"}


def test_nothing_in_the_package_needs_torch() -> None:
    assert "torch" not in loaded_after("from qpartition import *\nfrom qpartition import planning, dispatch")


def test_names_are_what_they_say_whatever_was_imported_before() -> None:
    planning = import_module("qpartition.planning")
    assert callable(qpartition.plan)
    assert qpartition.plan is planning.plan
    for name in qpartition.__all__:
        assert getattr(qpartition, name) is not None
    assert set(dir(qpartition)) == set(qpartition.__all__)
    with pytest.raises(AttributeError, match="no attribute 'plam'"):
        _ = qpartition.plam
