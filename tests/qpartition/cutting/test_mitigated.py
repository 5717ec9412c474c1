"""Zero-noise extrapolation of circuits that run in pieces: planned, paid, and equal to what is computed without a plan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit

from backends import open_qpu
from backends.ideal import ExactQPU
from backends.qpu import Bundle, Expectations, FloatArray, Request, Variant
from qpartition import Dispatcher, Topology, Workload, plan
from qpartition.cutting import Knitted, cut
from qpartition.cutting.placed import CutCircuit
from qpartition.mitigation import Mitigation
from tests.qpartition.cutting import circuits
from tests.qpartition.cutting.training import BATCH, STEPS, Model, step

THREE = Mitigation.of(["zne"], (1, 3, 5))


class Decaying(ExactQPU):
    """Exact, but for a loss that a polynomial of the noise factor describes: 1 - fold/10 + fold^2/100."""

    square = 0.01

    def _execute(self, requests: list[Request], shots: int | None, seed: int | None) -> list[Expectations]:
        found = super()._execute(requests, shots, seed)
        lost = [1 - r.variant.fold / 10 + self.square * r.variant.fold**2 for r in requests]
        return [Expectations(scale * one.values, one.stderr) for scale, one in zip(lost, found, strict=True)]

    def seconds(self, requests: Sequence[Request | Bundle], shots: int | None) -> float:
        return 2.0 + 1e-3 * sum(given.sets * (shots or 1) for given in requests)


class Straight(Decaying):
    square = 0.0


STRINGS = ["IIIZ", "ZIII", "IXYZ"]


def marked_and_wide() -> list[tuple[QuantumCircuit, Knitted]]:
    """Gates that are cut, and a wire, with measurements on the way in both."""
    gates = circuits.entangled(4, ["rzz", "cx", "rxx"], seed=3, pairs=[(1, 2), (2, 3), (0, 2)])
    wire = QuantumCircuit(4)
    base = circuits.chain(4)
    for q in range(4):
        wire.append(base.data[q].operation, [q])
    for a, b in ((0, 1), (1, 0), (1, 2), (2, 3), (1, 3), (2, 3)):
        wire.cx(a, b)
    found = [(gates, cut(gates, STRINGS, cuts="AABB")), (wire, cut(wire, STRINGS, max_qubits=3))]
    assert found[1][1].cuts[0].is_wire
    return found


@pytest.mark.parametrize(("device", "mitigation"), [(Straight, ["zne"]), (Decaying, THREE)])
def test_a_loss_that_is_a_polynomial_is_undone_in_every_piece(device: Any, mitigation: Any) -> None:
    for circuit, k in marked_and_wide():
        values, topology = circuits.angles_of(circuit, 2), Topology([device()], max(k.widths))
        plain = plan(k.workload(2), topology, shots=None)
        made = plan(k.workload(2), topology, shots=None, mitigation=mitigation)
        truth = circuits.truth(circuit, values, STRINGS)
        with Dispatcher(plain) as devices:
            assert np.abs(k.expectations(values, executor=devices).values - truth).max() > 0.01
        with Dispatcher(made) as devices:
            np.testing.assert_allclose(k.expectations(values, executor=devices).values, truth, atol=1e-9)
            assert devices.report().counts == made.forward
            found = k.jacobian(values, executor=devices)
            np.testing.assert_allclose(found.values, k.jacobian(values).values, atol=1e-9)
        assert made.forward.executions == len(made.folds) * plain.forward.executions


@pytest.mark.parametrize("jacobian", ["deferred", "fused"])
@pytest.mark.parametrize("packing", [True, False])
def test_a_training_step_costs_what_was_planned_and_is_that_of_the_whole(jacobian: Any, packing: bool) -> None:
    model = Model()
    w = Workload.of(model, BATCH, STEPS)
    made = plan(
        w,
        Topology([Straight()], 2),
        shots=None,
        jacobian=jacobian,
        packing=packing,
        mitigation=["zne"],
        wide="cut",
        copies=2,
    )
    uncut = plan(w, Topology([open_qpu("exact")], 4), shots=None, jacobian=jacobian)
    assert made.cuts and not uncut.cuts
    with Dispatcher(made) as devices:
        found = step(devices, model, jacobian == "fused")
        report = devices.report()
    assert report.counts == made.step
    assert report.parameter_sets == made.step.parameter_sets
    with Dispatcher(uncut) as devices:
        for one, other in zip(found, step(devices, model, jacobian == "fused"), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-9)


def test_by_hand_on_a_noisy_device() -> None:
    """Folded pieces run one by one through Aer, extrapolated and knitted here; the plan's way is through the twin, packed."""
    circuit = circuits.entangled(3, ["cx", "rzz"], seed=5, pairs=[(0, 1), (1, 2)])
    values, strings = circuits.angles_of(circuit, 2), ["IIZ", "ZII", "IZI"]
    k = cut(circuit, strings, max_qubits=2)
    topology = Topology([open_qpu("fake:torino")], 2)
    made = plan(k.workload(2), topology, shots=None, mitigation=["zne"])
    with Dispatcher(made) as devices:
        found = k.expectations(values, executor=devices)
        assert devices.report().counts == made.forward
    by_hand = knitted_by_hand(k, values, made.mapping, "fake:torino?engine=aer")
    np.testing.assert_allclose(found.values, by_hand, atol=1e-7)
    with Dispatcher(plan(k.workload(2), topology, shots=None)) as devices:
        plain = k.expectations(values, executor=devices).values
    truth = circuits.truth(circuit, values, strings)
    errors = [np.sqrt(np.mean((one - truth) ** 2)) for one in (plain, found.values)]
    assert np.abs(plain - found.values).max() > 1e-3 and errors[1] < errors[0]


def knitted_by_hand(k: Knitted, values: FloatArray, cores: Any, spec: str) -> FloatArray:
    """1.5 <..> of the pieces as they are - 0.5 <..> of those with every two-qubit gate three times, put together."""
    one, angles, device = CutCircuit(k), k.angles.at(values), open_qpu(spec)
    shares, results = one.shares(angles), {}
    by_name = {core.name: core for core in device.cores(2)}
    for u, unit in enumerate(one.units):
        core = by_name[cores[one.name("circuit", u)]]
        sets = one.values(u, one.own(u, angles), shares[u])
        folded = [
            device.run([Request(unit.circuit, sets, unit.outputs, core, Variant(fold=fold))]).result()[0].values
            for fold in (1, 3)
        ]
        results[u] = Expectations(1.5 * folded[0] - 0.5 * folded[1], np.zeros_like(folded[0]))
    return k.estimates(angles, one.measured(len(values), results, shares)).values


def test_standard_errors_of_an_extrapolation_hold() -> None:
    """They are larger than those of plain pieces by sqrt(1.5^2 + 0.5^2), and hold over repetitions."""
    circuit = circuits.entangled(3, ["rzz", "cx"], seed=2, pairs=[(1, 2), (0, 1)])
    values, strings = np.tile(circuits.angles_of(circuit, 1), (200, 1)), ["IIZ", "ZII"]
    k = cut(circuit, strings, cuts="AAB")
    errors = []
    for mitigation in ([], ["zne"]):
        made = plan(k.workload(200), Topology([open_qpu("exact")], 2), shots=500, mitigation=mitigation)
        with Dispatcher(made, seed=4) as devices:
            found = k.expectations(values, executor=devices)
        z = (found.values - circuits.truth(circuit, values[:1], strings)) / found.stderr
        assert np.abs(z.mean(axis=0)).max() < 4 / np.sqrt(200)
        assert 0.91 < (np.abs(z) < 1.96).mean() < 0.985
        errors.append(found.stderr.mean(axis=0))
    np.testing.assert_allclose(errors[1] / errors[0], np.hypot(1.5, 0.5), rtol=0.05)
