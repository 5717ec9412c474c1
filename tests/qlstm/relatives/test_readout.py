"""`Readout`, and that a `Trainer` trains every relative."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import qlstm.relatives
from backends.errors import InputError
from qlstm import QLSTM, Ansatz
from qlstm.relatives import QKLSTM, QTLSTM, Readout
from qlstm.tasks import Dataset, Series
from qlstm.training import Recipe, Trainer
from tests.qlstm.model.executors import Recorder

ROOT = Path(__file__).parents[3]
F64 = torch.float64


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    with torch.random.fork_rng():
        torch.manual_seed(8)
        yield


def recurrent(name: str) -> nn.Module:
    return {
        "L-QLSTM": lambda: QLSTM(1, 4, batch_first=True, linear=2, ansatz=Ansatz.chen2024(1), dtype=F64),
        "QK-LSTM": lambda: QKLSTM(1, 2, batch_first=True, landmarks=4, dtype=F64),
        "QT-LSTM": lambda: QTLSTM(1, 2, batch_first=True, dtype=F64),
        "LSTM": lambda: nn.LSTM(1, 2, batch_first=True, dtype=F64),
    }[name]()


@pytest.mark.parametrize("name", ["L-QLSTM", "QK-LSTM", "QT-LSTM", "LSTM"])
def test_each_trains(name: str) -> None:
    data = Dataset.of(Series.univariate("sine", np.sin(np.linspace(0, 8, 30)), "y"), window=2)
    model = Readout(recurrent(name))
    before = [p.detach().clone() for p in model.parameters()]
    recipe = Recipe(optimizer="adam", lr=0.05, batch=6, epochs=4)
    losses = Trainer(model, data, recipe).fit().column("train_mse")
    assert losses[-1] < 0.9 * losses[0]
    assert all(not torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


def test_a_qlstm_in_it_runs_on_an_executor() -> None:
    model = Readout(recurrent("L-QLSTM"), 2)
    x = torch.randn(3, 2, 1, dtype=F64)
    expected = model(x)
    assert isinstance(model.recurrent, QLSTM)
    model.executor = executor = Recorder(model.recurrent)
    torch.testing.assert_close(model(x), expected, rtol=0, atol=1e-12)
    assert (executor.kinds, model.gradient) == (["values"] * 2, "auto")
    assert model.recurrent.executor is executor


def test_both_directions_are_read() -> None:
    lstm = nn.LSTM(2, 3, num_layers=2, batch_first=True, bidirectional=True)
    model, x = Readout(lstm, 2), torch.randn(5, 4, 2)
    h = lstm(x)[1][0]
    torch.testing.assert_close(model(x), model.head(torch.cat([h[2], h[3]], 1)))


def test_bad_modules() -> None:
    for module in (nn.Linear(1, 1), nn.LSTM(1, 2)):
        with pytest.raises(InputError, match="must have a hidden_size and batch_first=True"):
            Readout(module)
    classical = Readout(nn.LSTM(1, 2, batch_first=True))
    classical.executor = None
    with pytest.raises(InputError, match="a LSTM has no circuits to run"):
        classical.executor = object()


def test_names_are_loaded_on_first_use() -> None:
    code = "import qlstm.relatives, sys; assert 'torch' not in sys.modules and 'qiskit' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
    assert all(getattr(qlstm.relatives, name) for name in qlstm.relatives.__all__)
    with pytest.raises(AttributeError, match="no attribute 'QXLSTM'"):
        qlstm.relatives.QXLSTM  # noqa: B018
