"""From settings to the objects of a run: data, model, devices."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import torch

from backends.errors import InputError
from qpartition import correlated
from qpartition.partition import Partition, partition

from ..tasks import Dataset, load
from .cut_limit import require_cuts
from .settings import RunSettings
from .snapshots import Snapshots

if TYPE_CHECKING:
    from qpartition import Topology

    from ..forecaster import Forecaster

CORRELATED = "correlated"
"""The partition that is made from the data; see `qpartition.correlated`."""

EXACT_QUBITS = 20
"""Widest sub-VQC that a run without devices may have; its states hold 2^20 amplitudes per window."""


def build_data(settings: RunSettings) -> Dataset:
    """The windows of the task.

    Raises:
        InputError: For a task, column or size that cannot be used.
    """
    options: dict[str, Any] = {"with_u": True} if settings.with_u else {}
    series = load(settings.task, target=settings.target, features=list(settings.features) or None, **options)
    scaling: Any = settings.scaling
    return Dataset.of(series, settings.window, settings.horizon, settings.split, scaling)


def describe(data: Dataset) -> dict[str, Any]:
    """What a trained model has to remember of its data: names, scaling, and a fingerprint of every window."""
    digest = hashlib.sha256()
    for array in (data.x, data.y):
        digest.update(repr(array.shape).encode() + array.tobytes())
    return {
        "name": data.series.name,
        "source": data.series.source,
        "train": data.train,
        "windows": len(data),
        "window": data.window,
        "horizon": data.horizon,
        "scaler": data.scaler.to_dict(),
        "sha256": digest.hexdigest(),
    }


def division(settings: RunSettings, data: Dataset) -> Partition:
    """How the vector that the circuits see is divided; `CORRELATED` looks at the windows that train, and no others.

    Raises:
        InputError: For sizes or a partition that cannot be used.
    """
    sizes = data.x.shape[2], settings.hidden, settings.parts
    if settings.linear is not None:
        if settings.partition == CORRELATED:
            raise InputError(
                f"--partition {CORRELATED} divides the features, with --linear {settings.linear} the circuits see mixtures of"
                " them; choose another partition, or leave --linear out"
            )
        from ..linear import divided

        return divided(settings.linear, settings.partition, *sizes, None)
    if settings.partition == CORRELATED:
        return partition(correlated(data.x[: data.train], settings.hidden, settings.parts), *sizes[:2])
    return partition(settings.partition, *sizes)


def build_model(settings: RunSettings, data: Dataset) -> Forecaster:
    """A new model in float64; its first weights depend on the seed alone.

    Raises:
        InputError: For a name or size that cannot be used.
    """
    from .. import Ansatz, Forecaster

    require_cuts(settings)
    _require_width(settings, data)
    changed = {name: getattr(settings, name) for name in ("depth", "entangler", "rotation")}
    changes = {name: value for name, value in changed.items() if value is not None}
    torch.manual_seed(settings.seed)
    return Forecaster(
        data.x.shape[2],
        settings.hidden,
        data.y.shape[1],
        head=settings.head,
        parts=settings.parts,
        partition=division(settings, data).inputs if settings.partition == CORRELATED else settings.partition,
        ansatz=Ansatz.named(settings.ansatz, **changes),
        gradient=settings.gradient,
        jacobian=settings.jacobian,
        train_shots=settings.train_shots,
        dtype=torch.float64,
        **_optional(settings),
    )


def _optional(settings: RunSettings) -> dict[str, Any]:
    """Options that a model has in its configuration only where they are used, as in folders of earlier versions."""
    options: dict[str, Any] = {"samples": settings.samples} if settings.gradient == "sampled-shift" else {}
    return options | {name: getattr(settings, name) for name in ("bridges", "linear") if getattr(settings, name)}


def _require_width(settings: RunSettings, data: Dataset) -> None:
    """Refuse circuits whose exact simulation would not fit into memory."""
    if settings.qpu:
        return
    from ..bridges import joined_width

    split = division(settings, data)
    width = joined_width(settings.bridges, split.qubits)
    if width > EXACT_QUBITS:
        remedy = "use fewer --bridges" if split.width <= EXACT_QUBITS else "use more --parts"
        smaller = "--hidden" if settings.linear is None else "--linear"
        raise InputError(
            f"the widest sub-VQC has {width} qubits, exact simulation takes at most {EXACT_QUBITS};"
            f" {remedy} or a smaller {smaller}"
        )


def open_topology(settings: RunSettings, model: Forecaster, snapshots: Snapshots | None = None) -> Topology:
    """The devices of a run, divided into cores: as wide as the model's widest circuit, or as the settings say.

    Args:
        settings: Which devices.
        model: What runs on them.
        snapshots: Calibration that real devices go by; filled with that of now where it has none.

    Raises:
        InputError: For a device that does not exist or is too small.
    """
    from qpartition import Topology

    known = Snapshots() if snapshots is None else snapshots
    devices = [known.open(spec) for spec in settings.qpu]
    width = settings.core_qubits or max(circuit.num_qubits for circuit in model.circuits())
    if settings.wide == "cut" and settings.core_qubits is None:
        width = min(width, max(device.num_qubits for device in devices))
    for device in devices:
        if width > device.num_qubits and (settings.wide == "whole" or settings.core_qubits is not None):
            what = "the widest sub-VQC has" if settings.core_qubits is None else "--core-qubits asks for"
            raise InputError(
                f"{what} {width} qubits, {device.name} has {device.num_qubits};"
                " use more --parts, a smaller --hidden, another --qpu, or --wide cut"
            )
    return Topology(devices, width, settings.guard)
