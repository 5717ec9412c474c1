"""Jobs of a round: all devices at once, seeds of their own, divided where they are too large, what goes wrong on the way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backends.errors import InputError
from backends.qpu import Limits
from qpartition import Dispatcher, Topology, Workload, plan
from tests.qpartition import toy
from tests.qpartition.dispatch.plans import LISTED, B, T, make


def test_every_device_has_its_job_before_any_result_is_awaited() -> None:
    devices = toy.two_devices()
    inputs, weights = toy.angles(LISTED, rows=2)
    with Dispatcher(make(devices)) as d:
        d.values(inputs, weights)
        d.jacobian(inputs, weights)
        d.values_and_jacobian(inputs, weights)
    one_round = [("run", "a"), ("run", "b"), ("result", "a"), ("result", "b")]
    assert devices[0].events == one_round * 3
    assert [len(job) for job in devices[0].jobs] == [4, 4, 4]


def test_devices_and_rounds_have_seeds_of_their_own() -> None:
    devices = toy.two_devices()
    inputs, weights = toy.angles(LISTED, rows=1)
    with Dispatcher(make(devices), seed=0) as d:
        d.values(inputs, weights)
        d.values(inputs, weights)
    seeds = devices[0].seeds + devices[1].seeds
    assert len(set(seeds)) == 4
    assert all(isinstance(s, int) and 0 <= s < 2**31 for s in seeds)
    with Dispatcher(make(devices)) as d:
        d.values(inputs, weights)
    assert devices[0].seeds[-1] is None


def test_an_accepted_job_counts_even_if_the_next_device_cannot_be_reached() -> None:
    a, b = toy.two_devices()
    b.fails = True
    inputs, weights = toy.angles(LISTED, rows=1)
    with Dispatcher(make((a, b))) as d:
        with pytest.raises(ConnectionError):
            d.values(inputs, weights)
        assert (d.report().rounds, d.report().jobs, d.report().per_qpu["b"].jobs) == (0, 1, 0)


def test_a_device_that_returns_the_wrong_shapes_is_named() -> None:
    class Short(toy.CountingQPU):
        def run(self, *arguments: Any, **options: Any) -> Any:
            job = super().run(*arguments, **options)
            job.requests = job.requests[:-1]
            return job

    inputs, weights = toy.angles(LISTED, rows=1)
    with Dispatcher(make([Short("short")])) as d, pytest.raises(RuntimeError, match="short returned job 1"):
        d.values(inputs, weights)


@pytest.mark.parametrize("packing", [True, False])
def test_a_round_too_large_for_a_job_is_divided_and_planned_so(packing: bool) -> None:
    small, large = (toy.two_devices(limits=Limits(max_executions=most)) for most in (500, None))
    workload = Workload.of(toy.Model(LISTED), B, T)
    divided, whole = (plan(workload, Topology(devices), shots=100, packing=packing) for devices in (small, large))
    assert divided.step.jobs > whole.step.jobs
    assert divided.step.executions == whole.step.executions
    inputs, weights = toy.angles(LISTED, rows=B)
    with Dispatcher(divided) as d, Dispatcher(whole) as e:
        for _ in range(T):
            values = d.values(inputs, weights), e.values(inputs, weights)
        assert d.report().counts == divided.forward
    for key in inputs:
        np.testing.assert_array_equal(values[0][key].value, values[1][key].value)


def test_closing() -> None:
    inputs, weights = toy.angles(LISTED, rows=1)
    with Dispatcher(make()) as d:
        d.close()
    d.close()
    assert d.report().rounds == 0
    for use in (d.values, d.jacobian, d.values_and_jacobian):
        with pytest.raises(InputError, match="this dispatcher is closed"):
            use(inputs, weights)
