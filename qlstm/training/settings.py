"""Everything a run was asked for, as one flat record that survives in ``config.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from backends.errors import InputError

from .recipe import Recipe, require_count

_FREE = ("task", "epochs", "budget")
"""A resumed run may change these: the data are compared by content, the others do not alter a step."""


@dataclass(frozen=True, kw_only=True)
class RunSettings(Recipe):
    """The options of ``qlstm train``, with their defaults.

    Attributes:
        task: Name of a task, or path of a CSV file.
        target: Column of the CSV to forecast.
        features: Columns of the CSV the model sees.
        with_u: NARMA tasks: the model also sees the input u_t.
        window: Past values per forecast.
        split: Share of the windows used for training.
        scaling: ``"train"`` or ``"all"``: which part of the series sets the scale.
        hidden: Length of h.
        parts: Number of parts M of every gate.
        partition: How v = [h; x] is divided among the parts.
        ansatz: Name of an ansatz preset.
        depth: Layers of the ansatz; None for the preset's own.
        head: ``"linear"`` or ``"vqc"``.
        gradient: Where gradients come from.
        jacobian: ``"deferred"`` or ``"fused"``.
        qpu: Devices to train on; none for exact simulation.
        shots: Shots per circuit; None for exact expectations.
        mapping: How sub-VQCs are given to cores.
        budget: Most QPU seconds the run may cost; None for no limit.
    """

    task: str
    target: str | None = None
    features: tuple[str, ...] = ()
    with_u: bool = False
    window: int = 4
    split: float = 0.67
    scaling: str = "train"
    hidden: int = 5
    parts: int = 1
    partition: str = "contiguous"
    ansatz: str = "chen2020"
    depth: int | None = None
    head: str = "linear"
    gradient: str = "auto"
    jacobian: str = "deferred"
    qpu: tuple[str, ...] = ()
    shots: int | None = 1024
    mapping: str = "round-robin"
    budget: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("window", "hidden", "parts"):
            require_count(name, getattr(self, name), least=1)
        for name in ("depth", "shots"):
            if getattr(self, name) is not None:
                require_count(name, getattr(self, name), least=1)
        if self.budget is not None and not self.budget > 0:
            raise InputError(
                f"budget={self.budget} must be a positive number of QPU seconds; leave it out for no limit"
            )

    def to_dict(self) -> dict[str, Any]:
        """Plain values that JSON can hold."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> RunSettings:
        """The inverse of `to_dict`.

        Raises:
            InputError: If the values are not those of a run.
        """
        known = {field.name for field in fields(cls)}
        try:
            plain: Any = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items() if k in known}
            return cls(**plain)
        except TypeError as error:
            raise InputError(
                f"these are not the settings of a run ({error}); start a new one in another folder"
            ) from error

    def difference(self, other: RunSettings) -> str | None:
        """The first setting that decides the result and is not the same in ``other``."""
        names = (field.name for field in fields(self) if field.name not in _FREE)
        return next((name for name in names if getattr(self, name) != getattr(other, name)), None)

    def resumed(self, given: Mapping[str, Any]) -> RunSettings:
        """These settings with what the user gives when the run goes on.

        Args:
            given: Only what was given explicitly.

        Raises:
            InputError: Names the first option that differs and would change the result.
        """
        for name, value in given.items():
            stored = getattr(self, name)
            frozen = name not in _FREE or (name == "epochs" and self.cosine)
            if value != stored and frozen:
                why = " (the cosine schedule was laid out for them)" if name == "epochs" else ""
                raise InputError(
                    f"{option(name)} is {_shown(value)}, but the run was started with {_shown(stored)}{why};"
                    " leave the option out, or start a new run in another folder"
                )
        return self.from_dict(self.to_dict() | dict(given))


def option(name: str) -> str:
    """The command-line spelling of a setting."""
    return "TASK" if name == "task" else "--" + name.replace("_", "-")


def _shown(value: object) -> str:
    return " ".join(map(str, value)) or "nothing" if isinstance(value, tuple) else str(value)


def read_settings(path: Path) -> RunSettings:
    """The settings in a run's ``config.json``.

    Raises:
        InputError: If the file is not one of a run.
    """
    try:
        return RunSettings.from_dict(json.loads(path.read_text())["settings"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is not the configuration of a run ({error}); choose another folder") from error
