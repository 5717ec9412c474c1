"""Every way trained, then measured against exact simulation: expectations, gradient, forecasts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...metrics import r2
from ..callbacks import Callback
from ..prediction import predict
from ..probing import angles_of, forecast_on, loss_gradient
from ..trainer import Trainer
from .planning import REPEATS, Way, WaysContest
from .table import Row, WaysResult

if TYPE_CHECKING:
    from qpartition import Plan
    from qpartition.executor import Angles, Weights

    from ...tasks import Dataset


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
    cuts = [f"{w.name}: {str(cut).removeprefix('cut: ')}" for w in contest.ways for cut in w.plan.cuts]
    return WaysResult(tuple(rows), (*lost, *cuts))


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
