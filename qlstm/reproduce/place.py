"""The folder of a reproduction: what was asked for, its finished trials, and that no two processes use it at once."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from backends.errors import InputError, check_name

from ..training.files import remove_partial, write_atomic
from ..training.folder import RunFolder, fresh_folder
from ..training.lock import FolderLock
from ..training.recipe import require_count
from ..training.settings import typed
from .experiments import EXPERIMENTS
from .kept import KeptTrials

_ASKED, _TRIALS = "reproduce.json", "trials"
_SEEDS, _FAST_SEEDS = 10, 2
_FREE = ("seeds",)
"""Changing these keeps every trial in use."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is reproduced.

    Attributes:
        what: Name of an experiment, or ``"all"``.
        seeds: How many; 0 for the usual number.
        first_seed: The first of them.
        fast: Very few epochs: a check that everything runs.
    """

    what: str
    seeds: int = 0
    first_seed: int = 0
    fast: bool = False

    def __post_init__(self) -> None:
        check_name("experiment", self.what, [*EXPERIMENTS, "all"])
        require_count("seeds", self.seeds, least=0)
        require_count("first_seed", self.first_seed, least=0, most=2**62)
        if not isinstance(self.fast, bool):
            raise InputError(f"fast={self.fast!r} must be true or false")

    @property
    def trains(self) -> bool:
        """False where nothing is trained, so that seeds and epochs mean nothing."""
        return any(EXPERIMENTS[name].rows for name in self.names)

    @property
    def names(self) -> list[str]:
        """The experiments."""
        return list(EXPERIMENTS) if self.what == "all" else [self.what]

    @property
    def range(self) -> range:
        """The seeds."""
        count = self.seeds or (_FAST_SEEDS if self.fast else _SEEDS)
        return range(self.first_seed, self.first_seed + count)

    def resumed(self, given: Mapping[str, Any]) -> Asked:
        """The same with what is given when it goes on.

        Raises:
            InputError: For an option that would make something else of it.
        """
        for name, value in given.items():
            before = getattr(self, name)
            if name not in _FREE and value != before:
                option = "WHAT" if name == "what" else "--" + name.replace("_", "-")
                now, then = ("given", "without it") if isinstance(value, bool) else (value, f"with {before}")
                raise InputError(
                    f"{option} is {now}, but the run was started {then}; leave the option out, or start a new run in"
                    " another folder"
                )
        return replace(self, **given)


@dataclass(frozen=True)
class Place:
    """A folder that is held by this process.

    Attributes:
        path: The folder.
        asked: What is reproduced in it.
        kept: Its finished trials.
        begins: True where there was nothing to resume.
        lock: Keeps other processes out.
    """

    path: Path
    asked: Asked
    kept: KeptTrials
    begins: bool
    lock: FolderLock

    @property
    def again(self) -> str:
        """The command that goes on."""
        return f"qlstm reproduce {self.asked.what} --out {shlex.quote(str(self.path))} --resume"


def require_trainings(given: Mapping[str, Any]) -> None:
    """Refuse options of trainings for what trains nothing.

    Args:
        given: ``what``, and the options that were given explicitly.

    Raises:
        InputError: Names the option and its value.
    """
    asked = Asked(what=given["what"])
    idle = [typed(name, value) for name, value in given.items() if name != "what"]
    if idle and not asked.trains:
        raise InputError(f"{idle[0]} is for trainings, and {asked.what} is computed without any; leave it out")


def open_place(given: Mapping[str, Any], out: Path | None, *, resume: bool) -> Place:
    """A new folder, or that of an earlier call, for this process alone until ``lock.release()``.

    Args:
        given: Fields of `Asked` that were given explicitly.
        out: The folder; None for a fresh one under ``reproduced/``.
        resume: Go on in ``out``; where nothing has begun, begin.

    Raises:
        InputError: For bad options, or a folder that is not empty, of another run, or in use; nothing is changed.
    """
    if resume and out is None:
        raise InputError("--resume does not say which run to go on with; name its folder with --out")
    asked = Asked(**given)
    lock = FolderLock(out) if out is not None and out.is_dir() else None
    try:
        return _open(given, asked, out, lock, resume)
    except BaseException:
        if lock is not None:
            lock.release()
        raise


def _open(given: Mapping[str, Any], asked: Asked, out: Path | None, lock: FolderLock | None, resume: bool) -> Place:
    before = None if out is None or not (out / _ASKED).exists() else out / _ASKED
    if before is not None and not resume:
        raise InputError(f"{out} is not empty; add --resume to go on with that run, or choose another folder")
    if before is not None:
        asked = _read(before).resumed(given)
    elif out is not None:
        RunFolder(out).create(resumable=False)
    path = fresh_folder(asked.what, Path("reproduced")).path if out is None else out
    kept = KeptTrials(path / _TRIALS)
    place = Place(path, asked, kept, before is None, lock or FolderLock(path))
    for folder in (path, *(path / name for name in asked.names)):
        if folder.is_dir():
            remove_partial(folder)
    kept.tidy()
    write_atomic(path / _ASKED, json.dumps(asdict(asked) | {"versions": kept.code}, indent=1) + "\n")
    return place


def _read(path: Path) -> Asked:
    try:
        values = json.loads(path.read_text())
        return Asked(**{field.name: values[field.name] for field in fields(Asked)})
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} does not say what was reproduced ({error}); choose another folder") from error
