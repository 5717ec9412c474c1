"""Every way trained, then measured against exact simulation: expectations, gradient, forecasts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...metrics import r2
from ..callbacks import Callback
from ..prediction import predict
from ..probing import angles_of, forecast_on, loss_gradient
from ..trainer import Trainer
from .pace import Pace, Task
from .planning import REPEATS, Way, WaysContest, asked_of
from .table import Row, WaysResult

if TYPE_CHECKING:
    from qpartition import Plan
    from qpartition.executor import Angles, Weights

    from ...tasks import Dataset


def run_ways(
    contest: WaysContest, callbacks: Sequence[Callback] = (), say: Callable[[str], None] = lambda line: None
) -> WaysResult:
    """Train every model exactly, then measure each way at equal shots and at equal QPU seconds, or executions.

    Args:
        contest: From `plan_ways`.
        callbacks: Told about the trainings.
        say: Told in a line what is going on, and how long the rest will take.

    Raises:
        InputError: If a training fails, as for a learning rate that is too large.
    """
    data, trained = contest.data, dict[int, float]()
    for way in contest.ways:
        if id(way.model) not in trained:
            say(f"{way.name}: {way.settings.epochs} epoch(s) in exact simulation")
            Trainer(way.model, data, way.settings, callbacks).fit()
            trained[id(way.model)] = r2(data.y_test, predict(way.model, data.x_test))
    pace = Pace([task for way in contest.ways for task in _tasks(way, contest)], say)
    rows = list[Row]()
    for way in contest.ways:
        angles = angles_of(way.model, data)
        for basis, plan in _plans(way, contest):
            rows.append(_measured(way, plan, basis, data, angles, trained[id(way.model)], pace))
    lost = [f"{w.name}: not even one shot costs as little as the cheapest way" for w in contest.ways if w.fair is None]
    whole = [f"{way.name}: nothing is cut, its circuits fit the cores" for way in contest.ways if _is_spared(way)]
    cuts = [f"{way.name}: {str(cut).removeprefix('cut: ')}" for way in contest.ways for cut in way.plan.cuts]
    return WaysResult(tuple(rows), (*lost, *whole, *cuts))


def _is_spared(way: Way) -> bool:
    """Whether bridges are there and not cut."""
    return bool(way.settings.bridges) and not way.plan.cuts


def _plans(way: Way, contest: WaysContest) -> list[tuple[str, Plan]]:
    """What a way has in common with the others, and its plan then."""
    both = (("shots", way.plan), (contest.basis, way.fair))
    return [(basis, plan) for basis, plan in both if plan is not None]


def _tasks(way: Way, contest: WaysContest) -> Iterator[Task]:
    """What `_measured` measures, in its order."""
    from qpartition.comparison import counted

    once, forecast = asked_of(way, contest.data)
    for basis, plan in _plans(way, contest):
        yield Task(way.name, basis, "expectations", counted(plan, once).parameter_sets)
        yield Task(way.name, basis, "a gradient", plan.step.parameter_sets)
        for number in range(REPEATS):
            sets = counted(plan, forecast).parameter_sets
            yield Task(way.name, basis, f"forecast {number + 1} of {REPEATS}", sets)


def _measured(
    way: Way,
    plan: Plan,
    basis: str,
    data: Dataset,
    angles: tuple[Angles, Weights],
    exact_r2: float,
    pace: Pace,
) -> Row:
    from backends import open_qpu
    from qpartition import Dispatcher, Topology
    from qpartition import plan as make_plan

    width = max(circuit.num_qubits for circuit in way.model.circuits())
    with Dispatcher(make_plan(way.workload, Topology([open_qpu("exact")], width), shots=None)) as exact:
        truth = exact.values(*angles)
    rows = min(way.settings.batch, data.train)
    slope = loss_gradient(way.model, data, rows, None)
    with Dispatcher(plan, seed=way.settings.seed) as devices:
        with pace.measuring():
            found = devices.values(*angles)
        with pace.measuring():
            measured_slope = loss_gradient(way.model, data, rows, devices)
        scores = list[float]()
        for _ in range(REPEATS):
            with pace.measuring():
                scores.append(r2(data.y_test, forecast_on(devices, way.model, data)))
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
