"""Plan = dispatcher = what the devices saw."""

from __future__ import annotations

import numpy as np
import pytest

from qpartition import Dispatcher, Topology, Workload, plan
from tests.qpartition import toy
from tests.qpartition.dispatch.plans import B, T

LISTED_STACK = toy.cell(parts=2) + toy.cell(parts=1, layer=1)


def step(d: Dispatcher, workload: Workload, fused: bool) -> None:
    """A training step as a model does it; the masks are written out here, independently of the workload's."""
    rng = np.random.default_rng(0)
    weights = {c.name: rng.normal(size=c.metadata["weights"]) for c in LISTED_STACK}
    rows: dict[str, list[np.ndarray]] = {c.name: [] for c in LISTED_STACK}
    masks: dict[str, list[np.ndarray]] = {c.name: [] for c in LISTED_STACK}
    for wave in workload.waves:
        here = {key: rng.normal(size=(B, 4)) for key in wave}
        now = {}
        for key in wave:
            h, x = bool(rows[key]), key.startswith("l1")
            now[key] = np.tile([h, x, h, x], (B, 1))
            rows[key].append(here[key])
            masks[key].append(now[key])
        used = {key: weights[key] for key in wave}
        if fused:
            d.values_and_jacobian(here, used, now)
        else:
            d.values(here, used)
    if not fused:
        stack = {key: np.concatenate(r) for key, r in rows.items()}
        d.jacobian(stack, weights, {key: np.concatenate(m) for key, m in masks.items()})


@pytest.mark.parametrize("jacobian", ["deferred", "fused"])
@pytest.mark.parametrize("shots", [None, 100])
def test_the_plan_is_exactly_what_is_counted(jacobian: str, shots: int | None) -> None:
    """Plan = dispatcher = what the devices saw, over two layers, with a device that sits out some rounds."""
    devices = toy.two_devices()
    workload = Workload.of(toy.Model(LISTED_STACK), B, T)
    mapping = {c.name: "b/0" if c.name == "l1.i.p0" else "a/0" for c in LISTED_STACK}
    p = plan(workload, Topology(devices), mapping, shots, jacobian=jacobian)  # type: ignore[arg-type]
    with Dispatcher(p) as d:
        step(d, workload, jacobian == "fused")
        report = d.report()
    assert report.counts == p.step
    assert report.rounds == T + 1 + (jacobian == "deferred")
    for device in devices:
        seen = report.per_qpu[device.name]
        assert (seen.jobs, seen.parameter_sets) == (len(device.jobs), device.sets)
        assert seen.executions == device.sets * (shots or 1)
        assert seen.qpu_seconds == pytest.approx(sum(device.seconds(job, shots) for job in device.jobs))
        assert set(device.shots) == {shots}
    assert report.per_qpu["b"].jobs < report.per_qpu["a"].jobs
    assert report.as_dict()["executions"] == p.step.executions
    assert "retries: 0" in str(report)
    assert f"{report.executions:,}" in str(report)
