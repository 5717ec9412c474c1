"""Values and derivatives against finite differences, their masks and standard errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from qpartition import Dispatcher, Jacobian
from tests.qpartition import toy
from tests.qpartition.dispatch.plans import LISTED, exact_devices, make

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
