"""Everything a run was asked for, as one flat record that survives in ``config.json``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from numbers import Real
from pathlib import Path
from typing import Any

from backends.errors import InputError

from ..bridge_text import Given as Bridges
from ..bridge_text import checked_bridges, n_bridges, write_bridges
from .recipe import Recipe, require_count

SHOTS = 10**9
"""Most shots per circuit: more than any device takes, few enough to be drawn by a simulator."""
_FREE = ("task", "epochs", "budget", "signal", "wait")
"""A resumed run may change these: the data are compared by content, the others do not alter a step."""


_TYPES: dict[str, Callable[[Any], bool]] = {
    "str": lambda value: isinstance(value, str),
    "bool": lambda value: isinstance(value, bool),
    "float": lambda value: isinstance(value, Real) and not isinstance(value, bool),
    "tuple[str, ...]": lambda value: isinstance(value, tuple | list) and all(isinstance(name, str) for name in value),
}
_KINDS = {"str": "a text", "bool": "True or False", "float": "a number", "tuple[str,": "a tuple of texts"}


@dataclass(frozen=True, kw_only=True)
class RunSettings(Recipe):
    """The options of ``qlstm train``, with their defaults.

    Attributes:
        task: Name of a task, or path of a CSV file.
        target: Column of the CSV to forecast.
        features: Columns of the CSV the model sees.
        with_u: NARMA tasks: the model also sees the input u_t.
        window: Past values per forecast.
        horizon: Steps ahead that are forecast at once.
        split: Share of the windows used for training.
        scaling: ``"train"`` or ``"all"``: which part of the series sets the scale.
        hidden: Length of h.
        parts: Number of parts M of every gate.
        partition: How v = [h; x] is divided among the parts.
        bridges: Trainable RZZ per variational layer: how many between neighbouring parts, or pairs of qubits.
        linear: Length of the vector that a linear layer makes of v for the circuits (L-QLSTM); None for no such layers.
        ansatz: Name of an ansatz preset.
        depth: Layers of the ansatz; None for the preset's own.
        entangler: Its CNOTs, a name in `qlstm.ansatz.Entangler`; None for the preset's own.
        rotation: Its rotations, ``"rot"`` or ``"ry"``; None for the preset's own.
        head: ``"linear"`` or ``"vqc"``.
        gradient: Where gradients come from.
        samples: Weight shifts per sub-VQC and step of ``gradient="sampled-shift"``.
        jacobian: ``"deferred"`` or ``"fused"``.
        qpu: Devices to train on; none for exact simulation.
        shots: Shots per circuit; None for exact expectations.
        mapping: How sub-VQCs are given to cores.
        objective: Weights of makespan, error and QPU seconds, for the mappings that weigh them.
        packing: The cores of a device run side by side, as one circuit.
        guard: Unused qubits between two cores, at least.
        core_qubits: Width of the cores that devices are divided into; None: as wide as the widest circuit.
        wide: What becomes of circuits that are wider than the cores: ``"whole"``: they are refused; ``"cut"``: they run in
            pieces.
        mitigation: Error mitigation on the devices: ``"readout"``, ``"zne"``.
        train_shots: Exact simulation: add the shot noise of so many shots to every <Z> while training; None for none.
        budget: Most QPU seconds the run may cost; None for no limit.
        wait: Real devices: pause the run when a job takes longer than so many seconds, its time in the queue included;
            None to wait for any time.
    """

    task: str
    target: str | None = None
    features: tuple[str, ...] = ()
    with_u: bool = False
    window: int = 4
    horizon: int = 1
    split: float = 0.67
    scaling: str = "train"
    hidden: int = 5
    parts: int = 1
    partition: str = "contiguous"
    bridges: Bridges = 0
    linear: int | None = None
    ansatz: str = "chen2020"
    depth: int | None = None
    entangler: str | None = None
    rotation: str | None = None
    head: str = "linear"
    gradient: str = "auto"
    samples: int = 32
    jacobian: str = "deferred"
    qpu: tuple[str, ...] = ()
    shots: int | None = 1024
    mapping: str = "round-robin"
    objective: str = "1,1,1"
    packing: bool = True
    guard: int = 0
    core_qubits: int | None = None
    wide: str = "whole"
    mitigation: tuple[str, ...] = ()
    train_shots: int | None = None
    budget: float | None = None
    wait: float | None = None

    def __post_init__(self) -> None:
        self._require_types()
        super().__post_init__()
        object.__setattr__(self, "bridges", checked_bridges(self.bridges))  # pairs from JSON are lists
        for name, count in {"guard": self.guard, "bridges": n_bridges(self.bridges)}.items():
            require_count(name, count, least=0)
        for name in ("window", "horizon", "hidden", "parts", "samples"):
            require_count(name, getattr(self, name), least=1)
        for name in ("linear", "depth", "shots", "train_shots", "core_qubits"):
            if getattr(self, name) is not None:
                require_count(name, getattr(self, name), least=1, most=SHOTS if name == "shots" else None)
        if not 0 < self.split < 1:
            raise InputError(f"split={self.split} must be between 0 and 1: it is the share of the windows that train")
        if self.budget is not None and not self.budget > 0:
            raise InputError(
                f"budget={self.budget} must be a positive number of QPU seconds; leave it out for no limit"
            )
        if self.wait is not None and not self.wait > 0:
            raise InputError(
                f"wait={self.wait} must be a positive number of seconds; leave it out to wait for any time"
            )

    def _require_types(self) -> None:
        """Counts are checked by `require_count`."""
        for field in fields(self):
            value, kind = getattr(self, field.name), str(field.type)
            right = _TYPES.get(kind.removesuffix(" | None"))
            if right is not None and not right(value) and not (value is None and kind.endswith("None")):
                raise InputError(f"{field.name}={value!r} cannot be used; it must be {_KINDS[kind.split()[0]]}")

    @property
    def bridge_bound(self) -> float | None:
        """Without bridges the limit is one of cuts alone."""
        return self.max_overhead if self.bridges else None

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
        if not isinstance(values, Mapping):
            raise InputError(
                f"the settings of a run are names and values, not {type(values).__name__}; see RunSettings"
            )
        try:
            plain: Any = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items() if k in known}
            return cls(**plain)
        except TypeError as error:
            raise InputError(
                f"these are not the settings of a run ({error}); start a new one in another folder"
            ) from error

    def given(self) -> dict[str, Any]:
        """The settings that differ from the defaults, as a user would have given them."""
        usual = type(self)(task=self.task)
        names = (field.name for field in fields(self))
        return {
            name: getattr(self, name) for name in names if name == "task" or getattr(self, name) != getattr(usual, name)
        }

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
                    f"{option(name)} is {written(value)}, but the run was started with {written(stored)}{why};"
                    " leave the option out, or start a new run in another folder"
                )
        return self.from_dict(self.to_dict() | dict(given))


def option(name: str) -> str:
    """The command-line spelling of a setting."""
    return "TASK" if name == "task" else "--" + name.replace("_", "-")


def typed(name: str, value: Any) -> str:
    """A setting as its user typed it: ``--wait 3``, ``--no-signal``, ``--without-u``."""
    if isinstance(value, bool):
        switch = option(name)
        off = switch.replace("--with-", "--without-") if switch.startswith("--with-") else f"--no-{switch[2:]}"
        return switch if value else off
    if name == "shots" and value is None:
        value = 0
    if name == "features":
        value = ",".join(value)
    return f"{option(name)} {value:g}" if isinstance(value, float) else f"{option(name)} {written(value)}"


def written(value: Any) -> str:
    """A setting as it is shown to its user."""
    if isinstance(value, tuple) and value and isinstance(value[0], tuple):
        return write_bridges(value)
    if value is None:
        return "none"
    return " ".join(map(str, value)) or "nothing" if isinstance(value, tuple) else str(value)


def read_settings(path: Path) -> RunSettings:
    """The settings in a run's ``config.json``.

    Raises:
        InputError: If the file is not one of a run.
    """
    try:
        return RunSettings.from_dict(json.loads(path.read_text())["settings"])
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}; give the folder of a run") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is not the configuration of a run ({error}); choose another folder") from error
