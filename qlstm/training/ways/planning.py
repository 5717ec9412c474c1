"""Every way planned, at equal shots and at equal price, and priced; nothing is run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from backends.errors import InputError

from ...bridge_text import Given as Bridges
from ...bridge_text import read_bridges
from ..assembly import build_data, build_model, division, open_topology
from ..cut_limit import naming_the_option
from ..pricing import mapping_options, plan_options
from ..probing import measured_windows
from ..rules import of_ways
from ..settings import RunSettings
from ..unused import require_used
from .names import named_ways
from .table import EXECUTIONS, SECONDS

if TYPE_CHECKING:
    from qpartition import Plan, Topology, Workload
    from qpartition.counts import Sets

    from ...forecaster import Forecaster
    from ...tasks import Dataset

PARTS = 2
"""Parts of a split where the settings have one."""
GRADIENT = "parameter-shift"
REPEATS = 3
"""Forecasts per way and number of shots."""


@dataclass(frozen=True)
class Way:
    """One contestant: planned, not run.

    Attributes:
        name: As the user wrote it.
        settings: Of its model and cores.
        model: Not trained; ways of one model have the same object.
        workload: A training step of it.
        plan: At the shots of the settings.
        fair: With as many shots as make a training step cost what the cheapest way costs.
    """

    name: str
    settings: RunSettings
    model: Forecaster
    workload: Workload
    plan: Plan
    fair: Plan | None = None


@dataclass(frozen=True)
class WaysContest:
    """All contestants on one task.

    Attributes:
        settings: What was asked for.
        data: The windows of the task.
        ways: The contestants.
        basis: What `Way.fair` makes equal: `SECONDS`, or `EXECUTIONS` where a way is billed nothing.
    """

    settings: RunSettings
    data: Dataset
    ways: tuple[Way, ...]
    basis: str


def plan_ways(given: Mapping[str, Any]) -> WaysContest:
    """Plan every way and price all that will be measured; nothing is written or run.

    Args:
        given: Settings that differ from the defaults; ``wide`` holds the names of the ways.

    Raises:
        InputError: Without devices, or for settings or ways that cannot be used, such as hopeless cuts.
        BudgetError: If measuring would cost more than the budget.
    """
    from qpartition.comparison import require_within

    names = named_ways(given["wide"])
    base = RunSettings(**{**given, "wide": "whole"})
    if not base.qpu:
        raise InputError("compare needs devices to run on; name some with --qpu, such as fake:fez")
    require_used(given, base, of_ways(names))
    if base.shots is None:
        raise InputError("ways are compared at equal shots; give --shots of at least 1")
    data = build_data(base)
    models: dict[tuple[int, Bridges], Forecaster] = {}
    ways = [_planned(name, base, data, models) for name in names]
    basis = SECONDS if all(way.plan.step.qpu_seconds for way in ways) else EXECUTIONS
    cheapest = min(price(way.plan, basis) for way in ways)
    contest = WaysContest(base, data, tuple(replace(way, fair=_fair(way, basis, cheapest)) for way in ways), basis)
    require_within(base.budget, {way.name: _price(way, data) for way in contest.ways}, "way")
    return contest


def _planned(name: str, base: RunSettings, data: Dataset, models: dict[tuple[int, Bridges], Forecaster]) -> Way:
    from qpartition import Workload

    settings = _settings(name, base, data)
    model_key = (settings.parts, settings.bridges)
    if model_key not in models:
        models[model_key] = build_model(settings, data)
    model = models[model_key]
    workload = Workload.of(model, min(settings.batch, data.train), settings.window)
    try:
        made = _plan(settings, workload, model, open_topology(settings, model), settings.shots)
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
    if name == "cut" and not made.cuts:
        fitting = max(circuit.num_qubits for circuit in model.circuits())
        raise InputError(
            f"cut: nothing is cut, since circuits of {fitting} qubits fit cores of {settings.core_qubits};"
            f" give --core-qubits less than {fitting}, or leave the way out"
        )
    return Way(name, settings, model, workload, made)


def _settings(name: str, base: RunSettings, data: Dataset) -> RunSettings:
    """What the way changes: the number of parts, bridges, and how wide the cores are."""
    parts = base.parts if base.parts > 1 else PARTS
    narrow = base.core_qubits or division(replace(base, parts=parts), data).width
    kind, _, number = name.partition("=")
    changes: dict[str, dict[str, Any]] = {
        "split": {"parts": parts, "core_qubits": narrow},
        "cut": {"parts": 1, "core_qubits": narrow, "wide": "cut"},
        "whole": {"parts": 1, "core_qubits": None},
        "bridges": {
            "parts": parts,
            "bridges": read_bridges(number) if number else 0,
            "core_qubits": narrow,
            "wide": "cut",
        },
    }
    if kind in ("split", "whole"):
        changes[kind] |= {"max_overhead": None}
    return replace(base, **{"bridges": 0, **changes[kind]})


def _plan(settings: RunSettings, workload: Workload, model: Forecaster, topology: Topology, shots: int | None) -> Plan:
    from qpartition import plan

    options = plan_options(settings, model) | mapping_options(settings, settings.mapping)
    with naming_the_option(settings, model):
        return plan(workload, topology, settings.mapping, shots, gradient=GRADIENT, **options)


def _at(way: Way, shots: int) -> Plan:
    """The plan of a way with other shots, on the same devices: what they have prepared of its circuits stays of use."""
    assert way.plan.live is not None
    return _plan(way.settings, way.workload, way.model, way.plan.live.topology, shots)


def price(plan: Plan, basis: str) -> float:
    """What a training step costs, in `SECONDS` or `EXECUTIONS`."""
    return plan.step.qpu_seconds if basis == SECONDS else float(plan.step.executions)


def _fair(way: Way, basis: str, target: float) -> Plan | None:
    """The plan whose training step costs ``target``; None where not even one shot is so cheap.

    A job costs the same whatever runs in it, and all else is in proportion to the shots.
    """
    full = price(way.plan, basis)
    if full <= target:
        return way.plan
    shots = way.plan.shots or 1
    half = _at(way, max(1, shots // 2))
    slope = (full - price(half, basis)) / (shots - (half.shots or 1))
    fixed = full - slope * shots
    fewer = int((target - fixed) / slope) if slope > 0 else 0
    return _at(way, fewer) if fewer >= 1 else None


def _price(way: Way, data: Dataset) -> float:
    """QPU seconds of all that is measured: a round at the model's angles, a gradient, and forecasts; at both shots."""
    from qpartition.comparison import seconds

    once, forecast = asked_of(way, data)
    return sum(
        seconds(plan, once) + seconds(plan, forecast * REPEATS) + plan.step.qpu_seconds
        for plan in (way.plan, way.fair)
        if plan is not None
    )


def asked_of(way: Way, data: Dataset) -> tuple[list[Sets], list[Sets]]:
    """The round at the angles of the model, and the rounds of one forecast."""
    probe = way.workload.resized(len(measured_windows(data))).forward_rounds()
    once = {key: sum(wave.get(key, 0) for wave in probe) for key in way.workload.keys}
    return [once], list(way.workload.resized(len(data.x_test)).forward_rounds())
