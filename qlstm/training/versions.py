"""What a run was made with."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("qpartition", "torch", "numpy", "qiskit", "qiskit-aer", "qiskit-ibm-runtime")
"""Distributions whose versions decide what a run computes."""


def versions() -> dict[str, str]:
    """Python and `PACKAGES` by name; what is not installed as a package is left out."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
