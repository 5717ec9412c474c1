"""Ways to run gates that are wider than a core, side by side on one task: split, cut, whole, and split with bridges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from backends.errors import InputError, unknown_name

from ..metrics import r2
from .assembly import build_data, build_model, division, open_topology
from .callbacks import Callback
from .pricing import mapping_options
from .probing import angles_of, forecast_on, loss_gradient, measured_windows
from .settings import RunSettings
from .trainer import Trainer, predict
from .ways_table import Row, WaysResult

if TYPE_CHECKING:
    from qpartition import Plan, Workload
    from qpartition.executor import Angles, Weights

    from ..forecaster import Forecaster
    from ..tasks import Dataset

WAYS = ("split", "cut", "whole", "bridges=K")
"""``split``: parts without entanglement between them (Eq. 7); ``cut``: the whole circuit in pieces; ``whole``: on a wider
core; ``bridges=K``: parts joined by K trainable RZZ a layer, in pieces."""
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
    """All contestants on one task."""

    settings: RunSettings
    data: Dataset
    ways: tuple[Way, ...]


def named_ways(text: str) -> tuple[str, ...]:
    """``"split,cut,bridges=1,2"`` as names: split, cut, bridges=1, bridges=2.

    Raises:
        InputError: For a name that is no way, or one given twice.
    """
    found = list[str]()
    for word in (word.strip() for word in text.split(",")):
        name = f"bridges={word}" if _is_number(word) and found and found[-1].startswith("bridges=") else word
        kind, _, number = name.partition("=")
        if name not in WAYS[:3] and not (kind == "bridges" and _is_number(number) and int(number) > 0):
            raise unknown_name("way", word, WAYS)
        if name in found:
            raise InputError(f"--wide {text}: {name} is there twice; name each way once")
        found.append(name)
    return tuple(found)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def is_contest(text: object) -> bool:
    """Whether ``--wide`` names ways to compare, not what becomes of wide circuits in a run."""
    return isinstance(text, str) and ("," in text or text == "split" or text.startswith("bridges"))


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
    for name in ("gradient", "samples"):
        if name in given:
            raise InputError(
                f"--{name} means nothing to a comparison of ways: all are judged by {GRADIENT}; leave it out"
            )
    if base.shots is None:
        raise InputError("ways are compared at equal shots; give --shots of at least 1")
    data = build_data(base)
    models: dict[tuple[int, int], Forecaster] = {}
    ways = [_planned(name, base, data, models) for name in names]
    cheapest = min(_seconds(way.plan) for way in ways)
    contest = WaysContest(base, data, tuple(replace(way, fair=_fair(way, cheapest)) for way in ways))
    require_within(base.budget, {way.name: _price(way, data) for way in contest.ways}, "way")
    return contest


def run_ways(contest: WaysContest, callbacks: Sequence[Callback] = ()) -> WaysResult:
    """Train every model exactly, then measure each way at equal shots and at equal QPU seconds.

    Raises:
        InputError: If a training fails, as for a learning rate that is too large.
    """
    trained: dict[int, float] = {}
    rows = list[Row]()
    for way in contest.ways:
        if id(way.model) not in trained:
            Trainer(way.model, contest.data, way.settings, callbacks).fit()
            trained[id(way.model)] = r2(contest.data.y_test, predict(way.model, contest.data.x_test))
        angles = angles_of(way.model, contest.data)
        for basis, plan in (("shots", way.plan), ("QPU seconds", way.fair)):
            if plan is not None:
                rows.append(_measured(way, plan, basis, contest.data, angles, trained[id(way.model)]))
    lost = [f"{w.name}: not even one shot costs as little as the cheapest way" for w in contest.ways if w.fair is None]
    return WaysResult(tuple(rows), (*lost, *(f"{w.name}: {cut}" for w in contest.ways for cut in w.plan.cuts)))


def _planned(name: str, base: RunSettings, data: Dataset, models: dict[tuple[int, int], Forecaster]) -> Way:
    from qpartition import Workload

    settings = _settings(name, base, data)
    model_key = (settings.parts, settings.bridges)
    if model_key not in models:
        models[model_key] = build_model(settings, data)
    model = models[model_key]
    workload = Workload.of(model, min(settings.batch, data.train), settings.window)
    try:
        made = _plan(settings, workload, model, settings.shots)
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
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
        "bridges": {"parts": parts, "bridges": int(number or 0), "core_qubits": narrow, "wide": "cut"},
    }
    if kind != "bridges":
        changes[kind] |= {"max_overhead": None}
    return replace(base, **{"bridges": 0, **changes[kind]})


def _plan(settings: RunSettings, workload: Workload, model: Forecaster, shots: int | None) -> Plan:
    from qpartition import plan

    return plan(
        workload, open_topology(settings, model), settings.mapping, shots, gradient=GRADIENT,
        jacobian=settings.jacobian, packing=settings.packing, mitigation=settings.mitigation, wide=settings.wide,  # type: ignore[arg-type]
        **mapping_options(settings, settings.mapping),
    )  # fmt: skip


def _seconds(plan: Plan) -> float:
    """QPU seconds of a training step; where devices bill nothing its executions, which are what they would bill by."""
    return plan.step.qpu_seconds or float(plan.step.executions)


def _fair(way: Way, target: float) -> Plan | None:
    """The plan whose training step costs ``target``; None where not even one shot is so cheap.

    A job costs the same whatever runs in it, and all else is in proportion to the shots.
    """
    if _seconds(way.plan) <= target:
        return way.plan
    shots = way.plan.shots or 1
    half = _plan(way.settings, way.workload, way.model, max(1, shots // 2))
    slope = (_seconds(way.plan) - _seconds(half)) / (shots - (half.shots or 1))
    fixed = _seconds(way.plan) - slope * shots
    fewer = int((target - fixed) / slope) if slope > 0 else 0
    return _plan(way.settings, way.workload, way.model, fewer) if fewer >= 1 else None


def _price(way: Way, data: Dataset) -> float:
    """QPU seconds of all that is measured: a round at the model's angles, a gradient, and forecasts; at both shots."""
    from qpartition.comparison import seconds

    total = 0.0
    for plan in filter(None, (way.plan, way.fair)):
        probe = way.workload.resized(len(measured_windows(data))).forward_rounds()
        forecast = way.workload.resized(len(data.x_test)).forward_rounds()
        once = {key: sum(wave.get(key, 0) for wave in probe) for key in way.workload.keys}
        total += seconds(plan, [once]) + seconds(plan, [*forecast] * REPEATS) + plan.step.qpu_seconds
    return total


def _measured(way: Way, plan: Plan, basis: str, data: Dataset, angles: tuple[Angles, Weights], exact_r2: float) -> Row:
    from backends import open_qpu
    from qpartition import Dispatcher, Topology
    from qpartition import plan as make_plan

    width = max(circuit.num_qubits for circuit in way.model.circuits())
    with Dispatcher(make_plan(way.workload, Topology([open_qpu("exact")], width), shots=None)) as exact:
        truth = exact.values(*angles)
    rows = min(way.settings.batch, data.train)
    slope = loss_gradient(way.model, data, rows, None)
    with Dispatcher(plan, seed=way.settings.seed) as devices:
        found = devices.values(*angles)
        measured_slope = loss_gradient(way.model, data, rows, devices)
        scores = [r2(data.y_test, forecast_on(devices, way.model, data)) for _ in range(REPEATS)]
    squares = np.concatenate([((found[key].value - truth[key].value) ** 2).ravel() for key in truth])
    return Row(
        way=way.name,
        equal=basis,
        shots=plan.shots or 0,
        core_qubits=max(circuit.qubits for circuit in plan.circuits),
        parameters=sum(p.numel() for p in way.model.parameters()),
        overhead=max((cut.overhead for cut in plan.cuts), default=1.0),
        overhead_here=_overhead(plan, angles),
        rounds=plan.step.rounds,
        jobs=plan.step.jobs,
        executions=plan.step.executions,
        qpu_seconds=plan.step.qpu_seconds,
        error=float(np.sqrt(squares.mean())),
        gradient_error=float(np.linalg.norm(measured_slope - slope) / np.linalg.norm(slope)),
        r2=float(np.mean(scores)),
        r2_stderr=float(np.std(scores, ddof=1) / np.sqrt(len(scores))),
        exact_r2=exact_r2,
    )


def _overhead(plan: Plan, angles: tuple[Angles, Weights]) -> float:
    """The largest sampling overhead at the angles of the model."""
    inputs, weights = angles
    assert plan.live is not None
    found = [1.0]
    for key, one in plan.live.workload.cuts.items():
        values = np.hstack([inputs[key], np.broadcast_to(weights[key], (len(inputs[key]), weights[key].size))])
        found.append(float(one.knitted.overhead_at(values).max()))
    return max(found)


__all__ = ["WAYS", "Way", "WaysContest", "is_contest", "named_ways", "plan_ways", "run_ways"]
