"""The order of evaluation: nothing before what it needs, and as few rounds as can be."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from qlstm import QLSTM, Ansatz, Forecaster
from qlstm.waves import waves
from qpartition import Workload
from qpartition.gradients import Asked, training_rounds


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 5), st.integers(1, 2), st.integers(1, 7))
def test_every_step_comes_once_and_after_what_it_needs(layers: int, directions: int, steps: int) -> None:
    found = waves(layers, directions, steps)
    when = {place: number for number, wave in enumerate(found) for place in wave}
    assert len(when) == sum(map(len, found)) == layers * directions * steps
    for (layer, direction, t), number in when.items():
        before = t + 1 if direction else t - 1
        if 0 <= before < steps:
            assert when[layer, direction, before] < number
        for side in range(directions):
            assert layer == 0 or when[layer - 1, side, t] < number
    assert len(found) == (steps + layers - 1 if directions == 1 else steps * layers)


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 3), st.booleans(), st.integers(1, 4), st.booleans(), st.sampled_from(["linear", "vqc"]))
def test_the_model_lists_the_keys_of_every_round(layers: int, both: bool, steps: int, hidden: bool, head: str) -> None:
    model = Forecaster(
        1, 2, head=head, num_layers=layers, bidirectional=both, hidden_vqc=hidden, ansatz=Ansatz.chen2024(1)
    )
    rounds = model.waves(steps)
    keys = {circuit.name for circuit in model.circuits()}
    assert {key for keys in rounds for key in keys} == keys
    forward = steps * layers if both else steps + layers - 1
    assert len(rounds) == forward * (1 + hidden) + (head == "vqc")
    assert all(len(set(keys)) == len(keys) for keys in rounds)
    times = [key for keys in rounds for key in keys]
    assert all(times.count(key) == (1 if key.startswith("head") else steps) for key in keys)


def test_the_workload_takes_the_waves_of_the_model() -> None:
    model = QLSTM(1, 2, 2, hidden_vqc=True, ansatz=Ansatz.chen2024(1))
    workload = Workload.of(model, batch=3, steps=2)
    assert [list(wave) for wave in workload.waves] == model.waves(2)
    deferred, fused = (len(training_rounds(workload, "parameter-shift", Asked(mode))) for mode in ("deferred", "fused"))
    assert deferred == fused + 1 == 7
