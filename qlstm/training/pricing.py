"""What a training on devices will cost: the same rounds as will be run, priced before any is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backends.errors import BudgetError, InputError, PausedError

from .cut_limit import cut_limit, naming_the_option
from .folder import RunFolder
from .settings import RunSettings

if TYPE_CHECKING:
    from qpartition import Plan, Topology

    from ..forecaster import Forecaster
    from ..tasks import Dataset


def make_plan(settings: RunSettings, model: Forecaster, data: Dataset, topology: Topology) -> Plan:
    """The plan of a run: a training step with a full batch, an epoch, and all epochs.

    An epoch is its optimiser steps, the smaller last one included, and the evaluation of all windows.

    Raises:
        InputError: For a mapping, a gradient or a number of shots that cannot be used.
    """
    from qpartition import Schedule, Workload, plan

    options = mapping_options(settings, settings.mapping)
    workload = Workload.of(model, min(settings.batch, data.train), settings.window)
    schedule = Schedule(data.train, len(data), settings.epochs)
    options |= {**plan_options(settings, model), "gradient": gradient_of(settings)}
    with naming_the_option(settings, model):
        return plan(workload, topology, settings.mapping, settings.shots, schedule=schedule, **options)


def plan_options(settings: RunSettings, model: Forecaster) -> dict[str, Any]:
    """What every plan of a run is told, whatever the mapping, the shots and the gradient."""
    return {
        "jacobian": settings.jacobian, "samples": settings.samples, "packing": settings.packing,
        "mitigation": settings.mitigation, "wide": settings.wide,
        "max_overhead": cut_limit(settings, model) if settings.wide == "cut" else None,
    }  # fmt: skip


def mapping_options(settings: RunSettings, mapping: str) -> dict[str, Any]:
    """What a mapping is told beside the workload: the seed, or the weights of the objective.

    Raises:
        InputError: For weights that are not three numbers, or for a mapping that weighs nothing.
    """
    from qpartition import MAPPINGS, Objective

    takes = signature(MAPPINGS[mapping]).parameters if mapping in MAPPINGS else {}
    options: dict[str, Any] = {"seed": settings.seed} if "seed" in takes else {}
    if "objective" in takes:
        try:
            makespan, error, seconds = (float(weight) for weight in settings.objective.split(","))
        except ValueError:
            raise InputError(
                f"--objective {settings.objective!r} must be three numbers, the weights of makespan, error and QPU "
                "seconds, such as 1,2,1"
            ) from None
        options["objective"] = Objective(makespan, error, seconds)
    return options


def gradient_of(settings: RunSettings) -> str:
    """The gradient that a run on devices uses."""
    return "parameter-shift" if settings.gradient == "auto" else settings.gradient


def planned(given: Mapping[str, Any]) -> tuple[RunSettings, Plan]:
    """The settings and the plan of a training that is not begun; nothing is written or run.

    Raises:
        InputError: For settings that cannot be used, or without devices.
    """
    from .assembly import build_data, build_model, open_topology
    from .rules import TRAINING
    from .unused import require_used

    settings = RunSettings(**given)
    if not settings.qpu:
        raise InputError("a plan needs devices, exact simulation costs nothing; name one with --qpu, such as fake:fez")
    require_used(given, settings, TRAINING)
    data = build_data(settings)
    model = build_model(settings, data)
    return settings, make_plan(settings, model, data, open_topology(settings, model))


def draw_plan(made: Plan, folder: Path) -> None:
    """Draw the devices of a plan and what runs where: ``topology.png``, and ``chip-<device>.png`` for each.

    Raises:
        InputError: If the folder cannot be made or written to.
    """
    from qpartition import draw_chip, draw_topology

    if made.live is None:
        return
    RunFolder(folder).make()
    draw_topology(made.live.topology, folder / "topology.png", made.live.placement)
    for name in made.live.qpus:
        if made.live.topology.qpus[name].coupling_map:
            file = "chip-" + re.sub(r"[^\w.-]+", "-", name) + ".png"
            draw_chip(made.live.topology, name, folder / file, made.live.placement)


def remaining_seconds(made: Plan) -> float | None:
    """QPU seconds that the account of the plan's real devices has left; None without such devices, or without a limit.

    Raises:
        PausedError: If the service does not say now.
    """
    if made.live is None:
        return None
    for name in made.live.qpus:
        asked = getattr(made.live.topology.qpus[name], "remaining_seconds", None)
        if asked is not None and (left := asked()) is not None:
            return float(left)
    return None


def share_of_account(made: Plan) -> tuple[float | None, str]:
    """What the account has left, and in a line what a training would take of it; the line is empty without an account."""
    try:
        left = remaining_seconds(made)
    except PausedError as error:  # good to know, but nothing depends on it
        return None, f"IBM Quantum does not say now what the account has left ({error})"
    if left is None:
        return None, ""
    if left <= 0:
        return left, "IBM Quantum: the account has no QPU time left in this period"
    whole = made.run or made.epoch or made.step
    share = f"{whole.qpu_seconds / left:.0%}"
    return left, f"IBM Quantum: the account has {left:.0f} QPU seconds left; this training would take {share} of them"


def require_budget(settings: RunSettings, epoch_seconds: float, epochs: int, spent: float = 0.0) -> None:
    """Refuse a training that would cost more than its budget.

    Args:
        settings: Whose ``budget`` holds.
        epoch_seconds: QPU seconds of an epoch.
        epochs: Epochs still to be trained.
        spent: QPU seconds already spent.

    Raises:
        BudgetError: Names the price, the budget and what would fit.
    """
    from qpartition.dispatch import ROUNDING, budget_text, seconds_text

    total = spent + epochs * epoch_seconds
    if settings.budget is not None and total > settings.budget * (1 + ROUNDING):
        affordable = int((settings.budget - spent) / epoch_seconds) if epoch_seconds > 0 else 0
        raise BudgetError(
            f"this training would take {seconds_text(total, settings.budget)} QPU seconds, the budget is"
            f" {budget_text(settings.budget)};"
            f" {max(0, affordable)} of {epochs} epoch(s) would fit: raise --budget or lower --epochs or --shots"
        )
