"""Finished trials in a folder, one file each, so that a training that was paid for is never lost and never done twice."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from backends.errors import InputError

from ..training.files import remove_partial, write_atomic
from ..training.folder import RunFolder
from .identity import Identity, identity, made_with
from .setups import Setup
from .trials import Trial

_NUMBERS = ("parameters", "test_r2", "whole_r2")
_ARRAYS = ("train_mse", "test_mse", "forecasts")


@dataclass
class KeptTrials:
    """The trials in ``folder``, each under a name that is a fingerprint of its `Identity`.

    Files are whole or absent, whatever ends the process. Trials of other settings, or made by another version, stay
    where they are and are not looked at.

    Attributes:
        folder: Where the files are; made with the first of them.
        code: What this process trains with; see `made_with`.
    """

    folder: Path
    code: dict[str, Any] = field(default_factory=made_with)

    def keep(self, trial: Trial) -> None:
        """Write a trial.

        Raises:
            InputError: If the file cannot be written.
        """
        RunFolder(self.folder).make()
        known = identity(trial.setup, trial.seed, self.code)
        result = {name: getattr(trial, name) for name in _NUMBERS}
        result |= {name: getattr(trial, name).tolist() for name in _ARRAYS}
        content = {"identity": known, "result": result, "sha256": _digest([known, result])}
        write_atomic(self._path(known), json.dumps(content) + "\n")

    def find(self, setup: Setup, seed: int) -> Trial | None:
        """The trial of exactly these settings by exactly this code, or None.

        Raises:
            InputError: If its file cannot be read, or is not what was written.
        """
        known = identity(setup, seed, self.code)
        path = self._path(known)
        result = _read(path, known) if path.exists() else None
        if result is None:
            return None
        values: dict[str, Any] = {name: result[name] for name in _NUMBERS}
        values |= {name: np.array(result[name], dtype=np.float64) for name in _ARRAYS}
        return Trial(setup, seed if setup.seeded else 0, **values)

    def count(self) -> int:
        """How many trials there are, of whatever settings."""
        return sum(1 for _ in self.folder.glob("*.json"))

    def tidy(self) -> None:
        """Delete what interrupted writes left."""
        if self.folder.is_dir():
            remove_partial(self.folder)

    def _path(self, known: Identity) -> Path:
        return self.folder / f"{_digest(known)[:32]}.json"


def _read(path: Path, known: Identity) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text())
        result: dict[str, Any] = content["result"]
        whole = content["identity"] == known and content["sha256"] == _digest([known, result])
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}; make it readable, or delete it") from error
    except (ValueError, KeyError, TypeError):
        whole = False
    if not whole:
        raise InputError(f"{path} is damaged, or was changed; delete it, and it is trained again")
    return result


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
