"""What decides the numbers of a trial: settings, seed, data, and the code that trains."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import backends
import qlstm
import qpartition

from ..exact.library import best_level
from ..training.assembly import describe
from ..training.versions import versions
from .setups import Setup
from .trials import dataset

Identity = dict[str, Any]
"""Plain values that JSON can hold; two trials with equal ones have equal numbers, to the bit."""


def identity(setup: Setup, seed: int, code: Mapping[str, Any]) -> Identity:
    """All that a trial's numbers depend on.

    Args:
        setup: What is trained.
        seed: Its seed; the linear fit has none.
        code: See `made_with`.
    """
    model = None if setup.model is None else {"kind": type(setup.model).__qualname__, **fields_of(setup.model)}
    recipe = None if model is None else asdict(replace(setup.recipe, seed=seed))
    data = {**asdict(setup.data), "sha256": describe(dataset(setup.data))["sha256"]}
    return {"data": data, "model": model, "recipe": recipe, "made with": dict(code)}


def fields_of(model: Any) -> dict[str, Any]:
    """The sizes and names of a `Model`, which is a frozen dataclass."""
    found: dict[str, Any] = asdict(model)
    return found


@lru_cache(maxsize=1)
def made_with() -> dict[str, Any]:
    """Versions, a fingerprint of the sources and of the compiled kernel, and the instruction set that runs it.

    A version alone says little in a checkout, where the code changes and its number does not.
    """
    digest = hashlib.sha256()
    for package in (backends, qpartition, qlstm):
        root = Path(package.__path__[0])
        for path in sorted(path for kind in ("*.py", "_kernel*") for path in root.rglob(kind) if path.is_file()):
            digest.update(f"{package.__name__}/{path.relative_to(root)}\0".encode() + path.read_bytes())
    return {**versions(), "code": digest.hexdigest(), "kernel level": best_level()}
