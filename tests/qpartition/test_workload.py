"""Rounds and parameter sets of a training step, counted by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit

from backends.errors import InputError
from qpartition.gradients import Asked, training_rounds
from qpartition.workload import Workload
from tests.qpartition import toy


def step_rounds(workload: Workload, jacobian: Any) -> list[Any]:
    return training_rounds(workload, "parameter-shift", Asked(jacobian))


B, T = 3, 4
WEIGHTS = 4 + 0
"""Active weights of the default circuit (3 qubits, 2 outputs, 2 inputs, depth 1): RZ and RY on both outputs."""


def sets_of_one_row(h: bool, x: bool, weights: int = WEIGHTS) -> int:
    """Both encoding angles (RY, RZ) of h and of x are active."""
    return 2 * (weights + 2 * h + 2 * x)


def test_deferred_rounds_are_the_forward_rounds_and_one_more() -> None:
    w = Workload.of(toy.Model(toy.cell(parts=2)), B, T)
    rounds = step_rounds(w, "deferred")
    assert len(rounds) == T + 1
    assert rounds[:T] == w.forward_rounds() == [dict.fromkeys(w.keys, B)] * T
    once, later = sets_of_one_row(h=False, x=False), sets_of_one_row(h=True, x=False)
    assert rounds[T] == dict.fromkeys(w.keys, B * (once + (T - 1) * later))


def test_fused_rounds_hold_values_and_shifts() -> None:
    w = Workload.of(toy.Model(toy.cell(parts=1)), B, T)
    rounds = step_rounds(w, "fused")
    first, later = sets_of_one_row(h=False, x=False), sets_of_one_row(h=True, x=False)
    assert rounds == [dict.fromkeys(w.keys, B * (1 + s)) for s in (first, later, later, later)]


def test_gradients_of_the_data_cost_two_sets_per_angle() -> None:
    w = Workload.of(toy.Model(toy.cell(parts=1)), B, T, input_gradient=True)
    assert 2 * w.derivatives("l0.i.p0", first=True) == sets_of_one_row(h=False, x=True)
    assert 2 * w.derivatives("l0.i.p0", first=False) == sets_of_one_row(h=True, x=True)


def test_a_trainable_encoding_needs_every_angle_always() -> None:
    w = Workload.of(toy.Model(toy.cell(parts=1, trainable=True)), B, T)
    for first in (True, False):
        assert 2 * w.derivatives("l0.i.p0", first) == sets_of_one_row(h=True, x=True)


def test_without_sources_every_angle_is_paid_for() -> None:
    w = Workload.of(toy.Model([toy.circuit()]), B, T)
    assert 2 * w.derivatives("l0.i.p0", first=True) == sets_of_one_row(h=True, x=True)


def test_stacked_layers_run_as_a_wavefront() -> None:
    model = toy.Model(toy.cell(1) + toy.cell(1, layer=1) + toy.cell(1, layer=2))
    w = Workload.of(model, B, T)
    assert len(w.waves) == T + 3 - 1
    layers = [sorted({int(key[1]) for key in wave}) for wave in w.waves]
    assert layers == [[0], [0, 1], [0, 1, 2], [0, 1, 2], [1, 2], [2]]
    assert 2 * w.derivatives("l1.i.p0", first=True) == sets_of_one_row(h=False, x=True)
    fused = step_rounds(w, "fused")
    assert fused[1]["l1.i.p0"] == B * (1 + sets_of_one_row(h=False, x=True))
    assert fused[2]["l1.i.p0"] == B * (1 + sets_of_one_row(h=True, x=True))


def test_two_directions_run_side_by_side_and_layers_one_after_the_other() -> None:
    stack = [toy.cell(1, layer, direction) for layer in (0, 1) for direction in ("", "r")]
    w = Workload.of(toy.Model([c for listed in stack for c in listed]), B, T)
    assert len(w.waves) == 2 * T
    assert all(len(wave) == 8 for wave in w.waves)


def test_a_model_may_bring_its_own_waves() -> None:
    model = toy.Model([toy.circuit("a"), toy.circuit("b")])
    model.waves = lambda steps: [["a"], ["b"]] * steps  # type: ignore[attr-defined]
    w = Workload.of(model, B, T)
    assert w.forward_rounds() == [{"a": B}, {"b": B}] * T
    assert len(step_rounds(w, "deferred")) == 2 * T + 1


def test_nothing_to_differentiate_needs_no_jacobian_round() -> None:
    circuit = QuantumCircuit(1, name="k")
    circuit.metadata = {"outputs": 1, "inputs": 0, "weights": 0}
    w = Workload.of(toy.Model([circuit]), B, T)
    assert len(step_rounds(w, "deferred")) == len(step_rounds(w, "fused")) == T


def _with(**metadata: Any) -> toy.Model:
    circuit = toy.circuit("k")
    circuit.metadata = {**circuit.metadata, **metadata}
    return toy.Model([circuit])


def _without_metadata() -> toy.Model:
    return toy.Model([QuantumCircuit(1, name="k")])


def _with_waves(*waves: list[str]) -> toy.Model:
    model = toy.Model([toy.circuit("k")])
    model.waves = lambda steps: waves  # type: ignore[attr-defined]
    return model


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (object(), r"object has no circuits\(\)"),
        (toy.Model, r"Model is a class; give an object of it, such as Model\("),
        (toy.Model([]), "the model has no circuits"),
        (toy.Model([toy.circuit("k"), toy.circuit("k")]), "2 circuits are named 'k'"),
        (_without_metadata(), "circuit 'k' does not say what it is"),
        (_with(weights=5), "circuit 'k' has 13 parameters, .* 4 inputs \\+ 5 weights"),
        (_with(outputs=4), "circuit 'k': outputs=4, but the circuit has 3 qubits; ask for an integer 1..3"),
        (_with(sources=("h",)), "needs one source per encoding angle"),
        (_with_waves(["k"], ["m"]), r"wave 1 of the model names \['m'\]"),
        (_with_waves(["k", "k"]), "wave 0 of the model names a key twice"),
    ],
)
def test_models_that_cannot_be_counted_are_refused(model: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Workload.of(model, B, T)


@pytest.mark.parametrize(("batch", "steps"), [(0, 1), (-1, 1), (1, 0), (2.0, 1), (True, 1), (1, None)])
def test_sizes_must_be_positive_integers(batch: Any, steps: Any) -> None:
    with pytest.raises(InputError, match="must be an integer of at least 1"):
        Workload.of(toy.Model([toy.circuit()]), batch, steps)


@pytest.mark.parametrize(
    ("batch", "steps", "message"),
    [
        (10**8, 1, "batch=100000000 exceeds the 10000000 that are planned; use smaller batches"),
        (1, 10**7, "steps=10000000 exceeds the 10000 that are planned; cut the sequences"),
    ],
)
def test_sizes_that_are_too_large(batch: int, steps: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Workload.of(toy.Model([toy.circuit()]), batch, steps)


def test_numpy_integers_are_sizes() -> None:
    w = Workload.of(toy.Model([toy.circuit()]), np.int64(2), np.int64(3))
    assert (w.batch, w.steps) == (2, 3)
    assert type(w.batch) is type(w.steps) is int


def test_input_gradient_is_a_flag() -> None:
    with pytest.raises(InputError, match="input_gradient='yes' must be True or False"):
        Workload.of(toy.Model([toy.circuit()]), 1, 1, input_gradient="yes")  # type: ignore[arg-type]
