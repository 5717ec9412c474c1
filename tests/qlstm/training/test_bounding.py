"""The penalty on the overhead of bridges: its value, its slope, and what it refuses."""

import math

import numpy as np
import pytest
import torch

from backends.errors import InputError
from qlstm import Ansatz, Forecaster
from qlstm.training import Recipe, Trainer
from qlstm.training.bounding import SHARE, STRENGTH, OverheadBound, bridged, largest_overhead


@pytest.fixture
def model():
    torch.manual_seed(2)
    built = Forecaster(1, 2, parts=2, bridges=1, ansatz=Ansatz.chen2020(1), dtype=torch.float64)
    with torch.no_grad():
        built.qlstm.bridge_l0.copy_(torch.tensor([[[0.1]], [[-0.4]], [[0.0]], [[1.2]]], dtype=torch.float64))
    return built


def test_the_penalty_is_that_of_the_formula(model):
    penalty = OverheadBound(model, 2.0)()
    logs = [2 * math.log(1 + 2 * math.sin(angle)) for angle in (0.1, 0.4, 0.0, 1.2)]
    excess = [max(0.0, log - SHARE * math.log(2.0)) for log in logs]
    assert excess[0] == excess[2] == 0 < excess[1]
    assert penalty.item() == pytest.approx(STRENGTH * sum(e * e for e in excess), rel=1e-12)
    penalty.backward()
    slope = model.qlstm.bridge_l0.grad.flatten()
    assert slope[0] == slope[2] == 0
    assert slope[1] < 0 < slope[3]  # both towards zero
    assert largest_overhead(model) == pytest.approx((1 + 2 * math.sin(1.2)) ** 2, rel=1e-14)


def test_the_overhead_falls_under_its_bound(model, data):
    history = Trainer(model, data, Recipe(epochs=40, optimizer="adam", lr=0.05, max_overhead=2.0)).fit()
    overheads = history.column("bridge_overhead")
    assert overheads[0] > 2 >= overheads[-1]
    assert np.all(np.array(overheads[-5:]) <= 2)


def test_without_bridges_there_is_nothing_to_bound(data, toys):
    plain = Forecaster(1, 2, parts=2)
    assert not bridged(plain)
    assert largest_overhead(plain) is None
    for model in (plain, toys.Net()):
        with pytest.raises(InputError, match=r"max_overhead=2.0 bounds the overhead of bridges, the model has none"):
            Trainer(model, data, Recipe(max_overhead=2.0))
