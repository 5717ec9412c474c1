"""Mitigation on a device whose noise is known: it must be undone, paid for, planned, and calibrated once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from backends.checks import opened
from backends.errors import InputError
from backends.qpu import Bundle, Expectations, FloatArray, Request
from qpartition import Dispatcher, Plan, Topology, Workload, plan
from qpartition.mitigation import Mitigation, Readout
from tests.qpartition import toy

LISTED = toy.cell(parts=2)
WORKLOAD = Workload.of(toy.Model(LISTED), batch=2, steps=2)
OFFSET, SLOPE = 0.05, 0.8


@dataclass
class _Answer:
    job_id: str
    results: list[Expectations]

    def result(self) -> list[Expectations]:
        return self.results


@dataclass
class NoisyQPU(toy.CountingQPU):
    """<Z> loses a tenth per noise factor, then is read as OFFSET + SLOPE <Z>; standard errors are 0.01."""

    decay: float = 0.1
    lost: bool = False
    seen: list[Any] = field(default_factory=list)

    def run(self, requests: Sequence[Request | Bundle], shots: int | None = None, *, seed: int | None = None) -> Any:
        super().run(requests, shots, seed=seed)
        self.seen.append([(r.variant, r.sets) for r in opened(requests)])
        return _Answer("1", [self._answer(r) for r in opened(requests)])

    def _answer(self, r: Request) -> Expectations:
        if r.variant.prepare is not None:
            ideal: FloatArray = np.full((r.sets, r.outputs), 1.0 - 2.0 * r.variant.prepare)
        else:
            ideal = (1 - self.decay * r.variant.fold) * toy.z(r.circuit, r.values, r.outputs)
        read = OFFSET + (0.0 if self.lost else SLOPE) * ideal
        return Expectations(read, np.full_like(read, 0.01))


def noisy(mitigation: Any, lost: bool = False, **options: Any) -> tuple[Plan, tuple[NoisyQPU, NoisyQPU]]:
    devices = NoisyQPU("a", lost=lost), NoisyQPU("b", lost=lost)
    return plan(WORKLOAD, Topology(devices), shots=100, mitigation=mitigation, **options), devices


def values(p: Plan) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mitigated <Z>, its standard errors, and the truth, all sub-VQCs in one."""
    inputs, weights = toy.angles(LISTED, rows=3)
    with Dispatcher(p) as d:
        found = d.values(inputs, weights)
    sets = {c.name: np.hstack([inputs[c.name], np.tile(weights[c.name], (3, 1))]) for c in LISTED}
    truth = [toy.z(c, sets[c.name], c.metadata["outputs"]) for c in LISTED]
    estimates = [found[c.name] for c in LISTED]
    return np.array([e.value for e in estimates]), np.array([e.stderr for e in estimates]), np.array(truth)


def test_extrapolation_and_readout_undo_the_noise_they_are_made_for() -> None:
    both, stderr, truth = values(noisy(["readout", "zne"])[0])
    np.testing.assert_allclose(both, truth, atol=1e-12)
    readout = values(noisy(["readout"])[0])[0]
    np.testing.assert_allclose(readout, 0.9 * truth, atol=1e-12)
    plain, noise, _ = values(noisy([])[0])
    np.testing.assert_allclose(plain, OFFSET + SLOPE * 0.9 * truth, atol=1e-12)
    assert (noise == 0.01).all()
    assert (stderr > 0.01 * np.hypot(1.5, 0.5) / SLOPE).all()
    assert (stderr < 0.03).all()


def test_three_noise_factors_extrapolate_a_parabola() -> None:
    mitigation = Mitigation.of(["zne"], (1, 3, 5))
    assert mitigation.coefficients == pytest.approx((15 / 8, -10 / 8, 3 / 8))
    results = {v: Expectations(np.array([[2 + 3 * v.fold - v.fold**2]]), np.zeros((1, 1))) for v in mitigation.variants}
    assert mitigation.combined(results, None).values == pytest.approx(2.0)


@pytest.mark.parametrize("packing", [True, False])
@pytest.mark.parametrize("methods", [[], ["readout"], ["zne"], ["readout", "zne"]])
def test_the_plan_says_what_mitigation_costs(methods: list[str], packing: bool) -> None:
    p, _ = noisy(methods, packing=packing)
    plain = noisy([], packing=packing)[0]
    inputs, weights = toy.angles(LISTED, rows=WORKLOAD.batch)
    with Dispatcher(p) as d:
        for _ in range(2):
            d.values(inputs, weights)
        counts = d.report().counts
    assert p.forward.executions == plain.forward.executions * (2 if "zne" in methods else 1)
    by_hand = p.calibration + p.forward
    assert (counts.rounds, counts.jobs) == (by_hand.rounds, by_hand.jobs)
    assert (counts.parameter_sets, counts.executions) == (by_hand.parameter_sets, by_hand.executions)
    assert counts.qpu_seconds == pytest.approx(by_hand.qpu_seconds)
    assert (p.calibration.jobs > 0) == ("readout" in methods)
    assert ("mitigation" in str(p)) == bool(methods)


def test_the_calibration_is_kept_when_a_run_is_resumed() -> None:
    p, devices = noisy(["readout"])
    inputs, weights = toy.angles(LISTED, rows=1)
    with Dispatcher(p) as first:
        before = first.values(inputs, weights)
        state = json.loads(json.dumps(first.state_dict()))
    jobs = len(devices[0].jobs)
    with Dispatcher(p) as second:
        second.load_state_dict(state)
        after = second.values(inputs, weights)
    assert len(devices[0].jobs) == jobs + 1
    assert all((before[key].value == after[key].value).all() for key in before)
    state["readout"] = {"l0.i.p0": [["x"], [1], [1]]}
    with Dispatcher(p) as third, pytest.raises(InputError, match="calibration cannot be read"):
        third.load_state_dict(state)


def test_the_standard_errors_of_a_calibration_behave() -> None:
    """95% of many repetitions lie within 1.96 standard errors."""
    rng, shots, true = np.random.default_rng(0), 2000, 0.3
    inside = 0
    for _ in range(2000):
        samples = {z: rng.binomial(shots, (1 + OFFSET + SLOPE * z) / 2) * 2 / shots - 1 for z in (1.0, -1.0, true)}
        one = {z: Expectations(np.array([[v]]), np.array([[np.sqrt((1 - v**2) / shots)]])) for z, v in samples.items()}
        found = Readout.of(one[1.0], one[-1.0]).corrected(one[true])
        inside += abs(found.values[0, 0] - true) < 1.96 * found.stderr[0, 0]
    assert 0.93 < inside / 2000 < 0.985


@pytest.mark.parametrize(
    ("methods", "folds", "message"),
    [
        (["zero-noise"], (1, 3), "unknown mitigation 'zero-noise'"),
        (["zne"], (1,), "at least two noise factors"),
        (["zne"], (1, 2), "must be growing odd numbers"),
        (["zne"], (3, 5), "must be growing odd numbers"),
        (["zne"], (1, 101), r"folds=\(1, 101\) must be growing odd numbers of at most 99"),
        (["zne"], 5, "folds=5 must be"),
        (["zne"], None, "folds=None must be"),
        ([[]], (1, 3), r"unknown mitigation '\[\]'"),
        (None, (1, 3), "mitigation=None must be a list of names"),
    ],
)
def test_refusals(methods: Any, folds: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Mitigation.of(methods, folds)


@pytest.mark.parametrize("fields", [{"folds": 5}, {"folds": None}, {"folds": (1, 3.0)}, {"readout": 3}])
def test_fields_that_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=f"{next(iter(fields))}=.* must be"):
        Mitigation(**fields)


def test_a_qubit_that_reads_the_same_whatever_its_state_cannot_be_corrected() -> None:
    with pytest.raises(InputError, match="cannot be told apart"):
        values(noisy(["readout"], lost=True)[0])
    assert replace(Mitigation.of(["readout"])).methods == ("readout",)
