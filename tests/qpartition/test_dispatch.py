"""The dispatcher against finite differences, its plan, and devices that keep book."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from backends import open_qpu
from backends.errors import BudgetError, InputError
from qpartition import Dispatcher, Jacobian, Plan, Topology, Workload, plan
from tests.qpartition import toy

B, T = 2, 3
LISTED = toy.cell(parts=2)


def make(devices: Any = None, shots: int | None = None, listed: Any = LISTED, jacobian: Any = "deferred") -> Plan:
    workload = Workload.of(toy.Model(listed), B, T)
    return plan(workload, Topology(devices or toy.two_devices()), shots=shots, jacobian=jacobian)


def exact_devices() -> list[Any]:
    return [open_qpu("exact"), open_qpu("exact")]


WIDTHS = [
    toy.circuit("one", qubits=1, outputs=1, inputs=1, depth=2),
    toy.circuit("two", qubits=2, outputs=1, inputs=1, depth=1),
    toy.circuit("four", qubits=4, outputs=3, inputs=3, depth=2),
]


@pytest.mark.parametrize("devices", [toy.two_devices, exact_devices])
def test_values_and_jacobian_equal_finite_differences(devices: Any) -> None:
    inputs, weights = toy.angles(WIDTHS, rows=2)
    with Dispatcher(make(devices(), listed=WIDTHS)) as d:
        estimates, jacobians = d.values_and_jacobian(inputs, weights)
        alone, separate = d.values(inputs, weights), d.jacobian(inputs, weights)
    for c in WIDTHS:
        outputs, key = c.metadata["outputs"], c.name
        base = np.hstack([inputs[key], np.tile(weights[key], (2, 1))])
        for estimate in (estimates[key], alone[key]):
            np.testing.assert_allclose(estimate.value, toy.z(c, base, outputs), atol=1e-12)
            assert not estimate.stderr.any()
        slopes = np.stack([toy.derivative(c, base, outputs, p) for p in range(c.num_parameters)], axis=-1)
        for jacobian in (jacobians[key], separate[key]):
            np.testing.assert_allclose(np.concatenate([jacobian.inputs, jacobian.weights], -1), slopes, atol=1e-9)
            assert not jacobian.weights_stderr.any()
            assert jacobian.inputs_stderr.shape == jacobian.inputs.shape


def test_masked_angles_are_zero_and_not_paid_for() -> None:
    devices = toy.two_devices()
    inputs, weights = toy.angles(LISTED, rows=3)
    mask = {key: np.zeros(x.shape, dtype=bool) for key, x in inputs.items()}
    for m in mask.values():
        m[1, 0] = True
    with Dispatcher(make(devices)) as d:
        part = d.jacobian(inputs, weights, mask)
        paid = d.report().parameter_sets
        full = d.jacobian(inputs, weights)
    assert paid == len(LISTED) * 2 * (3 * 4 + 1)
    for key, m in mask.items():
        np.testing.assert_array_equal(part[key].inputs, np.where(m[:, None, :], full[key].inputs, 0))
        np.testing.assert_array_equal(part[key].weights, full[key].weights)


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


LISTED_STACK = toy.cell(parts=2) + toy.cell(parts=1, layer=1)


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


def test_rounds_with_no_rows_cost_nothing() -> None:
    devices = toy.two_devices()
    inputs, weights = toy.angles(LISTED, rows=0)
    with Dispatcher(make(devices)) as d:
        values, jacobian = d.values_and_jacobian(inputs, weights)
        assert d.values({}, {}) == {} == d.jacobian({}, {})
        assert d.report().rounds == 0
        assert not devices[0].events
    assert values["l0.i.p0"].value.shape == (0, 2)
    assert jacobian["l0.i.p0"].weights.shape == (0, 2, 9)


def test_a_key_without_rows_does_not_disturb_the_others() -> None:
    inputs, weights = toy.angles(LISTED, rows=2)
    inputs["l0.f.p0"] = inputs["l0.f.p0"][:0]
    with Dispatcher(make()) as d:
        values = d.values(inputs, weights)
    base = np.hstack([inputs["l0.o.p1"], np.tile(weights["l0.o.p1"], (2, 1))])
    np.testing.assert_allclose(values["l0.o.p1"].value, toy.z(LISTED[-1], base, 2), atol=1e-12)
    assert values["l0.f.p0"].value.shape == (0, 2)


def gather(jacobians: Sequence[Mapping[str, Jacobian]], name: str) -> np.ndarray:
    return np.stack([getattr(j["l0.i.p0"], name)[0] for j in jacobians])


def test_standard_errors_are_the_spread_over_seeds() -> None:
    circuit = toy.circuit()
    inputs, weights = toy.angles([circuit], rows=1, seed=3)
    p = make(exact_devices(), shots=64, listed=[circuit])
    rounds = [Dispatcher(p, seed=seed).values_and_jacobian(inputs, weights) for seed in range(400)]
    jacobians = [jacobian for _, jacobian in rounds]
    exact = Dispatcher(make(exact_devices(), listed=[circuit])).jacobian(inputs, weights)["l0.i.p0"]
    for name in ("inputs", "weights"):
        drawn, predicted = gather(jacobians, name), gather(jacobians, f"{name}_stderr")
        spread, claimed = drawn.std(0, ddof=1), np.sqrt((predicted**2).mean(0))
        np.testing.assert_allclose(spread, claimed, rtol=0.16)  # the spread of 400 draws is known to 3.5%
        pull = (drawn.mean(0) - getattr(exact, name)[0]) / np.where(claimed, claimed / 20, 1)
        assert np.abs(pull).max() < 4.5
    values = np.stack([estimate["l0.i.p0"].value for estimate, _ in rounds])
    claimed = np.mean([estimate["l0.i.p0"].stderr for estimate, _ in rounds], axis=0)
    np.testing.assert_allclose(values.std(0, ddof=1), claimed, rtol=0.16)


def test_a_resumed_run_repeats_the_numbers_of_an_uninterrupted_one() -> None:
    inputs, weights = toy.angles(LISTED, rows=2)
    p = make(exact_devices(), shots=50)

    def rounds(d: Dispatcher, number: int) -> list[np.ndarray]:
        return [np.stack([e.value for e in d.values(inputs, weights).values()]) for _ in range(number)]

    whole = Dispatcher(p, seed=7)
    expected = rounds(whole, 4)
    before = Dispatcher(p, seed=7)
    seen = rounds(before, 2)
    after = Dispatcher(p, seed=7)
    after.load_state_dict(json.loads(json.dumps(before.state_dict())))
    np.testing.assert_array_equal(seen + rounds(after, 2), expected)
    assert after.report() == whole.report()
    assert not np.array_equal(expected[0], expected[1])
    assert not np.array_equal(rounds(Dispatcher(p, seed=8), 1)[0], expected[0])


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


def test_the_budget_stops_before_anything_is_submitted() -> None:
    devices = toy.two_devices()
    p = make(devices, shots=100)
    workload = p.live.workload  # type: ignore[union-attr]
    inputs, weights = toy.angles(LISTED, rows=B)
    with Dispatcher(p, budget_seconds=p.forward.qpu_seconds) as d:
        for _ in workload.waves:
            d.values(inputs, weights)
        events = list(devices[0].events)
        with pytest.raises(BudgetError) as error:
            d.values(inputs, weights)
        assert devices[0].events == events
        assert d.report().counts == p.forward
    spent = p.forward.qpu_seconds
    message = f"{spent:.1f} QPU seconds spent, the next round would take {spent / T:.1f}, the budget is {spent:.1f}"
    assert message in str(error.value)
    assert "raise the budget" in str(error.value)
    assert "\n" not in str(error.value)


def test_spent_seconds_count_against_the_budget_after_a_restart() -> None:
    p = make(shots=100)
    inputs, weights = toy.angles(LISTED, rows=B)
    first = Dispatcher(p)
    first.values(inputs, weights)
    second = Dispatcher(p, budget_seconds=1.5 * first.report().qpu_seconds)
    second.load_state_dict(first.state_dict())
    with pytest.raises(BudgetError):
        second.values(inputs, weights)


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


def test_closing() -> None:
    inputs, weights = toy.angles(LISTED, rows=1)
    with Dispatcher(make()) as d:
        d.close()
    d.close()
    assert d.report().rounds == 0
    for use in (d.values, d.jacobian, d.values_and_jacobian):
        with pytest.raises(InputError, match="this dispatcher is closed"):
            use(inputs, weights)


def test_a_loaded_plan_has_no_devices(tmp_path: Any) -> None:
    make().save(tmp_path / "plan.json")
    with pytest.raises(InputError, match=r"no devices; make it again with plan\("):
        Dispatcher(Plan.load(tmp_path / "plan.json"))


KEY = "l0.f.p1"


@pytest.mark.parametrize(
    ("where", "key", "array", "message"),
    [
        (0, "l0.f.p9", np.zeros((2, 4)), "inputs name 'l0.f.p9', which is none of the 8 .* nearest is 'l0.f.p"),
        (1, "l0.f.p9", np.zeros(9), "weights name 'l0.f.p9'"),
        (2, "l0.f.p9", np.ones((2, 4), bool), "mask name 'l0.f.p9'"),
        (0, KEY, None, "weights and inputs differ in 'l0.f.p1'"),
        (1, KEY, None, "weights and inputs differ in 'l0.f.p1'"),
        (2, KEY, None, "mask and inputs differ in 'l0.f.p1'"),
        (0, KEY, np.zeros((2, 3)), r"inputs of 'l0.f.p1' have shape \(2, 3\); it must be \(rows, 4\)"),
        (0, KEY, np.zeros(4), r"inputs of 'l0.f.p1' have shape \(4,\)"),
        (1, KEY, np.zeros(8), r"weights of 'l0.f.p1' have shape \(8,\); it must be \(9,\)"),
        (
            2,
            KEY,
            np.ones((1, 4), bool),
            r"mask of 'l0.f.p1' has shape \(1, 4\) .* must be \(2, 4\) or, with weights, \(2, 13\), and bool",
        ),
        (2, KEY, np.ones((2, 4)), r"mask of 'l0.f.p1' has .* type float64"),
        (0, KEY, np.array([[0, 0, 0, 0], [0, np.nan, 0, 0]]), r"inputs of 'l0.f.p1' hold nan at \(1, 1\)"),
        (1, KEY, np.full(9, np.inf), r"weights of 'l0.f.p1' hold inf at \(0,\)"),
        (0, KEY, [["a"]], "inputs of 'l0.f.p1' are not numbers"),
    ],
)
def test_input_that_does_not_fit_is_refused(where: int, key: str, array: Any, message: str) -> None:
    devices = toy.two_devices()
    inputs, weights = toy.angles(LISTED, rows=2)
    given: tuple[dict[str, Any], ...] = (inputs, weights, {k: np.ones((2, 4), bool) for k in inputs})
    given[where][key] = array
    if array is None:
        del given[where][key]
    with Dispatcher(make(devices)) as d, pytest.raises(InputError, match=message) as error:
        d.jacobian(*given)
    assert not devices[0].events
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"budget_seconds": -1}, "budget_seconds=-1 must be"),
        ({"budget_seconds": "600"}, "budget_seconds='600' must be"),
        ({"budget_seconds": float("nan")}, "budget_seconds=nan must be"),
        ({"seed": -1}, "seed=-1 must be"),
        ({"seed": 1.0}, "seed=1.0 must be"),
    ],
)
def test_settings_are_checked(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Dispatcher(make(), **arguments)


@pytest.mark.parametrize("given", [None, "plan.json"])
def test_only_plans_are_dispatched(given: Any) -> None:
    with pytest.raises(InputError, match=r"is not a Plan; make one with plan\("):
        Dispatcher(given)


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda d: d.values(None, None), "inputs=None must be a dict of sub-VQC key -> array"),
        (lambda d: d.values({}, 5), "weights=5 must be a dict"),
        (lambda d: d.jacobian({}, {}, 5), "mask=5 must be a dict"),
        (lambda d: d.rewound({}), "saved state: sequence=None is not a number of rounds"),
        (lambda d: d.rewound(None), "saved state: sequence=None"),
        (lambda d: d.load_state_dict(None), "saved counts cannot be read: they need rounds"),
    ],
)
def test_calls_with_something_else_are_refused(use: Any, message: str) -> None:
    with Dispatcher(make()) as d, pytest.raises(InputError, match=message):
        use(d)


def test_a_numpy_seed_is_stored_as_a_plain_one() -> None:
    seed = Dispatcher(make(), seed=np.int64(3)).seed
    assert seed == 3 and type(seed) is int


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({}, "saved counts cannot be read"),
        ({"rounds": 1, "makespan": 0, "per_qpu": {"a": {"jobs": "x"}}}, "non-negative numbers"),
        (
            {"rounds": 1, "makespan": 0, "per_qpu": {"c": {"jobs": 1}}, "sequence": 1},
            "spent time on 'c', which this plan does not use",
        ),
        ({"rounds": 1, "makespan": 0, "per_qpu": {}, "sequence": -1}, "sequence=-1 is not a number of rounds"),
        ({"rounds": 1, "makespan": float("inf"), "per_qpu": {}, "sequence": 1}, "non-negative numbers"),
    ],
)
def test_a_state_that_does_not_fit_is_refused(state: dict[str, Any], message: str) -> None:
    with Dispatcher(make()) as d, pytest.raises(InputError, match=message):
        d.load_state_dict(state)


@pytest.mark.parametrize("packing", [True, False])
def test_a_round_too_large_for_a_job_is_divided_and_planned_so(packing: bool) -> None:
    from backends.qpu import Limits

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
